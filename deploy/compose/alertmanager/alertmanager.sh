#!/bin/sh
# Writes Alertmanager's configuration from the environment and becomes Alertmanager: alertmanager.sh PROGRAM ARGS...
# POSIX sh, for dash and busybox. Secrets go from the environment into a file of mode 0600, and onto no command line: printf is a builtin.
#
#   CONFIG_FILE        the file to write
#   TEMPLATES          the path of platform.tmpl
#   SITE_URL           where people find the site, such as https://example.org; Alertmanager's own links lead below it
#   SMTP_URL, MAIL_TO  e-mail: smtp://[user:password@]host[:port] or smtps://, user and password percent-encoded; the addressees, by commas
#   MAIL_FROM          the sender; alerts@ the host of SITE_URL when empty
#   SLACK_URL          Slack: an incoming webhook
#   PAGERDUTY_KEY      PagerDuty: an integration key of the Events API v2; for critical alerts only
#   ALERT_WEBHOOK_URL  any program that takes Alertmanager's JSON
#
# A channel exists when it is given. Without any, alerts are seen at /alertmanager/ only.
set -eu
LC_ALL=C
export LC_ALL

: "${CONFIG_FILE:?the file to write}" "${TEMPLATES:?the path of platform.tmpl}"

# On one line: what was pasted with a line break at its end.
line() { printf '%s' "$1" | tr -d '\r\n'; }

# A double-quoted YAML scalar, in which nothing means anything.
quote() {
  printf '"'
  printf '%s' "$1" | sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' | awk 'NR > 1 { printf "\\n" } { gsub(/\r/, "\\r"); gsub(/\t/, "\\t"); printf "%s", $0 }'
  printf '"'
}

# RFC 3986, 2.1. What is no escape stays as it is.
decode() {
  printf '%b' "$(printf '%s' "$1" | awk '
    {
      rest = $0
      gsub(/\\/, "\\\\", rest)
      while (match(rest, /%[0-9A-Fa-f][0-9A-Fa-f]/)) {
        digits = tolower(substr(rest, RSTART + 1, 2))
        code = (index("0123456789abcdef", substr(digits, 1, 1)) - 1) * 16 + index("0123456789abcdef", substr(digits, 2, 1)) - 1
        printf "%s\\0%03o", substr(rest, 1, RSTART - 1), code
        rest = substr(rest, RSTART + 3)
      }
      printf "%s", rest
    }')"
}

say() { printf 'alertmanager.sh: %s\n' "$1" >&2; }

site=$(line "${SITE_URL:-}")
slack=$(line "${SLACK_URL:-}")
pagerduty=$(line "${PAGERDUTY_KEY:-}")
webhook=$(line "${ALERT_WEBHOOK_URL:-}")
smtp=$(line "${SMTP_URL:-}")
to=$(line "${MAIL_TO:-}")
from=$(line "${MAIL_FROM:-}")

