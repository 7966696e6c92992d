#!/usr/bin/env bash
# Measures the search of the embedded topology: fills the index with generated documents, then 16 clients search through the API.
#   bench/search.sh [documents, default 100000] [seconds, default 20] [clients, default 16]
# Needs wrk (Debian: wrk). Starts the whole graph in Release on ports of its own, with a data folder of its own, and ends it.
set -euo pipefail
cd "$(dirname "$0")/.."
documents=${1:-100000} seconds=${2:-20} clients=${3:-16}
for tool in wrk curl; do command -v $tool >/dev/null || { echo "bench/search.sh needs $tool"; exit 1; }; done

. bench/graph.sh
export BENCH=$PWD/bench SEARCH_QUERIES=$work/queries

dotnet run -c Release bench/search.cs -- \
  "Host=127.0.0.1;Port=$postgres;Username=postgres;Password=$Parameters__postgres_password;Database=platformdb" "$documents" "$SEARCH_QUERIES"

cpu() { # seconds of CPU that the API and PostgreSQL have used
  ps -eo times,args | awk -v data="$work" '/Platform.Api.dll|Platform.Api$/ || $2 ~ /^postgres/ || index($0, data) { s += $1 } END { print s + 0 }'
}
measure() { wrk -t2 -c"$clients" -d"$1s" -H "X-API-Key: $key" -s bench/search.lua http://localhost:$api | awk '/^RESULT/ { print $2, $3, $4, $5, $6 }'; }
# The runtime compiles what is used again, optimised, when nothing new is used for a moment.
for _ in 1 2 3; do measure 15 >/dev/null; sleep 2; done
before=$(cpu)
read -r rate p50 p95 p99 errors < <(measure "$seconds")
after=$(cpu)
printf '\n%d documents, %d clients, %d s, %s cores, %s\n\n' "$documents" "$clients" "$seconds" "$(nproc)" "$(date -u +%F)"
printf '| queries/s | p50 ms | p95 ms | p99 ms | errors | CPU ms a query, API and PostgreSQL |\n|----------:|-------:|-------:|-------:|-------:|----:|\n'
awk -v r="$rate" -v a="$p50" -v b="$p95" -v c="$p99" -v e="$errors" -v cpu=$((after - before)) -v s="$seconds" \
  'BEGIN { printf "| %9d | %6s | %6s | %6s | %6s | %.2f |\n", r, a, b, c, e, cpu * 1000 / (r * s) }'
