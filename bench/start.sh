#!/usr/bin/env bash
# How long the one command takes until everything is healthy, and what each process then holds in memory. The first round makes the data
# folder; the others find it.
#
#   bench/start.sh [rounds]
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-5}
work=$(mktemp -d -p "${BENCH_DIRECTORY:-/tmp}")
base=$((20000 + RANDOM % 20000))
# The mark is in the environment of everything that the AppHost starts, directly or not.
export ASPIRE_ALLOW_UNSECURED_TRANSPORT=true PLATFORM_BENCH=$work
host=
finish() {
  [ -z "$host" ] || kill -TERM -- -"$host" 2>/dev/null || true
  for _ in $(seq 1 60); do [ -n "$host" ] && kill -0 -- -"$host" 2>/dev/null || break; sleep 0.5; done
  host=
}
trap 'finish; rm -rf "$work"' EXIT

dotnet build -c Release --nologo -v q -clp:ErrorsOnly Platform.AppHost >/dev/null
echo "| round | seconds to \"Everything is healthy\" |"
echo "|---|---:|"
for round in $(seq 1 "$rounds"); do
  : >"$work/log"
  started=$(date +%s.%N)
  setsid dotnet run -c Release --no-build --no-launch-profile --project Platform.AppHost -- \
    --Platform:Topology=embedded --Platform:DataDirectory="$work/data" --Platform:Edge:Port=$base \
    --ASPNETCORE_URLS=http://localhost:$((base + 1)) --ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL=http://localhost:$((base + 2)) \
    --ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL=http://localhost:$((base + 3)) >"$work/log" 2>&1 &
  host=$!
  until grep -q "Everything is healthy" "$work/log"; do
    kill -0 "$host" 2>/dev/null || { echo "the AppHost ended:"; tail -n 20 "$work/log"; exit 1; }
    sleep 0.05
  done
  awk -v round="$round" -v started="$started" -v now="$(date +%s.%N)" 'BEGIN { printf "| %d | %.1f |\n", round, now - started }'
  if [ "$round" -lt "$rounds" ]; then finish; fi
done

sleep 10
echo
echo "| process, ten seconds later | how many | MiB each |"
echo "|---|---:|---:|"
for environment in /proc/[0-9]*/environ; do
  pid=$(basename "$(dirname "$environment")")
  if grep -qs "PLATFORM_BENCH=$work" "$environment"; then ps -o rss=,args= -p "$pid" || true; fi
done | awk '
  {
    name = "?"
    if (/monitor-process/) name = "DCP, watching a process"
    else if (/Platform\.Api/) name = "Platform.Api"
    else if (/Platform\.Edge/) name = "Platform.Edge"
    else if (/bin\/Platform\.AppHost/) name = "Platform.AppHost"
    else if (/dotnet run/) name = "dotnet run"
    else if (/Aspire\.Dashboard/) name = "Aspire dashboard"
    else if (/dcp .*start-apiserver|dcp .*run-controllers/) name = "DCP"
    else if (/maildev/) name = "maildev"
    else if (/postgres/) name = "postgres, the postmaster"
    else next
    count[name]++; sum[name] += $1
  }
  END { for (name in count) printf "| %s | %d | %.0f |\n", name, count[name], sum[name] / count[name] / 1024 }' | sort
