#!/usr/bin/env bash
# Provides the programs that the tests run: installs what is missing where that is allowed, and names the
# rest with the tests that are skipped for it. With CI=true something missing is a failure.
# No service is started by the install: each test starts its own server on a free port and ends it.
set -euo pipefail

PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

# program, Debian package, what is not tested without it
needs="
snmpd snmpd SNMP_against_the_real_agent
snmpget snmp SNMP_against_the_real_agent
fping fping ping
influxd influxdb the_InfluxDB_store
influx influxdb-client the_InfluxDB_store
mosquitto mosquitto MQTT_against_the_real_broker
mosquitto_pub mosquitto-clients MQTT_against_the_real_broker
chromium chromium the_pages_in_a_browser
ip iproute2 everything_in_a_network_namespace
unshare util-linux everything_in_a_network_namespace
openssl openssl certificates
systemd-analyze systemd the_hardening_of_the_unit
"

missing() {
  local program package purpose
  while read -r program package purpose; do
    if [ -n "$program" ] && ! command -v "$program" >/dev/null; then
      echo "$program $package ${purpose//_/ }"
    fi
  done <<<"$needs"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
  command -v apt-get >/dev/null || return 1
  [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null
}

# While packages are installed, policy-rc.d answers "may not" (101) to every service that wants to start.
policy=/usr/sbin/policy-rc.d
kept=$policy.before-porchlight-tests

forbid_services() {
  if [ -e "$policy" ] && [ ! -e "$kept" ]; then as_root mv "$policy" "$kept"; fi
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
  as_root chmod 755 "$policy"
}

allow_services() {
  if [ -e "$kept" ]; then as_root mv "$kept" "$policy"; else as_root rm -f "$policy"; fi
}

install() {
  echo "Installing for the tests: $*"
  trap allow_services EXIT
  forbid_services
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update </dev/null
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq -y --no-install-recommends -o Dpkg::Options::=--force-confold install "$@" </dev/null >/dev/null
  allow_services
  trap - EXIT
}

lacking=$(missing)
[ -n "$lacking" ] || exit 0

if may_install; then
  mapfile -t packages < <(cut -d' ' -f2 <<<"$lacking" | sort -u)
  install "${packages[@]}" || echo "The installation failed." >&2
  lacking=$(missing)
  [ -n "$lacking" ] || exit 0
fi

while read -r program package purpose; do
  echo "Not here: $program (Debian package $package). Skipped without it: $purpose." >&2
done <<<"$lacking"
[ "${CI:-}" != true ] || exit 1
