#!/usr/bin/env bash
# Measures Platform against pgbench on the same PostgreSQL, in one run on one machine, and prints one table.
#   bench/run.sh [seconds a measurement, default 8] [rounds, default 3]
# Needs wrk and pgbench (Debian: wrk, postgresql-contrib). Starts the whole graph in Release on ports of its own, with a data folder of
# its own, and ends it. Each figure is the median of the rounds; rounds alternate, so that a noisy minute hits everything alike.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-8} rounds=${2:-3} clients=32
for tool in wrk pgbench curl; do command -v $tool >/dev/null || { echo "bench/run.sh needs $tool"; exit 1; }; done

export BENCH=$PWD/bench
. bench/graph.sh

pgbench_run() { # script -> "tps p50 p99 errors"; latencies of every transaction, in ms
  rm -f "$work"/pgb.*
  (cd "$work" && PGPASSWORD=$Parameters__postgres_password pgbench -n -h 127.0.0.1 -p $postgres -U postgres -f "$BENCH/$1" -M prepared \
    -c $clients -j 2 -T "$seconds" -l --log-prefix pgb platformdb >pgbench.out 2>pgbench.err) || { cat "$work/pgbench.err"; exit 1; }
  local tps failed
  tps=$(awk '/^tps/ { printf "%.0f", $3 }' "$work/pgbench.out")
  failed=$(awk '/failed transactions/ { print $5 }' "$work/pgbench.out")
  awk '{ print $3 }' "$work"/pgb.* | sort -n | awk -v tps="$tps" -v failed="${failed:-0}" '
    { a[NR] = $1 } END { printf "%s %.2f %.2f %s\n", tps, a[int(NR * 0.5) + 1] / 1000, a[int(NR * 0.99) + 1] / 1000, failed }'
}
wrk_run() { # script url -> "rps p50 p99 errors"
  wrk -t2 -c$clients -d"${seconds}s" -H "X-API-Key: $Parameters__api_key" -H 'Content-Type: application/json' -s "bench/$1" "$2" |
    awk '/^RESULT/ { print $2, $3, $4, $5 }'
}
declare -A rows
order=("pgbench: insert + counter" "POST /contact, api" "POST /contact, edge" "pgbench: SELECT" "GET /stats, api" "GET /stats, edge" "GET /health, api" "GET /health, edge")
measure() { rows["$1"]+="$("${@:2}")"$'\n'; }

# Warm: the just-in-time compiler and the connection pools.
for path in stats health; do wrk -t2 -c$clients -d15s http://localhost:$edge/$path -H "X-API-Key: $Parameters__api_key" >/dev/null; done
seconds=10 wrk_run contact.lua http://localhost:$edge/contact >/dev/null

for _ in $(seq 1 "$rounds"); do
  measure "pgbench: insert + counter" pgbench_run contact.sql
  measure "POST /contact, api" wrk_run contact.lua http://localhost:$api/contact
  measure "POST /contact, edge" wrk_run contact.lua http://localhost:$edge/contact
  measure "pgbench: SELECT" pgbench_run stats.sql
  measure "GET /stats, api" wrk_run report.lua http://localhost:$api/stats
  measure "GET /stats, edge" wrk_run report.lua http://localhost:$edge/stats
  measure "GET /health, api" wrk_run report.lua http://localhost:$api/health
  measure "GET /health, edge" wrk_run report.lua http://localhost:$edge/health
done

median() { # row column
  printf '%s' "${rows[$1]}" | awk -v c="$2" '{ print $c }' | sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'
}
printf '\n%d clients, %d s a measurement, median of %d rounds, %s cores, %s\n\n' $clients "$seconds" "$rounds" "$(nproc)" "$(date -u +%F)"
printf '| %-28s | %9s | %9s | %9s | %7s |\n' '' 'per second' 'p50 ms' 'p99 ms' 'errors'
printf '|%s|%s|%s|%s|%s|\n' ------------------------------ -----------: ----------: ----------: --------:
for row in "${order[@]}"; do
  printf '| %-28s | %10s | %9s | %9s | %7s |\n' "$row" "$(median "$row" 1)" "$(median "$row" 2)" "$(median "$row" 3)" "$(median "$row" 4)"
done
ratio() { awk -v a="$(median "$1" 1)" -v b="$(median "$2" 1)" 'BEGIN { printf "%.2f", a / b }'; }
cat <<END

POST /contact: $(ratio "POST /contact, api" "pgbench: insert + counter") x pgbench directly, $(ratio "POST /contact, edge" "pgbench: insert + counter") x through the edge (bar 1.0)
GET /stats: $(ratio "GET /stats, api" "pgbench: SELECT") x pgbench's SELECT directly, $(ratio "GET /stats, edge" "pgbench: SELECT") x through the edge (bar 0.5)
Through the edge against directly: POST /contact $(ratio "POST /contact, edge" "POST /contact, api"), GET /stats $(ratio "GET /stats, edge" "GET /stats, api"), GET /health $(ratio "GET /health, edge" "GET /health, api")
RSS after the run: api $(rss Platform.Api) MiB, edge $(rss Platform.Edge) MiB
END
