#!/usr/bin/env bash
# Runs the steps of the Dockerfile without a container engine: each stage is a Debian root made by debootstrap, with
# Node put where the official image has it; RUN lines run in it, COPY lines copy, and the command and the health
# check start as the last stage says: its user, a read-only root, /data alone writable, two capabilities, no network.
#
# Usage, as root: test/deploy/dockerfile-steps.sh [--node FOLDER] [--keep] [WORK_FOLDER]
#   --node FOLDER   a Node distribution with bin/node and include/node; default: that of this machine
#   --keep          leave the roots for a look
# Not done here: pulling the base image (its Debian and Node are stood in for), layers, arm64, the restart policy.
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

# shellcheck source=test/deploy/debian-root.sh
. "$project/test/deploy/debian-root.sh"
trap finish EXIT

# The Dockerfile with continued lines joined and comments taken out: one instruction a line.
instructions() {
  sed -e '/^[[:space:]]*#/d' "$project/Dockerfile" | sed -e ':a' -e '/\\$/N; s/[[:space:]]*\\\n[[:space:]]*/ /; ta' | sed '/^[[:space:]]*$/d'
}

stage=0 root='' folder=/ user=0:0 declare_env=()
declare -A stage_root=()
command_line='' entry_line='' health_line=''

as_array() { node -e 'console.log(JSON.parse(process.argv[1]).join("\n"))' "$1"; }

do_run() {
  say "RUN $1"
  in_root "$root" "${declare_env[@]}" /bin/sh -ec "cd '$folder'; $1" >"$work/run.log" 2>&1 ||
    { tail -40 "$work/run.log" && fail "RUN $1"; }
}

