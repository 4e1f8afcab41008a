#!/usr/bin/env bash
# Runs deploy/install.sh for real in a Debian root made by debootstrap, twice, and starts what it installed as its
# unit says: user, capabilities, NoNewPrivileges, no network. systemd itself does not run there: `enable` is real,
# `restart` is skipped by systemctl, and of the unit's hardening only user, capabilities and NoNewPrivileges are tried.
#
# Usage, as root: test/deploy/install-steps.sh [--node FOLDER] [--keep] [WORK_FOLDER]
set -euo pipefail

node_folder='' keep=no
while [ $# -gt 0 ]; do
  case $1 in
    --node) node_folder=$2 && shift ;;
    --keep) keep=yes ;;
    *) break ;;
  esac
  shift
done
project=$(cd "$(dirname "$0")/../.." && pwd)
work=${1:-$(mktemp -d)}
mkdir -p "$work"
[ "$(id -u)" = 0 ] || { echo "This needs root (debootstrap, chroot)." >&2 && exit 1; }
if [ -z "${PORCHLIGHT_STEPS_INSIDE:-}" ]; then
  options=()
  [ -z "$node_folder" ] || options+=(--node "$node_folder")
  [ "$keep" = no ] || options+=(--keep)
  PORCHLIGHT_STEPS_INSIDE=yes exec unshare --mount --propagation private -- "$0" "${options[@]}" "$work"
fi
# shellcheck source=test/deploy/debian-root.sh
. "$project/test/deploy/debian-root.sh"
trap finish EXIT

make_base
root=$work/installed
rm -rf "$root" && cp -a "$work/base" "$root"
say "a Debian with systemd, and a checkout in it"
in_root "$root" sh -c 'apt-get -qq update && apt-get -qq -y --no-install-recommends install systemd' >"$work/install.log" 2>&1
mkdir -p "$root/usr/src/porchlight"
tar -C "$project" -c --exclude=./node_modules --exclude=./build --exclude=./.git --exclude=./data . | tar -x -C "$root/usr/src/porchlight"

for round in first second; do
  say "$round run of install.sh"
  # The headers are beside this Node; where they are not, the compiler's tool fetches them from nodejs.org.
  in_root "$root" npm_config_nodedir=/usr/local bash /usr/src/porchlight/deploy/install.sh >"$work/install-$round.log" 2>&1 ||
    { tail -30 "$work/install-$round.log" && fail "$round run"; }
  grep -v '^npm' "$work/install-$round.log" | tail -15
done

say "what is there"
chroot "$root" systemctl is-enabled porchlight
chroot "$root" systemd-analyze security --offline=true --no-pager /etc/systemd/system/porchlight.service | tail -1
chroot "$root" stat -c '%A %U:%G %n' /etc/porchlight /etc/porchlight/secrets.env /opt/porchlight/app /opt/porchlight/app/build
chroot "$root" getent passwd porchlight

# The unit's own words: what is tried is what is written there.
unit=$root/etc/systemd/system/porchlight.service
start=$(sed -n 's/^ExecStart=//p' "$unit")
# shellcheck disable=SC2016 # the inner shell expands it
as_unit='cd /etc/porchlight && exec setpriv --reuid porchlight --regid porchlight --clear-groups --no-new-privs \
  --bounding-set -all,+net_raw,+net_bind_service --inh-caps -all,+net_raw,+net_bind_service \
  --ambient-caps -all,+net_raw,+net_bind_service -- env NODE_ENV=production "$@"'
inside() { ${instead:-} chroot "$root" sh -c "$as_unit" sh "$@"; }

try_service() {
  ip link set lo up
  mount -t proc proc "$root/proc" && mount --bind /dev "$root/dev"
  install -d -m 0750 -o "$(stat -c %u "$root/var/lib/porchlight-owner")" "$root/var/lib/porchlight"
  say "ping without new privileges, by ambient capability"
  inside fping -q -C 2 -p 100 -- 127.0.0.1 2>&1
  say "$start"
  # shellcheck disable=SC2086 # its words are its arguments
  # In the place of the shell, so that the signal below reaches the appliance itself.
  instead=exec inside $start >"$work/service.log" 2>&1 &
  local pid=$! tries=0 code=0
  until chroot "$root" env PORCHLIGHT_HEALTH_URL=http://127.0.0.1:80/healthz \
    node /opt/porchlight/app/build/deploy/healthcheck.mjs >"$work/health.log" 2>&1; do
    tries=$((tries + 1))
    if [ $tries -gt 60 ] || ! kill -0 $pid 2>/dev/null; then tail -20 "$work/service.log" "$work/health.log" && fail "it never answered"; fi
    sleep 1
  done
  head -c 300 "$work/health.log"
  kill -TERM $pid
  wait $pid || code=$?
  say "SIGTERM: ended with code $code"
  [ "$code" = 0 ] || fail "it did not end well"
}
chroot "$root" sh -c 'touch /var/lib/porchlight-owner && chown porchlight: /var/lib/porchlight-owner'
[ -e "$root/opt/porchlight/app/build/appliance/main.js" ] || fail "no program was installed"
export -f say fail inside try_service
export root work start as_unit
unshare --net -- bash -euo pipefail -c try_service
say "install.sh did what it says"
