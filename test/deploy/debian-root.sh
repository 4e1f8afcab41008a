# Sourced by the scripts beside it: Debian roots to try things in, below the folder $work.
# $node_folder is a Node distribution with bin/node and include/node, or empty for that of this machine.

say() { printf '\n== %s\n' "$*"; }
fail() { echo "FAILED: $*" >&2 && exit 1; }

unmount_all() {
  local at
  for at in $(awk -v start="$work/" 'index($2, start) == 1 { print $2 }' /proc/mounts | sort -r); do umount -l "$at"; done
}
finish() {
  unmount_all
  if [ "$keep" = no ]; then rm -rf "${work:?}"/stage-* "${work:?}"/installed "${work:?}/base"; fi
}

# Stands in for the base image: Debian, and Node with npm below /usr/local.
make_base() {
  local base=$work/base npm
  [ ! -e "$base/.complete" ] || return 0
  say "base: debootstrap bookworm"
  rm -rf "$base"
  debootstrap --variant=minbase bookworm "$base" >"$work/debootstrap.log" 2>&1 || fail "debootstrap, see $work/debootstrap.log"
  # How this machine reaches its package servers.
  cp -R /etc/apt/apt.conf.d/. "$base/etc/apt/apt.conf.d/"
  cp -R /etc/apt/sources.list.d/. "$base/etc/apt/sources.list.d/"
  [ ! -s "$base/etc/apt/sources.list" ] || : >"$base/etc/apt/sources.list"
  printf '#!/bin/sh\nexit 101\n' >"$base/usr/sbin/policy-rc.d" && chmod 755 "$base/usr/sbin/policy-rc.d"
  mkdir -p "$base/usr/local/include"
  if [ -n "$node_folder" ]; then
    cp "$node_folder/bin/node" "$base/usr/local/bin/node"
    cp -R "$node_folder/include/node" "$base/usr/local/include/node"
  else
    cp "$(readlink -f "$(command -v node)")" "$base/usr/local/bin/node"
    cp -R "$(dirname "$(readlink -f "$(command -v node)")")/../include/node" "$base/usr/local/include/node"
  fi
  npm=$(dirname "$(readlink -f "$(command -v npm)")")/..
  mkdir -p "$base/usr/local/lib/node_modules"
  cp -R "$(readlink -f "$npm")" "$base/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$base/usr/local/bin/npm"
  ln -s ../lib/node_modules/npm/bin/npx-cli.js "$base/usr/local/bin/npx"
  # What Node needs; the slim image has no more either.
  chroot "$base" sh -c 'apt-get -qq update && apt-get -qq -y --no-install-recommends install libstdc++6 libatomic1' >/dev/null
  touch "$base/.complete"
}

# How this machine reaches its package servers goes in with a command and out again after it.
in_root() {
  local root=$1 extra=() code=0
  shift
  if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then
    cp "$NODE_EXTRA_CA_CERTS" "$root/run/extra-ca.pem"
    extra+=(NODE_EXTRA_CA_CERTS=/run/extra-ca.pem)
  fi
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  mount --bind /proc "$root/proc" && mount --bind /dev "$root/dev"
  chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
    DEBIAN_FRONTEND=noninteractive "${extra[@]}" "$@" </dev/null || code=$?
  umount "$root/proc" "$root/dev"
  rm -f "$root/run/extra-ca.pem"
  return "$code"
}
