# What scripts/test, scripts/bench and scripts/crash share: a temporary folder,
# throw-away servers in it, steps that end when they are told to, and cleaning
# up however the script ends. Sourced after `set -euo pipefail`, from the
# project's folder.
# shellcheck shell=bash
# shellcheck disable=SC2317 # functions are reached from traps

name=${0##*/}
servers=$PWD/scripts/servers
work=  # temporary folder: server data, pid of the running step
guard= # pid, and process group, of the guard
PATH=$PATH:${CARGO_HOME:-${HOME-}/.cargo}/bin

die() {
  printf 'scripts/%s: %s\n' "$name" "$*" >&2
  exit "${code:-1}"
}

# The comment at the head of the script.
usage() { sed -n '2,/^[^#]/{/^# shellcheck/d;/^#/s/^# \{0,1\}//p;}' "scripts/$name"; }

require_cargo() { command -v cargo >/dev/null || die 'cargo not found; install Rust (https://rustup.rs)'; }

# Makes the temporary folder, and sees to it that everything is cleaned up.
begin() {
  trap cleanup EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  # Not with the word that is the servers' password: tests look for it in what is printed.
  work=$(mktemp -d "${TMPDIR:-/tmp}/opsctl.$name.XXXXXX")
  # The servers' system users must be able to pass through when we are root.
  mkdir "$work/tmp"
  ((EUID != 0)) || chmod 711 "$work" "$work/tmp"
  export TMPDIR=$work/tmp # what a step leaves there when it is ended goes with the rest
  setsid "$BASH" -c "$(declare -f running end_step sweep watch_over); watch_over \"\$@\"" \
    guard "$$" "$work" "$servers" </dev/null >/dev/null 2>&1 &
  guard=$!
}

# Starts all servers by `run`, or by what else is given; `. "$work/exports"`
# then exports their addresses.
start_servers() {
  # shellcheck disable=SC2016
  "$@" "$BASH" -c 'exec "$1" start "$2" >"$3"' start "$servers" "$work/servers" "$work/exports"
}

# Runs a command in a process group of its own, so that a signal to this
# script takes effect at once and everything the command started can be ended.
run() {
  local rc=0
  (
    echo "$BASHPID" >"$work/step"
    exec setsid env --default-signal=HUP,INT,QUIT,TERM "$@"
  ) </dev/null &
  wait "$!" || rc=$?
  rm -f "$work/step"
  return "$rc"
}

# Ends the step with the process group $1: asks, waits 20 seconds at most, ends.
end_step() {
  local tries=400
  # Just begun, it may still be in our group and has no group of its own yet.
  kill -TERM -- "-$1" 2>/dev/null || kill -TERM "$1" 2>/dev/null || return 0
  while ((tries-- > 0)) && running "$1"; do
    sleep 0.05
  done
  kill -KILL -- "-$1" 2>/dev/null || true
}

# Whether process $1 lives (a zombie does not).
running() {
  local stat=''
  { read -r -d '' stat <"/proc/$1/stat" || [[ $stat ]]; } 2>/dev/null || return 1
  [[ ${stat##*) } != [ZX]* ]]
}

# Stops the servers, those of tests that were ended included, and removes the
# temporary folder with the small disks that they mounted there.
sweep() {
  local left rc=0
  while IFS= read -r left; do
    "$servers" stop "${left%/*}" || rc=1
  done < <(find "$work" -maxdepth 5 -name .opsctl-servers 2>/dev/null)
  while read -r _ left _; do
    [[ $left != "$work"/* ]] || umount -- "$left" || rc=1
  done </proc/mounts
  ((rc == 0)) && rm -rf -- "$work"
}

# Cleans up after this script if it is killed outright; runs in a session of
# its own until then. Arguments: pid of this script, temporary folder, servers.
watch_over() {
  local step
  work=$2 servers=$3
  while running "$1"; do sleep 0.5; done
  if step=$(cat "$work/step" 2>/dev/null); then end_step "$step"; fi
  sweep
}

cleanup() {
  local rc=$? pid
  trap '' HUP INT TERM
  trap - EXIT
  for pid in $(jobs -p); do
    [[ $pid == "$guard" ]] || end_step "$pid" 2>/dev/null
  done
  if [[ $work ]]; then sweep || rc=$((rc ? rc : 1)); fi
  if [[ $guard ]]; then kill -KILL -- "-$guard" 2>/dev/null || true; fi
  exit "$rc"
}
