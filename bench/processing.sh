#!/usr/bin/env bash
# How fast documents are processed: from an upload's answer to `completed`, one at a time, and documents a second when many wait.
#   bench/processing.sh [documents, default 500]
# Needs curl and psql (Debian: postgresql-client), and pdftotext for the PDFs among them. Every fifth document is a PDF, every fifth HTML,
# every fifth CSV, the others are plain text, of 300 words each.
set -euo pipefail
cd "$(dirname "$0")/.."
count=${1:-500}
for tool in curl psql pdftotext; do command -v $tool >/dev/null || { echo "bench/processing.sh needs $tool"; exit 1; }; done
. bench/graph.sh

words() { # seed -> 300 words, frequent ones more often than rare ones
  awk -v seed="$1" 'BEGIN { srand(seed); for (i = 0; i < 300; i++) printf "%sword%d%s", (i % 12 ? " " : "\n"), int(exp(rand() * 8)), (i % 12 == 11 ? "." : "") }'
}
pdf() { # text -> a PDF of one page
  local text=${1//[()\\]/} stream
  stream=$(printf 'BT /F1 9 Tf 40 780 Td 11 TL\n'; printf '%s\n' "$text" | sed 's/.*/(&) Tj T*/'; printf 'ET')
  printf '%%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n'
  printf '3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj\n'
  printf '4 0 obj<</Length %d>>stream\n%s\nendstream endobj\n5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\ntrailer<</Root 1 0 R>>\n' ${#stream} "$stream"
}
mkdir "$work/files"
for i in $(seq 1 "$count"); do
  text=$(words "$i")
  case $((i % 5)) in
    0) pdf "$text" >"$work/files/$i.pdf" ;;
    1) printf '<!doctype html><title>Page %d</title><p>%s</p>' "$i" "$text" >"$work/files/$i.html" ;;
    2) tr ' ' ',' <<<"$text" >"$work/files/$i.csv" ;;
    *) printf '%s\n' "$text" >"$work/files/$i.txt" ;;
  esac
done

contact=$(curl -s -X POST http://localhost:$api/contact -H "X-API-Key: $key" -H 'Content-Type: application/json' \
  -d '{"name":"Bench","email":"bench@example.org","message":"m"}' | sed 's/.*"contactId":"\([^"]*\)".*/\1/')
upload() { # file
  curl -sf -o /dev/null -X POST http://localhost:$api/documents/upload -H "X-API-Key: $key" -F "file=@$1" -F "contact_id=$contact" -F document_type=report
}
waiting() { sql "SELECT count(*) FROM document_tasks WHERE state IN ('queued', 'running')"; }
drain() { while [ "$(waiting)" != 0 ]; do sleep 0.1; done; }

files=("$work"/files/*)
for file in "${files[@]:0:20}"; do upload "$file"; done # warm
drain
for file in "${files[@]:20}"; do upload "$file"; drain; done
sql "SELECT format('one at a time, from the acknowledgement to completed: p50 %s ms, p95 %s ms',
  round(1000 * percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM processing_timestamp - created_at))::numeric),
  round(1000 * percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM processing_timestamp - created_at))::numeric))
  FROM (SELECT * FROM documents ORDER BY id OFFSET 20) AS measured"

start=$(date +%s.%N)
sql "INSERT INTO document_tasks (kind, document_id, requested_by) SELECT 'process', id, 'bench' FROM documents"
drain
end=$(date +%s.%N)
awk -v n="$(sql "SELECT count(*) FROM documents WHERE processing_status = 'completed'")" -v s="$start" -v e="$end" \
  'BEGIN { printf "%d waiting: processed in %.1f s, %.0f documents/s\n", n, e - s, n / (e - s) }'
sql "SELECT 'not completed: ' || count(*) FROM documents WHERE processing_status <> 'completed'"
echo "RSS after the run: api $(rss 'Platform.Api.dll$') MiB"
