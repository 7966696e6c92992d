#!/usr/bin/env bash
# Measures the edge against nginx and Caddy in one run on one machine: the same server behind each, the same headers on each answer,
# compression, limits so wide that they refuse nothing, and an access log of JSON lines. nginx is there twice: with connections to the
# server behind that are kept, as the edge and Caddy keep theirs, and (nginx-default) with one for each request, as by its defaults.
# Prints one table and the bars.
#   bench/edge.sh [seconds a measurement, default 6] [rounds, default 5]
# Needs wrk, nginx and caddy (Debian: wrk, nginx-light, caddy). Each figure is the median of the rounds, in which the proxies alternate.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-6} rounds=${2:-5}
for tool in wrk nginx caddy curl; do command -v $tool >/dev/null || { echo "bench/edge.sh needs $tool"; exit 1; }; done

bench=$PWD/bench work=$(mktemp -d -p "${BENCH_DIRECTORY:-/tmp}")
base=$((20000 + RANDOM % 20000)) upstream=$base
declare -A port=([edge]=$((base + 1)) [nginx]=$((base + 2)) [nginx-default]=$((base + 5)) [caddy]=$((base + 3))) pid=()
proxies=(edge nginx nginx-default caddy)
finish() {
  kill -TERM "${pid[@]}" 2>/dev/null || true
  wait
  rm -rf "$work"
}
trap finish EXIT

edge=Platform.Edge/Platform.Edge.csproj
dotnet build -c Release --nologo -v q -clp:ErrorsOnly $edge >/dev/null
program=$(dotnet msbuild $edge -p:Configuration=Release -getProperty:TargetPath)

body=$(printf '{"visitor_count":12345,"padding":"%s"}' "$(head -c 988 /dev/zero | tr '\0' x)")
permissions='accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), '
permissions+='payment=(), publickey-credentials-get=(), usb=(), xr-spatial-tracking=()'
policy="default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
configuration() { # file name
  sed -e "s|@name@|$2|; s|@port@|${port[$2]:-}|; s|@upstream@|$upstream|; s|@permissions@|$permissions|; s|@policy@|$policy|; s|@body@|$body|" "bench/edge/$1"
}
configuration upstream.conf upstream >"$work/upstream.conf"
configuration nginx.conf nginx >"$work/nginx.conf"
configuration nginx.conf nginx-default | sed '/# kept$/d' >"$work/nginx-default.conf"
configuration Caddyfile caddy >"$work/Caddyfile"

cd "$work"
nginx -p "$work" -e upstream.error.log -c upstream.conf -g 'daemon off;' & pid[upstream]=$!
for name in nginx nginx-default; do nginx -p "$work" -e $name.error.log -c $name.conf -g 'daemon off;' & pid[$name]=$!; done
XDG_DATA_HOME=$work XDG_CONFIG_HOME=$work caddy run --config Caddyfile --adapter caddyfile >caddy.out 2>&1 & pid[caddy]=$!
# As in production: no debugger, health and metrics on a port of their own, the access log in a file, and what the graph sets.
env MALLOC_ARENA_MAX=2 DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS=1 ASPNETCORE_URLS="http://127.0.0.1:${port[edge]};http://127.0.0.1:$((base + 4))" Management__Port=$((base + 4)) \
  services__api__http__0=http://127.0.0.1:$upstream AccessLog__Path="$work/edge.access.log" DOTNET_EnableDiagnostics=0 \
  Limits__Reads__PerSecond=900000 Limits__Reads__Burst=900000 Limits__Concurrent=9000 Limits__ConnectionsPerClient=9000 dotnet "$program" >edge.out 2>&1 & pid[edge]=$!

url() { echo "http://127.0.0.1:${port[$1]}/stats"; }
for proxy in "${proxies[@]}"; do
  for _ in $(seq 1 120); do
    curl -s -o /dev/null -f "$(url $proxy)" && break
    kill -0 "${pid[$proxy]}" 2>/dev/null || { echo "$proxy ended:"; tail -n 20 $proxy.out $proxy.error.log; exit 1; } 2>/dev/null
    sleep 0.5
  done
  # What is compared must be the same: each has all of the headers, and compresses when it is asked to.
  answer=$(curl -s -D - -o /dev/null -H 'Accept-Encoding: gzip' "$(url $proxy)")
  for header in X-Correlation-ID X-Content-Type-Options X-Frame-Options Referrer-Policy Permissions-Policy Cross-Origin-Opener-Policy \
    Cross-Origin-Resource-Policy Content-Security-Policy 'Content-Encoding: gzip'; do
    grep -qi "^$header" <<<"$answer" || { echo "$proxy does not send $header:"; echo "$answer"; exit 1; }
  done
