#!/bin/bash
# The demo: declares storage in TypeScript, deploys it, and lets real containers use it, change after change.
#   demo.sh up     begins afresh each time; leaves everything running to look at
#   demo.sh down   ends it: nothing of it is left on the machine
# It uses only what `make build` made and what anyone could type. Everything it makes is below HOLDFAST_DEMO_ROOT
# (default /var/tmp/holdfast-demo), but for the plugin's socket, which Docker looks for in one place only.
set -euo pipefail

top=$(cd -- "$(dirname -- "$0")/.." && pwd)
demo=${HOLDFAST_DEMO_ROOT:-/var/tmp/holdfast-demo}
machine=$demo/machine
plugin=/run/docker/plugins/holdfast.sock
image=holdfast/demo
web=holdfast-demo-web cache=holdfast-demo-cache spec=size=1G,fs=xfs,name=cache
export PATH=$top/bin:$top/.toolchain/bin:$PATH:/usr/sbin:/sbin
export HOLDFAST_ENDPOINT=unix://$machine/run/holdfast/holdfast.sock

if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' cyan=$'\e[36m' red=$'\e[31m' plain=$'\e[0m'; else bold='' dim='' green='' cyan='' red='' plain=''; fi
section() { printf '\n%s━━ %s%s\n' "$bold" "$1" "$plain"; }
say() { printf '%s\n' "$*"; }
indent() { sed 's/^/    /'; }
# Shows a command as it could be typed, runs it, and shows what it says.
shown() {
  local word line=''
  for word in "$@"; do
    case $word in
      *[!a-zA-Z0-9_./:=@,-]*) line="$line '$word'" ;;
      *) line="$line $word" ;;
    esac
  done
  printf '  %s$%s%s\n' "$cyan" "$line" "$plain"
  "$@" 2>&1 | indent
}
# Runs a command line inside the first container.
inside() {
  printf '  %s%s#%s %s\n' "$cyan" "$web" "$plain" "$1"
  docker exec "$web" sh -c "$1" 2>&1 | indent
}

up() {
  if [ -e "$demo" ]; then
    say "Ending the demo that is still there, to begin afresh."
    down
  fi
  if [ -S "$plugin" ]; then
    say "There is a volume driver at $plugin already. The demo would take its place, so it stops here."
    exit 1
  fi
  trap 'failed $?' EXIT
  mkdir -p "$demo" "$machine"
  touch "$demo/.holdfast-scratch" "$machine/.holdfast-scratch"

  section '1  A daemon, and an empty disk'
  DOCKER_HOST=$("$top/tools/engine" start "$demo/engine")
  export DOCKER_HOST
  "$top/tools/engine" image "$image"
  start_daemon
  truncate -s 12G "$demo/disk.img"
  disk=$(losetup --find --show "$demo/disk.img")
  say "holdfastd runs on its embedded store. $disk is an empty disk of 12 GiB (a sparse file, for the demo)."
  shown holdfast node list

  section '2  Storage, declared in TypeScript'
  say "stacks/local.ts, its middle:"
  sed -n '/const pool =/,/for (const name/p' "$top/stacks/local.ts" | indent
  say "and what it takes from cdktf.json:"
  settings 1 ''
  shown cat cdktf.json
  deploy
  shown holdfast pool list
  shown holdfast volume list

  section '3  A container writes to the declared volume'
  shown docker run --detach --name "$web" --network none --volume-driver holdfast -v web:/data "$image" sh -c "$writer"
  wait_for docker exec "$web" test -s /data/diary
  inside 'df -h /data'
  inside 'wc -l /data/diary; tail -n 1 /data/diary'

  section '4  One number changes, and the disk grows under the running container'
  settings 3 ''
  shown diff --unified=0 --label before --label after cdktf.json.before cdktf.json || true
  deploy
  inside 'df -h /data'
  inside 'wc -l /data/diary; tail -n 1 /data/diary'
  say "  ${green}The container never stopped${plain}: up since $(docker inspect --format '{{.State.StartedAt}}' "$web" | cut -c12-19) UTC, and it is $(date -u +%H:%M:%S)."

  section '5  A snapshot, an accident, and the way back'
  inside 'echo "what we cannot lose" > /data/precious; ls /data'
  settings 3 '"before-the-accident"'
  shown diff --unified=0 --label before --label after cdktf.json.before cdktf.json || true
  deploy
  shown holdfast snapshot list web
  inside 'rm -rf /data/*; ls /data | wc -l'
  shown docker rm --force "$web"
  shown holdfast snapshot restore web@before-the-accident
  shown docker run --detach --name "$web" --network none --volume-driver holdfast -v web:/data "$image" sh -c "$writer"
  inside 'cat /data/precious'

  section '6  A second container, with no ticket: its volume is made from the line that names it'
  shown docker run --name "$cache" --network none --volume-driver holdfast -v "$spec:/data" "$image" sh -c 'echo "made on the spot" > /data/hello; df -h /data; cat /data/hello'
  shown holdfast volume list

  section '7  Deploying once more changes nothing'
  deploy

  trap - EXIT
  printf '\n%sDone.%s It is still running; look around, and then end it:\n' "$green$bold" "$plain"
  say "    export HOLDFAST_ENDPOINT=$HOLDFAST_ENDPOINT${DOCKER_HOST:+ DOCKER_HOST=$DOCKER_HOST}"
  say "    bin/holdfast status"
  say "    make demo-down"
}

# What the first container does: a line of a diary, four times a second.
# shellcheck disable=SC2016 # expanded in the container
writer='while :; do echo "$(date +%T) all is well" >> /data/diary; sleep 0.25; done'

start_daemon() {
  if [ ! -d "${plugin%/*}" ]; then
    mkdir -p "${plugin%/*}"
    touch "$demo/made-plugin-folder"
  fi
  holdfastd --root "$machine" --plugin-socket "$plugin" >"$demo/holdfastd.log" 2>&1 </dev/null &
  echo $! >"$demo/holdfastd.pid"
  wait_for holdfast node list
  wait_for test -S "$plugin"
}

# settings GIBIBYTES SNAPSHOTS: the stack's cdktf.json, in the demo's own directory.
settings() {
  cd "$demo"
  [ ! -f cdktf.json ] || cp cdktf.json cdktf.json.before
  cat >cdktf.json <<JSON
{
  "language": "typescript",
  "app": "node $top/stacks/main.ts",
  "projectId": "holdfast-demo",
  "sendCrashReports": "false",
  "context": {
    "local": {
      "devices": ["$disk"],
      "webGibibytes": $1,
      "snapshots": [$2]
    }
  }
}
JSON
}

# Deploys the stack; of the tool's many lines, those that say what happened are shown, and all of them when it fails.
deploy() {
  printf '  %s$ cdktf deploy local --auto-approve%s\n' "$cyan" "$plain"
  local status=0
  CDKTF_HOME=$demo/cdktf-home "$top/tools/cdktf/run" deploy local --auto-approve --no-color >"$demo/deploy.log" 2>&1 || status=$?
  # Without the lines of a clock that turns.
  LC_ALL=C sed -e 's/\x1b\[[0-9;?]*[A-Za-z]//g' -e '/^[^ -~]* *\(Starting\|Synthesizing\|Processing\)/d' -e '/^\r\?$/d' "$demo/deploy.log" >"$demo/deploy.txt"
  if [ "$status" != 0 ]; then
    cat "$demo/deploy.txt"
    return 1
  fi
  grep -E '(Creation|Modifications|Destruction) complete|Apply complete|No changes' "$demo/deploy.txt" | sed 's/^ *local *//' | indent
}

wait_for() {
  for _ in $(seq 300); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.1
  done
  say "${red}waited in vain for:${plain} $*"
  return 1
}

failed() {
  trap - EXIT
  printf '\n%sThe demo failed%s (exit %s). The end of what the daemon said:\n' "$red$bold" "$plain" "$1"
  tail -n 15 "$demo/holdfastd.log" 2>/dev/null | indent
  say "${dim}Cleaning up.${plain}"
  down
  exit 1
}

down() {
  cd "$top"
  if [ -S "$demo/engine/docker.sock" ]; then DOCKER_HOST=unix://$demo/engine/docker.sock; else DOCKER_HOST=unix:///var/run/docker.sock; fi
  export DOCKER_HOST
  if docker version >/dev/null 2>&1; then
    docker rm --force --volumes "$web" "$cache" >/dev/null 2>&1 || true
    docker image rm "$image" >/dev/null 2>&1 || true
    # An engine that was there before keeps a note of every volume. It lets go of them only while the driver answers,
    # and of an in-line spec only while its volume exists.
    { echo "$spec"; docker volume ls --quiet --filter driver=holdfast; } 2>/dev/null | while read -r volume; do
      docker volume rm --force "$volume" >/dev/null 2>&1 || true
    done
  fi
  if [ -f "$demo/holdfastd.pid" ]; then
    pid=$(cat "$demo/holdfastd.pid")
    if tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "--root $machine"; then
      kill "$pid" 2>/dev/null || true
      for _ in $(seq 100); do [ -d "/proc/$pid" ] || break; sleep 0.1; done
      kill -9 "$pid" 2>/dev/null || true
    fi
    rm -f "$plugin"
  fi
  "$top/tools/engine" stop "$demo/engine"
  [ ! -f "$demo/made-plugin-folder" ] || rmdir --ignore-fail-on-non-empty "${plugin%/*}"
  "$top/tools/scrub" "$demo"
}

case ${1:-} in
  up) up ;;
  down)
    [ -e "$demo" ] || { say 'There is no demo to end.'; exit 0; }
    down
    say 'The demo is over. Nothing of it is left.'
    ;;
  *)
    sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
