#!/usr/bin/env bash
# Installs Porchlight as a service on Raspberry Pi OS or Debian (arm64 or amd64), from the folder it lies in.
# Run it again to bring an installation up to date: what is there already is kept.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: sudo deploy/install.sh [--dry-run] [--no-start] [--node-archive FILE] [--with-influxdb]

  --dry-run            print each command and run none
  --no-start           install everything, leave the service stopped
  --node-archive FILE  take Node from FILE, an official node-v24.*-linux-*.tar.xz of nodejs.org
  --with-influxdb      install Debian's InfluxDB too, for this machine only (127.0.0.1:8086)

Needs Node 20.19 or newer. Debian 13 has it (package nodejs); Debian 12 and the Raspberry Pi OS made from it have
Node 18. There, either add NodeSource's repository (https://github.com/nodesource/distributions) and install nodejs
from it, or fetch the archive for your machine from https://nodejs.org/dist/ and name it with --node-archive.

Places: /opt/porchlight (program), /etc/porchlight (porchlight.yaml, secrets.env), /var/lib/porchlight (data).
TEXT
}

dry_run=no start=yes node_archive='' with_influxdb=no
while [ $# -gt 0 ]; do
  case $1 in
    --dry-run) dry_run=yes ;;
    --no-start) start=no ;;
    --with-influxdb) with_influxdb=yes ;;
    --node-archive)
      node_archive=${2:?--node-archive needs a file}
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      usage >&2
      exit 2
      ;;
  esac
  shift
done

fail() {
  echo "install.sh: $*" >&2
  exit 1
}

say() { echo "== $*"; }

run() {
  if [ "$dry_run" = yes ]; then
    printf '+'
    printf ' %q' "$@"
    echo
  else
    "$@"
  fi
}

source_folder=$(cd "$(dirname "$0")/.." && pwd)
prefix=/opt/porchlight
config=/etc/porchlight

check_machine() {
  [ "$(id -u)" = 0 ] || [ "$dry_run" = yes ] || fail "run it as root: sudo $0"
  command -v apt-get >/dev/null || fail "this is no Debian: apt-get is missing"
  case $(dpkg --print-architecture) in
    amd64 | arm64) ;;
    *) fail "only 64-bit systems are supported (arm64, amd64); this is $(dpkg --print-architecture)" ;;
  esac
  [ -f "$source_folder/package-lock.json" ] || fail "no package-lock.json in $source_folder: run it from the whole checkout"
}

install_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
      missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  run apt-get -qq update
  run env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "${missing[@]}"
}