done

processes() { echo "${pid[$1]}" $(pgrep -P "${pid[$1]}"); }
cpu() { # proxy -> clock ticks of its processes, in user and in kernel mode
  for process in $(processes "$1"); do sed 's/.*) //' "/proc/$process/stat"; done | awk '{ sum += $12 + $13 } END { print sum }'
}
rss() { # proxy -> MiB of its processes
  for process in $(processes "$1"); do grep VmRSS "/proc/$process/status"; done | awk '{ sum += $2 } END { printf "%.0f", sum / 1024 }'
}
run() { # proxy clients encoding -> "requests/s p50 p99 errors CPU-microseconds-a-request MiB"
  local before result
  before=$(cpu "$1")
  result=$(wrk -t2 -c"$2" -d"${seconds}s" -H "Accept-Encoding: $3" -s "$bench/report.lua" "$(url "$1")" | awk '/^RESULT/ { print $2, $3, $4, $5 }')
  echo "$result $(awk -v ticks=$(($(cpu "$1") - before)) -v hz="$(getconf CLK_TCK)" -v seconds="$seconds" -v rps="${result%% *}" \
    'BEGIN { printf "%.1f", ticks / hz / seconds / rps * 1e6 }') $(rss "$1")"
}

# Warm: the connection pools, and the just-in-time compiler, which takes half a minute of load to have everything optimised.
for proxy in "${proxies[@]}"; do for encoding in identity gzip; do wrk -t2 -c256 -d15s -H "Accept-Encoding: $encoding" "$(url $proxy)" >/dev/null; done; done

declare -A rows
for _ in $(seq 1 "$rounds"); do
  for encoding in identity gzip; do
    for clients in 32 256; do
      for proxy in "${proxies[@]}"; do rows["$proxy $clients $encoding"]+="$(run $proxy $clients $encoding)"$'\n'; done
    done
  done
done

median() { # row column
  printf '%s' "${rows[$1]}" | awk -v c="$2" '{ print $c }' | sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'
}
ratio() { awk -v a="$(median "$1" "$3")" -v b="$(median "$2" "$3")" 'BEGIN { printf "%.2f", a / b }'; }
printf '\n%d s a measurement, median of %d rounds, %s cores, %s; %s, Caddy %s\n\n' "$seconds" "$rounds" "$(nproc)" "$(date -u +%F)" \
  "$(nginx -v 2>&1 | sed 's/.*: //')" "$(caddy version)"
printf '| %-22s | %10s | %7s | %7s | %14s | %7s | %6s |\n' '' 'per second' 'p50 ms' 'p99 ms' 'CPU µs/request' 'RSS MiB' errors
printf '|%s|%s|%s|%s|%s|%s|%s|\n' ------------------------ -----------: --------: --------: ---------------: --------: -------:
for encoding in identity gzip; do
  for clients in 32 256; do
    for proxy in "${proxies[@]}"; do
      row="$proxy $clients $encoding"
      printf '| %-22s | %10s | %7s | %7s | %14s | %7s | %6s |\n' "$row" "$(median "$row" 1)" "$(median "$row" 2)" "$(median "$row" 3)" \
        "$(median "$row" 5)" "$(median "$row" 6)" "$(median "$row" 4)"
    done
  done
done
printf '\n| bar | asked | 32 clients | 256 clients | 32, gzip | 256, gzip |\n|---|---:|---:|---:|---:|---:|\n'
bar() { # text asked other column
  printf '| %s | %s |' "$1" "$2"
  for case in '32 identity' '256 identity' '32 gzip' '256 gzip'; do printf ' %s |' "$(ratio "edge $case" "$3 $case" "$4")"; done
  echo
}
bar 'requests/s against nginx' '≥ 1.0' nginx 1
bar 'requests/s against nginx-default' '≥ 1.0' nginx-default 1
bar 'requests/s against Caddy' '≥ 2.5' caddy 1
bar 'p99 against nginx' '≤ 1.0' nginx 3
bar 'p99 against nginx-default' '≤ 1.0' nginx-default 3
bar 'p99 against Caddy' '≤ 1.0' caddy 3
bar 'CPU a request against nginx' '' nginx 5
bar 'CPU a request against nginx-default' '' nginx-default 5
bar 'CPU a request against Caddy' '' caddy 5
printf '| MiB of the edge after the run | < 150 | %s | | | |\n' "$(rss edge)"
