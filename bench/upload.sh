#!/usr/bin/env bash
# Measures uploads through the API against cp, fsync and sha256sum of the same bytes on the same file system, in one run, and prints one table.
#   bench/upload.sh [rounds, default 3]
# Needs python3 (the client, bench/upload.py, which sends from memory over plain sockets) and curl. Starts the graph in Release on ports of
# its own, with a data folder of its own, and ends it. Each figure is the median of the rounds; rounds alternate.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-3} large=$((50 * 1024 * 1024)) small=$((64 * 1024))
for tool in python3 curl sha256sum; do command -v $tool >/dev/null || { echo "bench/upload.sh needs $tool"; exit 1; }; done

. bench/graph.sh
contact=$(curl -s http://localhost:$api/contact -H 'Content-Type: application/json' \
  -d '{"name":"bench","email":"bench@example.org","message":"bench"}' | sed 's/.*"contactId":"\([^"]*\)".*/\1/')
pid=
for one in $(pgrep -f 'Platform\.Api'); do
  if tr '\0' '\n' <"/proc/$one/environ" 2>/dev/null | grep -q "^Security__BootstrapKey=$key"; then pid=$one; fi
done
[ -n "$pid" ] || { echo "the API's process was not found"; exit 1; }

head -c $large /dev/urandom >"$work/large"
head -c $small /dev/urandom >"$work/small"
copy() { # file count parallel -> seconds
  mkdir -p "$work/copies"
  local began; began=$(date +%s.%N)
  # dd copies and forces to the disk; sha256sum reads what is in memory by then.
  seq "$2" | xargs -P "$3" -I{} sh -c "dd if=$1 of=$work/copies/{} bs=1M conv=fsync status=none && sha256sum $1 >/dev/null"
  awk -v a="$began" -v b="$(date +%s.%N)" 'BEGIN { printf "%.3f 0 0 0\n", b - a }'
  rm -rf "$work/copies"
}
upload() { python3 bench/upload.py 127.0.0.1 $api "$key" "$contact" "$@"; }
memory() { awk '/^VmRSS/ { printf "%d", $2 / 1024 }' "/proc/$pid/status"; }

declare -A rows
measure() { rows["$1"]+="$("${@:2}")"$'\n'; }
# Warm: the just-in-time compiler, the pools and the buffers.
upload $small 500 32 >/dev/null; upload $large 8 4 >/dev/null; sleep 3
before=$(memory) peak=$before growth=0
for _ in $(seq 1 "$rounds"); do
  measure "copy 50 MB, 1 at a time" copy "$work/large" 16 1
  measure "upload 50 MB, 1 at a time" upload $large 16 1
  measure "copy 50 MB, 32 at a time" copy "$work/large" 32 32
  (while sleep 0.1; do memory; echo; done) >"$work/rss" & watch=$!
  start=$(memory)
  measure "upload 50 MB, 32 at a time" upload $large 32 32
  kill $watch; wait $watch 2>/dev/null || true
  peak=$(sort -n "$work/rss" | tail -1)
  if [ $((peak - start)) -gt $growth ]; then growth=$((peak - start)); fi
  measure "copy 64 KB, 1 at a time" copy "$work/small" 200 1
  measure "upload 64 KB, 1 at a time" upload $small 200 1
  measure "copy 64 KB, 32 at a time" copy "$work/small" 1000 32
  measure "upload 64 KB, 32 at a time" upload $small 1000 32
done

median() { printf '%s' "${rows[$1]}" | awk -v c="$2" '{ print $c }' | sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }
printf '\nmedian of %d rounds, %s cores, %s\n\n' "$rounds" "$(nproc)" "$(date -u +%F)"
printf '| %-28s | %9s | %9s | %9s | %7s |\n' '' seconds 'p50 ms' 'p99 ms' errors
printf '|%s|%s|%s|%s|%s|\n' ------------------------------ ----------: ----------: ----------: --------:
for size in "50 MB" "64 KB"; do for parallel in 1 32; do for what in copy upload; do
  row="$what $size, $parallel at a time"
  printf '| %-28s | %9s | %9s | %9s | %7s |\n' "$row" "$(median "$row" 1)" "$(median "$row" 3)" "$(median "$row" 4)" "$(median "$row" 2)"
done; done; done
echo
for size in "50 MB" "64 KB"; do for parallel in 1 32; do
  awk -v a="$(median "copy $size, $parallel at a time" 1)" -v b="$(median "upload $size, $parallel at a time" 1)" -v what="$size, $parallel at a time" \
    'BEGIN { printf "%s: %.2f x cp + fsync + sha256sum%s\n", what, a / b, what ~ /^50/ ? " (bar 0.7)" : "" }'
done; done
echo "API RSS: $before MiB before, grew by $growth MiB during 32 uploads of 50 MB at once (bar 32)"
