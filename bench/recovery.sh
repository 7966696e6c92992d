#!/usr/bin/env bash
# The whole cycle of a disaster on a fresh clone: runs Platform, fills it, backs it up, destroys the data folder, restores the backup and
# compares everything: every table row by row, every contact, every document's bytes, what searches find. Prints the times, and exits 1
# when anything differs.
#   bench/recovery.sh [contacts, default 1000] [documents, default 500]
# Needs python3, curl and psql (Debian: postgresql-client).
set -euo pipefail
cd "$(dirname "$0")/.."
contacts=${1:-1000} documents=${2:-500}
for tool in python3 curl psql git; do command -v $tool >/dev/null || { echo "bench/recovery.sh needs $tool"; exit 1; }; done

bench=$PWD/bench work=$(mktemp -d -p "${BENCH_DIRECTORY:-/tmp}") host=
base=$((20000 + RANDOM % 20000)) edge=http://localhost:$base
export Limits__Keys__PerSecond=900000 Limits__Keys__Burst=900000 Parameters__mail_to=
git clone -q . "$work/clone"
cd "$work/clone"

stop() {
  [ -n "$host" ] || return 0
  kill -TERM -- -$host 2>/dev/null || true
  for _ in $(seq 1 60); do kill -0 -- -$host 2>/dev/null || break; sleep 0.5; done
  host=
}
trap 'stop; rm -rf "$work"' EXIT
start() { # AppHost arguments
  setsid dotnet run --no-launch-profile --project Platform.AppHost -- --Platform:Topology=embedded --Platform:Edge:Port=$base \
    --Platform:Postgres:Port=$((base + 1)) --Platform:Monitoring=false --ASPNETCORE_URLS=http://localhost:$((base + 2)) \
    --ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL=http://localhost:$((base + 3)) --ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL=http://localhost:$((base + 4)) \
    --ASPIRE_ALLOW_UNSECURED_TRANSPORT=true "$@" >>"$work/log" 2>&1 &
  host=$!
  until [ "$(curl -s -o /dev/null -m 2 -w '%{http_code}' $edge/health)" = 200 ]; do
    kill -0 $host 2>/dev/null || { echo "the AppHost ended:"; tail -n 20 "$work/log"; exit 1; }
    sleep 0.2
  done
}
secret() { python3 -c "import json; print(json.load(open('.platform/secrets.json'))['$1'])"; }
client() { python3 "$bench/recovery.py" "$1" $edge "$(secret api-key)" "${@:2}"; }
sql() { PGPASSWORD=$(secret postgres-password) psql -h 127.0.0.1 -p $((base + 1)) -U postgres -d platformdb -X -q -A -t -c "$1"; }
# Every row of every table. Not: backups themselves, migrations (when they ran), keys (the bootstrap key is a new one), audit entries (that of
# the backup follows it), and the search index, which is built anew by tasks of its own: what searches find is compared. A service that starts touches the counter,
# and adds nothing to it.
tables() {
  sql "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1" |
    grep -vE '^(backups|schema_migrations|api_keys|audit_log|search_.*)$' | while read -r table; do
      echo "$table $(sql "
        SELECT count(*) || ' rows, ' || coalesce(md5(string_agg(md5(row::text), '' ORDER BY md5(row::text))), '')
        FROM (SELECT to_jsonb(t) - 'last_updated' AS row FROM $table AS t) AS rows WHERE coalesce(row ->> 'kind', '') NOT IN ('reindex', 'index')")"
    done
}
seconds() { awk -v a="$1" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }'; }
row() { printf '| %-72s | %8s |\n' "$1" "$2"; }

start
began=$(date +%s.%N); client fill "$contacts" "$documents"; filled=$(seconds "$began")
read -r name size took < <(client backup)
client tell >"$work/before"; tables >"$work/tables.before"
stop
# Its programs are not data, and need not be fetched again; the backups lie beside it.
mv .platform/tools "$work/tools"; rm -rf .platform; mkdir .platform; mv "$work/tools" .platform/tools
began=$(date +%s.%N); start --restore "$name"; restored=$(seconds "$began")
client tell >"$work/after"; tables >"$work/tables.after"
diff "$work/before" "$work/after" >&2 && diff "$work/tables.before" "$work/tables.after" >&2 || { echo "what was restored is not what was backed up"; exit 1; }

printf '\n%s cores, %s\n\n' "$(nproc)" "$(date -u +%F)"
row "" seconds; printf '|%s|%s|\n' -------------------------------------------------------------------------- ---------:
row "$contacts contacts and $documents documents submitted and processed" "$filled"
row "backed up and read back: $name, $size bytes" "$took"
row "from nothing but the archive to healthy, with everything restored" "$restored"
printf '\nEvery row of the tables that a restore keeps as they were, every contact, every document and what %s searches find: the same.\n' 12
