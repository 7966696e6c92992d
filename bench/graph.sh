# Sourced by the scripts of this folder: starts the whole graph in Release, on ports of its own and with a data folder of its own, and ends
# it with the script. Gives $work (a folder in $BENCH_DIRECTORY, default /tmp), $edge, $api, $postgres (ports) and $key (the API key).
work=$(mktemp -d -p "${BENCH_DIRECTORY:-/tmp}")
base=$((20000 + RANDOM % 20000)) edge=$base api=$((base + 1)) postgres=$((base + 2)) dashboard=$((base + 3))
key=bench-$RANDOM$RANDOM$RANDOM
export Parameters__api_key=$key Parameters__postgres_password=bench-$RANDOM$RANDOM
# The limits are for strangers; what is measured is the way through them.
export Limits__Keys__PerSecond=900000 Limits__Keys__Burst=900000

# A flood of submissions is no flood of mail: without a recipient there is none.
export Parameters__mail_to=

dotnet build -c Release --nologo -v q -clp:ErrorsOnly Platform.AppHost
setsid dotnet run -c Release --no-build --no-launch-profile --project Platform.AppHost -- \
  --Platform:Topology=embedded --Platform:Api:Replicas="${REPLICAS:-1}" --Platform:Monitoring="${MONITORING:-false}" \
  --Platform:DataDirectory="$work/data" --Platform:Edge:Port=$edge --Platform:Api:Port=$api --Platform:Postgres:Port=$postgres \
  --ASPNETCORE_URLS=http://localhost:$dashboard --ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL=http://localhost:$((base + 4)) \
  --ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL=http://localhost:$((base + 5)) --ASPIRE_ALLOW_UNSECURED_TRANSPORT=true >"$work/log" 2>&1 &
host=$!
finish() {
  kill -TERM -- -$host 2>/dev/null || true
  for _ in $(seq 1 60); do kill -0 -- -$host 2>/dev/null || break; sleep 0.5; done
  rm -rf "$work"
}
trap finish EXIT
for _ in $(seq 1 240); do
  [ "$(curl -s -o /dev/null -m 2 -w '%{http_code}' http://localhost:$edge/health)" = 200 ] && break
  kill -0 $host 2>/dev/null || { echo "the AppHost ended:"; tail -n 20 "$work/log"; exit 1; }
  sleep 0.5
done
rss() { # assembly -> MiB
  ps -eo rss,args | awk -v name="$1" '$0 ~ name && !/awk/ { if ($1 > most) most = $1 } END { printf "%.0f", most / 1024 }'
}
sql() { PGPASSWORD=$Parameters__postgres_password psql -h 127.0.0.1 -p $postgres -U postgres -d platformdb -X -q -A -t -c "$1"; }
