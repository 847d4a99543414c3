#!/usr/bin/env bash
# Runs a command with MOSQUITTO naming the MQTT broker's program, which tests start brokers of their own with:
#   bash scripts/mosquitto.sh npx jest libs/gateways
# mosquitto is installed from Debian's packages if it is not there (as root).
set -euo pipefail

if [ $# -eq 0 ]; then
  echo "usage: bash scripts/mosquitto.sh COMMAND [ARGUMENT...]" >&2
  exit 2
fi

find_program() {
  local each
  for each in "$(command -v mosquitto || true)" /usr/sbin/mosquitto /usr/local/sbin/mosquitto; do
    if [ -n "$each" ] && [ -x "$each" ]; then
      echo "$each"
      return
    fi
  done
  return 1
}

program=$(find_program || true)
if [ -z "$program" ]; then
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "scripts/mosquitto.sh: mosquitto is not installed" >&2
    exit 1
  fi
  echo "installing mosquitto" >&2
  export DEBIAN_FRONTEND=noninteractive
  # The package must not start a broker of its own.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  apt-get update -qq >&2 && apt-get install -y -qq --no-install-recommends mosquitto >/dev/null
  program=$(find_program)
  rm -f "$policy"
  trap - EXIT
fi

export MOSQUITTO=$program
exec "$@"
