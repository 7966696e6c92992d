#!/usr/bin/env bash
# Measures what telemetry costs: the API with it, as in the graph (metrics scraped every 15 s and pushed, logs and sampled traces sent over OTLP to the
# dashboard), against the same API with OTEL_SDK_DISABLED=true, on the same PostgreSQL; and how long a scrape takes and how large it is.
#   bench/telemetry.sh [seconds a measurement, default 6] [rounds, default 5]
# Needs wrk and curl (Debian: wrk). Starts the whole graph in Release on ports of its own, with a data folder of its own, and beside it two more
# processes of the API, one with telemetry and one without; ends all of it. Each figure is the median of the rounds, in which the two alternate.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-6} rounds=${2:-5} clients=32
for tool in wrk curl; do command -v $tool >/dev/null || { echo "bench/telemetry.sh needs $tool"; exit 1; }; done

# The mark is in the environment of everything that the AppHost starts, directly or not.
export BENCH=$PWD/bench PLATFORM_BENCH=$$
. bench/graph.sh
declare -A port=([on]=$((base + 11)) [off]=$((base + 13))) pid=()
stop() {
  [ ${#pid[@]} = 0 ] || kill -TERM "${pid[@]}" 2>/dev/null || true
  finish
}
trap stop EXIT

of() { # project -> the process of the graph
  for one in $(pgrep -f "$1"); do
    if grep -qzs "^PLATFORM_BENCH=$$\$" "/proc/$one/environ" && grep -qz '^Management__Port=' "/proc/$one/environ"; then echo "$one"; return; fi
  done
}
management() { tr '\0' '\n' <"/proc/$1/environ" | sed -n 's/^Management__Port=//p'; }
graph=$(of 'Platform\.Api') proxy=$(of 'Platform\.Edge')
[ -n "$graph" ] && [ -n "$proxy" ] || { echo "the processes of the graph were not found"; exit 1; }

start() { # on|off [variable=value ...]: the graph's own API once more, on ports of its own
  mapfile -d '' -t environment <"/proc/$graph/environ"
  mapfile -d '' -t command <"/proc/$graph/cmdline"
  env -i "${environment[@]}" ASPNETCORE_URLS="http://127.0.0.1:${port[$1]};http://127.0.0.1:$((port[$1] + 1))" \
    Management__Port=$((port[$1] + 1)) Processing__Concurrency=0 "${@:2}" "${command[@]}" >"$work/$1.log" 2>&1 & pid[$1]=$!
  for _ in $(seq 1 120); do
    curl -s -o /dev/null -f "http://127.0.0.1:$((port[$1] + 1))/health/ready" && return
    kill -0 "${pid[$1]}" 2>/dev/null || { echo "the API ended:"; tail -n 20 "$work/$1.log"; exit 1; }
    sleep 0.5
  done
  echo "the API is not ready:"; tail -n 20 "$work/$1.log"; exit 1
}
start on
start off OTEL_SDK_DISABLED=true
# What is compared must be what it says.
curl -s -f -o /dev/null "http://127.0.0.1:$((port[on] + 1))/metrics" || { echo "there is no telemetry where there should be"; exit 1; }
curl -s -f -o /dev/null "http://127.0.0.1:$((port[off] + 1))/metrics" && { echo "there is telemetry where there should be none"; exit 1; }
(while sleep 15; do curl -s -o /dev/null "http://127.0.0.1:$((port[on] + 1))/metrics" || true; done) & pid[scrapes]=$!

run() { # script url seconds -> "rps p50 p99 errors"
  wrk -t2 -c$clients -d"$3s" -H "X-API-Key: $key" -H 'Content-Type: application/json' -s "bench/$1" "$2" | awk '/^RESULT/ { print $2, $3, $4, $5 }'
}
url() { echo "http://127.0.0.1:${port[$1]}/$2"; }
# Warm: the connection pools, and the just-in-time compiler, which goes on for a while about what is called often.
for side in on off; do
  run contact.lua "$(url $side contact)" 12 >/dev/null
  run report.lua "$(url $side stats)" 8 >/dev/null
done

declare -A rows
for round in $(seq 1 "$rounds"); do
  # Who goes first alternates as well.
  order=(on off); [ $((round % 2)) = 0 ] && order=(off on)
  for side in "${order[@]}"; do rows["contact $side"]+="$(run contact.lua "$(url $side contact)" "$seconds")"$'\n'; done
  for side in "${order[@]}"; do rows["stats $side"]+="$(run report.lua "$(url $side stats)" "$seconds")"$'\n'; done
done
# For what the edge and the graph's own API say.
for path in stats health documents/search?q=a nowhere; do run report.lua "http://localhost:$edge/$path" 1 >/dev/null; done
run contact.lua "http://localhost:$edge/contact" 2 >/dev/null

declare -A scrapes
scrape() { # row port: "milliseconds bytes", several times; the exporter keeps an answer for 0.3 s
  for _ in $(seq 1 9); do
    sleep 0.5
    scrapes["$1"]+="$(curl -s -o /dev/null -w '%{time_total} %{size_download}' "http://localhost:$2/metrics" | awk '{ printf "%.1f %d", $1 * 1000, $2 }')"$'\n'
  done
}
scrape "API under load" $((port[on] + 1))
scrape "API of the graph" "$(management "$graph")"
scrape "edge" "$(management "$proxy")"

median() { # text column
  printf '%s' "$1" | awk -v c="$2" '{ print $c }' | sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'
}
printf '\n%d clients, %d s a measurement, median of %d rounds, %s cores, %s\n\n' $clients "$seconds" "$rounds" "$(nproc)" "$(date -u +%F)"
printf '| %-14s | %-9s | %10s | %7s | %7s | %6s |\n' '' telemetry 'per second' 'p50 ms' 'p99 ms' errors
printf '|%s|%s|%s|%s|%s|%s|\n' ---------------- ----------- -----------: --------: --------: -------:
for what in contact stats; do
  for side in on off; do
    row=${rows["$what $side"]}
    printf '| %-14s | %-9s | %10s | %7s | %7s | %6s |\n' "$([ $what = contact ] && echo 'POST /contact' || echo 'GET /stats')" $side \
      "$(median "$row" 1)" "$(median "$row" 2)" "$(median "$row" 3)" "$(median "$row" 4)"
  done
done
printf '\n| scrape of | ms | KB |\n|---|---:|---:|\n'
for row in "API under load" "API of the graph" edge; do
  printf '| %s | %s | %s |\n' "$row" "$(median "${scrapes[$row]}" 1)" "$(awk -v b="$(median "${scrapes[$row]}" 2)" 'BEGIN { printf "%.0f", b / 1000 }')"
done
ratio() { awk -v a="$(median "${rows["$1 on"]}" 1)" -v b="$(median "${rows["$1 off"]}" 1)" 'BEGIN { printf "%.2f", a / b }'; }
cat <<END

With telemetry against without: POST /contact $(ratio contact), GET /stats $(ratio stats) (bar 0.9); a scrape < 20 ms and < 300 KB
END
