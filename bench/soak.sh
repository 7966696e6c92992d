#!/usr/bin/env bash
# Uses Platform steadily and looks whether anything grows that should not: memory, handles, threads, connections, dead rows, bytes a row.
#   bench/soak.sh [minutes, default 10] [seconds between two samples, default minutes * 3, so that there are 20]
# Needs python3 (the client, bench/soak.py) and psql (Debian: postgresql-client). Starts the whole graph in Release on ports of its own, with
# a data folder of its own, and ends it. Contacts, visits, statistics, uploads, searches, downloads and sign-ins come at a rate that two
# cores carry easily. Prints the samples, and for each row how fast it grows over the second half of the run, as a line through the samples
# there. It is flat below its bound; exit code 1 when one is not, or when a request failed. The first minutes are for the just-in-time
# compiler, the pools and the caches: in less than five minutes all of that still grows.
set -euo pipefail
cd "$(dirname "$0")/.."
minutes=${1:-10} every=${2:-$((${1:-10} * 3))}
for tool in python3 psql curl; do command -v $tool >/dev/null || { echo "bench/soak.sh needs $tool"; exit 1; }; done

# The mark is in the environment of everything that the AppHost starts, directly or not.
export PLATFORM_BENCH=$$ Parameters__admin_password=bench-$RANDOM-$RANDOM-$RANDOM
. bench/graph.sh
load=
stop() {
  [ -z "$load" ] || kill $load 2>/dev/null || true
  finish
}
trap stop EXIT

of() { # project -> the process of the graph
  for one in $(pgrep -f "$1"); do
    if grep -qzs "^PLATFORM_BENCH=$$\$" "/proc/$one/environ" && grep -qz '^Management__Port=' "/proc/$one/environ"; then echo "$one"; return; fi
  done
}
management() { tr '\0' '\n' <"/proc/$1/environ" | sed -n 's/^Management__Port=//p'; }
server=$(of 'Platform\.Api') proxy=$(of 'Platform\.Edge') postmaster=$(head -1 "$work/data/postgres/postmaster.pid")
[ -n "$server" ] && [ -n "$proxy" ] || { echo "the processes of the graph were not found"; exit 1; }

memory() { awk '/^VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/$1/status"; }
handles() { ls "/proc/$1/fd" | wc -l; }
threads() { awk '/^Threads/ { print $2 }' "/proc/$1/status"; }
heap() { # what lived through the last collection, in MiB
  curl -s -m 5 "http://localhost:$(management "$1")/metrics" |
    awk '/^dotnet_gc_last_collection_heap_size_bytes\{/ { sum += $NF } END { printf "%.1f", sum / 1048576 }'
}
# PostgreSQL's processes share their buffers, which fill up to what they were given: what each has for itself is what could leak.
private() { cat "/proc/$postmaster/status" $(pgrep -P "$postmaster" | sed 's|.*|/proc/&/status|') 2>/dev/null | awk '/^RssAnon/ { sum += $2 } END { printf "%.1f", sum / 1024 }'; }

rows=("api RSS, MiB" "api heap, MiB" "api handles" "api threads" "edge RSS, MiB" "edge heap, MiB" "edge handles" "edge threads"
  "postgres private, MiB" "connections" "in transaction" "dead rows a contact" "bytes a contact" "tasks that wait")
# How much each may grow, a minute.
bounds=(1.0 1.0 2 0.5 1.0 1.0 2 0.5 1.0 0.5 0.5 0.05 20 1)
sample() {
  memory "$server"; echo; heap "$server"; echo; handles "$server"; threads "$server"
  memory "$proxy"; echo; heap "$proxy"; echo; handles "$proxy"; threads "$proxy"
  private; echo
  sql "
    SELECT count(*) FROM pg_stat_activity WHERE application_name = 'platform-api';
    SELECT count(*) FROM pg_stat_activity WHERE application_name = 'platform-api' AND state LIKE 'idle in transaction%' AND state_change < now() - interval '1 s';
    SELECT round(sum(n_dead_tup)::numeric / (SELECT greatest(count(*), 1) FROM contact_submissions), 3) FROM pg_stat_user_tables;
    SELECT pg_total_relation_size('contact_submissions') / (SELECT greatest(count(*), 1) FROM contact_submissions);
    SELECT count(*) FROM document_tasks WHERE state IN ('queued', 'running')"
}

python3 bench/soak.py localhost "$edge" "$key" "$Parameters__admin_password" $((minutes * 60)) >"$work/load" & load=$!
began=$(date +%s)
while kill -0 $load 2>/dev/null; do
  sleep "$every" & wait -n $! $load || true
  kill -0 $load 2>/dev/null || break
  echo "$(($(date +%s) - began)) $(sample | paste -sd ' ')" >>"$work/samples"
done
wait $load

printf '\n%d min, %s cores, %s\n\n' "$minutes" "$(nproc)" "$(date -u +%F)"
printf '| %-10s | %8s | %7s | %7s | %7s |\n|%s|%s|%s|%s|%s|\n' requests number failed 'p50 ms' 'p99 ms' ------------ ---------: --------: --------: --------:
while read -r name number failed p50 p99; do printf '| %-10s | %8s | %7s | %7s | %7s |\n' "$name" "$number" "$failed" "$p50" "$p99"; done <"$work/load"
failed=$(awk '{ sum += $3 } END { print sum + 0 }' "$work/load")

printf '\n| %-22s | %8s | %8s | %8s | %8s | %13s | %6s | %-4s |\n' '' first middle last most 'grows a minute' bound ''
printf '|%s|%s|%s|%s|%s|%s|%s|%s|\n' ------------------------ ---------: ---------: ---------: ---------: ---------------: -------: ------
grown=0
for row in "${!rows[@]}"; do
  line=$(awk -v column=$((row + 2)) -v bound="${bounds[$row]}" -v name="${rows[$row]}" '
    { at[NR] = $1 / 60; value[NR] = $column; if (NR == 1 || $column > most) most = $column }
    END {
      from = int(NR / 2) + 1
      for (i = from; i <= NR; i++) { n++; x += at[i]; y += value[i]; xx += at[i] ^ 2; xy += at[i] * value[i] }
      slope = n > 1 ? (n * xy - x * y) / (n * xx - x ^ 2) : 0
      printf "| %-22s | %8s | %8s | %8s | %8s | %14.2f | %6s | %-4s |\n",
        name, value[1], value[from], value[NR], most, slope, bound, slope <= bound ? "flat" : "GROWS"
    }' "$work/samples")
  echo "$line"
  [[ $line == *GROWS* ]] && grown=$((grown + 1))
done
printf '\n%s of %s rows are flat over the second half; %s requests failed\n' $((${#rows[@]} - grown)) ${#rows[@]} "$failed"
[ $grown = 0 ] && [ "$failed" = 0 ]
