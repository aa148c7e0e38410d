#!/bin/sh
# What the inits of the test guests share: the sound driver, and the host's
# commands over the virtio-serial port "control"; sourced. Each command's
# output goes back, followed by "@@ rc N".

# load_driver PARAMETER...: what the host passes.
# shellcheck disable=SC2120
load_driver() {
  insmod /lib/modules/virtio_snd.ko "$@" || return
  wait_for /dev/snd/controlC0
}

# load_sound: the driver and what it stands on.
load_sound() {
  for module in soundcore snd snd-timer snd-pcm; do
    insmod /lib/modules/$module.ko || echo "init: cannot load $module"
  done
  # shellcheck disable=SC2119
  load_driver || echo "init: no sound card"
}

# wait_for FILE: for at most 5 s.
wait_for() {
  tries=0
  until [ -e "$1" ]; do
    [ $tries -lt 250 ] || return 1
    tries=$((tries + 1))
    sleep 0.02
  done
}

# start NAME COMMAND...: runs it in the background.
start() {
  name=$1
  shift
  rm -f "/tmp/$name.rc"
  ( "$@" >"/tmp/$name.out" 2>&1; echo $? >"/tmp/$name.tmp"; mv "/tmp/$name.tmp" "/tmp/$name.rc" ) &
  echo $! >"/tmp/$name.pid"
}

# finish NAME: waits for it, prints its output and returns its exit code.
finish() {
  until [ -e "/tmp/$1.rc" ]; do sleep 0.01; done
  cat "/tmp/$1.out"
  return "$(cat "/tmp/$1.rc")"
}

# serve: runs what the host says, line by line, until it hangs up.
serve() {
  port=$(grep -lx control /sys/class/virtio-ports/*/name)
  port=/dev/$(basename "$(dirname "$port")")
  wait_for "$port" || { echo "init: no control port"; return; }
  exec 3<>"$port"
  cut -d' ' -f1 /proc/uptime | sed 's/^/@@ ready /' >&3
  while read -r command <&3; do
    eval "$command" >/tmp/out 2>&1 3>&- </dev/null
    rc=$?
    cat /tmp/out >&3
    echo "@@ rc $rc" >&3
  done
}