# A Node of at least 20.19, and not in a home folder: the service cannot look into those.
is_new_enough() {
  [ -x "$1" ] || return 1
  case $(readlink -f "$1") in /home/* | /root/*) return 1 ;; esac
  [ "$("$1" -p 'const [a, b] = process.versions.node.split(".").map(Number); a > 20 || (a === 20 && b >= 19) ? "yes" : "no"')" = yes ]
}

apt_offers_node() {
  local version
  version=$(apt-cache policy nodejs 2>/dev/null | sed -n 's/^ *Candidate: //p')
  [ -n "$version" ] && dpkg --compare-versions "$version" ge 20.19
}

# Sets `node`, the program to use.
provide_node() {
  if [ -n "$node_archive" ]; then
    [ -f "$node_archive" ] || fail "no such file: $node_archive"
    run mkdir -p "$prefix/node"
    run tar -xJf "$node_archive" -C "$prefix/node" --strip-components=1 --no-same-owner
    node=$prefix/node/bin/node
    [ "$dry_run" = yes ] || is_new_enough "$node" || fail "$node_archive holds no Node 20.19 or newer for this machine"
    return
  fi
  local found
  found=$(command -v node || true)
  if [ -z "$found" ] && is_new_enough "$prefix/node/bin/node"; then found=$prefix/node/bin/node; fi
  if [ -n "$found" ] && is_new_enough "$found"; then
    node=$(readlink -f "$found")
    return
  fi
  apt_offers_node || fail "Node 20.19 or newer is needed, found ${found:-none}. See $0 --help for where to get it."
  install_packages nodejs npm
  node=/usr/bin/node
}

create_user() {
  getent passwd porchlight >/dev/null && return
  run useradd --system --user-group --no-create-home --home-dir /var/lib/porchlight --shell /usr/sbin/nologin porchlight
}

# Beside the running version first; then two renames, so that a failed build changes nothing.
install_program() {
  local new=$prefix/app.new npm
  npm=$(dirname "$node")/npm
  run rm -rf "$new"
  run mkdir -p "$new" "$prefix/bin"
  local part
  for part in appliance web mibs deploy docs package.json package-lock.json .npmrc tsconfig.json README.md LICENSE; do
    if [ -e "$source_folder/$part" ]; then run cp -R --no-preserve=ownership "$source_folder/$part" "$new/"; fi
  done
  run env -C "$new" PATH="$(dirname "$node"):$PATH" "$npm" ci --no-fund --no-audit
  run env -C "$new" PATH="$(dirname "$node"):$PATH" "$npm" run --silent build
  run env -C "$new" PATH="$(dirname "$node"):$PATH" "$npm" prune --omit=dev --no-fund --no-audit
  run chmod -R u+rwX,go+rX,go-w "$new"
  run ln -sfn "$node" "$prefix/bin/node"
  run rm -rf "$prefix/app.old"
  if [ -e "$prefix/app" ]; then run mv "$prefix/app" "$prefix/app.old"; fi
  run mv "$new" "$prefix/app"
}

install_configuration() {
  run install -d -m 0750 -o root -g porchlight "$config"
  run install -m 0640 -o root -g porchlight "$source_folder/deploy/config.example.yaml" "$config/porchlight.example.yaml"
  [ -e "$config/secrets.env" ] || run install -m 0600 -o root -g root /dev/null "$config/secrets.env"
}

install_influxdb() {
  install_packages influxdb influxdb-client
  # The package listens on all addresses by itself; a later line of this file wins.
  local defaults=/etc/default/influxdb
  if ! grep -qs '^INFLUXDB_HTTP_BIND_ADDRESS=' "$defaults"; then
    run sh -c "printf '%s\n' INFLUXDB_HTTP_BIND_ADDRESS=127.0.0.1:8086 INFLUXDB_BIND_ADDRESS=127.0.0.1:8088 INFLUXDB_REPORTING_DISABLED=true >>$defaults"
    [ ! -d /run/systemd/system ] || run systemctl restart influxdb
  fi
}

install_service() {
  run install -m 0644 "$source_folder/deploy/porchlight.service" /etc/systemd/system/porchlight.service
  run systemctl enable porchlight
  # systemd does not run while an image for a card is made: then the service starts with the first boot.
  if [ ! -d /run/systemd/system ] && [ "$dry_run" = no ]; then
    start=no
    return
  fi
  run systemctl daemon-reload
  [ "$start" = no ] || run systemctl restart porchlight
}

check_machine
say "packages"
install_packages ca-certificates fping iproute2 openssl
say "Node"
provide_node
say "better-sqlite3 is compiled where its prebuilt file cannot be had: compiler"
install_packages python3 make g++
say "user, program, configuration"
create_user
install_program
install_configuration
if [ "$with_influxdb" = yes ]; then
  say "InfluxDB"
  install_influxdb
fi
say "service"
install_service

if [ "$start" = yes ]; then
  echo "Porchlight is installed. Its page: http://$(hostname)/ (on this machine: http://127.0.0.1/)"
else
  echo "Porchlight is installed and not started: systemctl start porchlight"
fi
echo "Configuration: $config/porchlight.yaml (example beside it), then: systemctl restart porchlight"