do_copy() {
  local from=$project words
  read -ra words <<<"$1"
  if [[ ${words[0]} == --from=* ]]; then
    from=${stage_root[${words[0]#--from=}]}
    words=("${words[@]:1}")
  fi
  local last=$((${#words[@]} - 1)) to source
  to=${words[$last]}
  [[ $to == /* ]] || to=$folder/$to
  for source in "${words[@]:0:$last}"; do
    # A folder's content is copied, a file goes by its name; as the image builder does.
    if [ -d "$from/$source" ]; then
      mkdir -p "$root/$to" && cp -R --no-preserve=ownership "$from/$source/." "$root/$to/"
    else
      mkdir -p "$root/$(dirname "$to/x")" && cp --no-preserve=ownership "$from/$source" "$root/$to"
    fi
  done
}

do_from() {
  local name=${1##* AS }
  stage=$((stage + 1)) root=$work/stage-$stage folder=/ user=0:0 declare_env=()
  say "FROM $1 -> $root"
  rm -rf "$root" && cp -a "$work/base" "$root"
  stage_root[$name]=$root
}

step() {
  local word=${1%% *} rest=${1#* }
  case $word in
    ARG | VOLUME | EXPOSE | STOPSIGNAL) ;;
    FROM) do_from "$rest" ;;
    RUN) do_run "$rest" ;;
    COPY) do_copy "$rest" ;;
    WORKDIR) folder=$rest && mkdir -p "$root/$folder" ;;
    ENV) read -ra words <<<"$rest" && declare_env+=("${words[@]}") ;;
    USER) user=$rest ;;
    HEALTHCHECK) health_line=$(as_array "${rest##*CMD }") ;;
    ENTRYPOINT) entry_line=$(as_array "$rest") ;;
    CMD) command_line=$(as_array "$rest") ;;
    *) fail "this script does not know the instruction $word" ;;
  esac
}

# As compose.yaml has it: user, read-only root, /tmp and /data writable, two capabilities in the bounding set.
# In a network namespace of its own, where only loopback is up: nothing leaves this machine.
inside() {
  ${instead:-} chroot "$root" setpriv --reuid "${user%:*}" --regid "${user#*:}" --clear-groups \
    --bounding-set -all,+net_raw,+net_bind_service --inh-caps -all -- \
    env -i PATH=/usr/local/bin:/usr/bin:/bin HOME=/data "${declare_env[@]}" \
    /bin/sh -c "cd '$folder' && exec \"\$@\"" sh "$@"
}

try_image() {
  say "the image: capabilities and size"
  getcap "$root/usr/bin/fping" "$root/usr/local/bin/node" 2>/dev/null || true
  du -sh --exclude=proc --exclude=dev "$root" | cut -f1
  ip link set lo up
  mount --bind "$root" "$root" && mount -o remount,bind,ro "$root"
  mount -t tmpfs -o size=16m tmpfs "$root/tmp"
  mount -t tmpfs -o "size=256m,uid=${user%:*},gid=${user#*:},mode=750" tmpfs "$root/data"
  mount -t proc proc "$root/proc" && mount --bind /dev "$root/dev"

  say "ping as $user, with the capability of the file"
  inside fping -q -C 2 -p 100 -- 127.0.0.1 2>&1 || fail "fping may not send"
  say "nothing but /data and /tmp can be written"
  inside sh -c 'for at in /app /config /etc /usr/local; do ! touch $at/x 2>/dev/null || exit 1; done' ||
    fail "the root can be written"
  inside sh -c 'touch /data/x && rm /data/x' || fail "/data cannot be written"
  say "better-sqlite3 loads and writes to /data"
  inside node --input-type=module -e '
    import { createRequire } from "node:module";
    const Database = createRequire("/app/package.json")("better-sqlite3");
    const db = new Database("/data/try.db");
    db.pragma("journal_mode = WAL");
    db.exec("create table t (x); insert into t values (42)");
    console.log(process.version, process.getuid(), db.prepare("select x from t").pluck().get());
    db.close();' || fail "better-sqlite3"
  try_command
}

try_command() {
  local -a entry command health
  mapfile -t entry <<<"$entry_line"
  mapfile -t command <<<"$command_line"
  mapfile -t health <<<"$health_line"
  [ -e "$root${entry[1]}" ] || fail "no program ${entry[1]} in the image"
  say "ENTRYPOINT and CMD: ${entry[*]} ${command[*]}"
  # In the place of the shell, so that the signal below reaches the appliance itself.
  instead=exec inside "${entry[@]}" "${command[@]}" >"$work/appliance.log" 2>&1 &
  local pid=$! tries=0
  until inside "${health[@]}" >"$work/health.log" 2>&1; do
    tries=$((tries + 1))
    if [ $tries -gt 60 ] || ! kill -0 $pid 2>/dev/null; then
      tail -20 "$work/appliance.log" "$work/health.log"
      fail "the health check never passed"
    fi
    sleep 1
  done
  say "HEALTHCHECK: $(head -c 300 "$work/health.log")"
  local from=$SECONDS code=0
  kill -TERM $pid
  wait $pid || code=$?
  say "SIGTERM: ended after $((SECONDS - from)) s with code $code"
  [ "$code" = 0 ] || fail "it did not end well"
  find "$root/data" -maxdepth 1 -type f -printf '%m %u %f\n'
}

# In a mount namespace of its own: the mounts end with it.
if [ -z "${PORCHLIGHT_STEPS_INSIDE:-}" ]; then
  options=()
  [ -z "$node_folder" ] || options+=(--node "$node_folder")
  [ "$keep" = no ] || options+=(--keep)
  trap - EXIT
  PORCHLIGHT_STEPS_INSIDE=yes exec unshare --mount --propagation private -- "$0" "${options[@]}" "$work"
fi

make_base
while IFS= read -r line; do step "$line"; done < <(instructions)
export -f say fail inside try_image try_command
export root work user folder entry_line command_line health_line
# Arrays do not pass through the environment: written into the command.
unshare --net -- bash -euo pipefail -c "$(declare -p declare_env); try_image"
say "all steps of the Dockerfile passed"