mail=
if [ -n "$smtp" ] && [ -n "$to" ]; then
  mail=yes
  server=${smtp#*://}
  user=
  password=
  case $server in
    *@*)
      user=${server%@*}
      case $user in
        *:*) password=$(decode "${user#*:}") ;;
      esac
      user=$(decode "${user%%:*}")
      ;;
  esac
  server=${server##*@}
  server=${server%%[/?#]*}
  tls=false
  port=25
  if [ -n "$user" ]; then
    # A password goes over TLS or not at all, and to the port that RFC 6409 has for it.
    tls=true
    port=587
  fi
  case $smtp in
    smtps://*)
      tls=true
      port=465
      ;;
  esac
  case $server in
    *\]:* | [!\[]*:*) ;;
    *) server=$server:$port ;;
  esac
  case $smtp in
    # Alertmanager speaks TLS from the first byte on this port only.
    smtps://*) [ "${server##*:}" = 465 ] || say "SMTP_URL: smtps works on port 465 only; on ${server##*:} STARTTLS is tried." ;;
  esac
  if [ -z "$from" ]; then
    host=${site#*://}
    host=${host%%[/:]*}
    from=alerts@${host:-localhost}
  fi
elif [ -n "$smtp" ]; then
  say 'SMTP_URL is given and MAIL_TO is not: no alerts by mail.'
fi
[ -n "$mail$slack$pagerduty$webhook" ] || say 'no channel is configured: alerts are seen at /alertmanager/ only.'

configs() { # configs pagerduty|"": the channels of a receiver
  if [ -n "$mail" ]; then
    printf '    email_configs:\n      - to: %s\n' "$(quote "$to")"
    cat <<'END'
        send_resolved: true
        headers:
          Subject: '{{ template "platform.subject" . }}'
        html: '{{ template "platform.html" . }}'
        text: '{{ template "platform.text" . }}'
END
  fi
  if [ -n "$slack" ]; then
    printf '    slack_configs:\n      - api_url: %s\n' "$(quote "$slack")"
    cat <<'END'
        send_resolved: true
        color: '{{ if eq .Status "resolved" }}good{{ else if eq .CommonLabels.severity "critical" }}danger{{ else }}warning{{ end }}'
        title: '{{ template "platform.subject" . }}'
        title_link: '{{ .ExternalURL }}'
        fallback: '{{ template "platform.subject" . }}'
        text: '{{ template "platform.slack" . }}'
END
  fi
  if [ -n "$pagerduty" ] && [ "$1" = pagerduty ]; then
    printf '    pagerduty_configs:\n      - routing_key: %s\n' "$(quote "$pagerduty")"
    cat <<'END'
        send_resolved: true
        severity: critical
        class: '{{ .CommonLabels.category }}'
        client: Platform
        client_url: '{{ .ExternalURL }}'
        description: '{{ template "platform.subject" . }}'
        details:
          alerts: '{{ template "platform.text" . }}'
END
  fi
  if [ -n "$webhook" ]; then
    printf '    webhook_configs:\n      - url: %s\n        send_resolved: true\n' "$(quote "$webhook")"
  fi
}

umask 077
rm -f "$CONFIG_FILE"
{
  if [ -n "$mail" ]; then
    printf 'global:\n  smtp_smarthost: %s\n  smtp_from: %s\n  smtp_require_tls: %s\n' "$(quote "$server")" "$(quote "$from")" "$tls"
    if [ -n "$user" ]; then
      printf '  smtp_auth_username: %s\n  smtp_auth_password: %s\n' "$(quote "$user")" "$(quote "$password")"
    fi
  fi
  printf 'templates:\n  - %s\n' "$(quote "$TEMPLATES")"
  cat <<'END'

# Critical alerts first, or a route for warnings or for a category would take them.
route:
  receiver: team
  group_by: [alertname, job]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 12h
  routes:
    - matchers: [severity="critical"]
      receiver: page
      group_wait: 0s
      group_interval: 1m
      repeat_interval: 1h
      routes:
        - matchers: [category="infrastructure"]
          group_by: [alertname, instance]
        - matchers: [category="slo"]
          group_by: [category]
          repeat_interval: 4h
    - matchers: [severity="info"]
      receiver: note
      group_by: [category]
      group_wait: 5m
      group_interval: 1h
      repeat_interval: 7d
    - matchers: [category="security"]
      receiver: team
      group_wait: 5s
      group_interval: 1m
      repeat_interval: 12h
    - matchers: [category="infrastructure"]
      receiver: team
      group_by: [instance]
    - matchers: [category="database"]
      receiver: team
      group_by: [category]

inhibit_rules:
  # The critical alert mutes the warning about the same thing.
  - source_matchers: [alertname="HostCpuCritical"]
    target_matchers: [alertname=~"HostCpuHigh|HostLoadHigh"]
    equal: [instance]
  - source_matchers: [alertname="HostMemoryCritical"]
    target_matchers: [alertname="HostMemoryHigh"]
    equal: [instance]
  - source_matchers: [alertname="HostDiskSpaceCritical"]
    target_matchers: [alertname="HostDiskSpaceLow"]
    equal: [instance, mountpoint]
  - source_matchers: [alertname="HighErrorRate"]
    target_matchers: [alertname="HighErrorRatio"]
    equal: [job]
  - source_matchers: [alertname="ClientErrorsFlood"]
    target_matchers: [alertname="ClientErrorsHigh"]
    equal: [job]
  - source_matchers: [alertname="RequestRateFlood"]
    target_matchers: [alertname="RequestRateHigh"]
    equal: [job]
  - source_matchers: [alertname="CertificateExpiresNow"]
    target_matchers: [alertname="CertificateExpiresSoon"]
    equal: [job, instance]
  - source_matchers: [alertname="SloBurnFast"]
    target_matchers: [alertname=~"SloBurnSlow|SloBurnTrend|SloMissed"]
  - source_matchers: [alertname="SloBurnSlow"]
    target_matchers: [alertname=~"SloBurnTrend|SloMissed"]
  - source_matchers: [alertname="SloLatencyP99"]
    target_matchers: [alertname=~"SloLatencyP95|SloMissed"]
  - source_matchers: [alertname="SloLatencyP95"]
    target_matchers: [alertname="SloMissed"]
  - source_matchers: [alertname="ObjectStoreDown"]
    target_matchers: [alertname="ObjectStoreErrors"]
  - source_matchers: [alertname="SearchDown"]
    target_matchers: [alertname="SearchIndexErrors"]
  # What is away mutes what follows from it. Of two alerts about the same outage the one closer to the cause stays.
  - source_matchers: [alertname="PostgresDown"]
    target_matchers: [alertname="DatabaseDown"]
  - source_matchers: [alertname=~"PostgresDown|DatabaseDown"]
    target_matchers:
      - alertname=~"HighError.*|HighLatency.*|Slo.*|MigrationsFailing|DatabasePoolExhausted|DocumentQueue.*|Outbox.*|Search.*|AuditEntriesDropped"
  - source_matchers: [alertname=~"PostgresDown|DatabaseDown"]
    target_matchers: [alertname="ServerPortClosed", target="postgres"]
  - source_matchers: [alertname="ApiDown"]
    target_matchers: [alertname=~"ApiReplicaLost|UpstreamReplicaUnhealthy|HighError.*|HighLatency.*|Slo.*|AuditEntriesDropped"]
  - source_matchers: [alertname=~"PostgresDown|DatabaseDown|ApiDown"]
    target_matchers: [alertname="PublicPageDown", target="health"]
  - source_matchers: [alertname="EdgeDown"]
    target_matchers: [alertname=~"PublicPageDown|OperatorPageUnreachable|ProbeSlow", kind=~"public|admin"]
  - source_matchers: [alertname="EdgeDown"]
    target_matchers: [alertname=~"Slo.*"]

receivers:
END
  for receiver in page team note; do
    printf '  - name: %s\n' "$receiver"
    if [ "$receiver" = page ]; then configs pagerduty; else configs ''; fi
  done
} >"$CONFIG_FILE"

unset SLACK_URL PAGERDUTY_KEY ALERT_WEBHOOK_URL SMTP_URL slack pagerduty webhook smtp user password
exec "$@" --config.file="$CONFIG_FILE" ${site:+"--web.external-url=${site%/}/alertmanager/"}
