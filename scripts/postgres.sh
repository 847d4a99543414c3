#!/usr/bin/env bash
# Runs a command with DATABASE_TEST_URL naming a PostgreSQL cluster made for it, and removes the cluster afterwards:
#   bash scripts/postgres.sh npx jest libs/database
# PostgreSQL is installed from Debian's packages if it is not there (as root).
set -euo pipefail

if [ $# -eq 0 ]; then
  echo "usage: bash scripts/postgres.sh COMMAND [ARGUMENT...]" >&2
  exit 2
fi

find_bin() {
  local initdb
  initdb=$(command -v initdb || ls -1 /usr/lib/postgresql/*/bin/initdb 2>/dev/null | sort -V | tail -n 1) || true
  [ -n "$initdb" ] && dirname "$(readlink -f "$initdb")"
}

bin=$(find_bin || true)
if [ -z "$bin" ]; then
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "scripts/postgres.sh: PostgreSQL (initdb) is not installed" >&2
    exit 1
  fi
  echo "installing PostgreSQL" >&2
  export DEBIAN_FRONTEND=noninteractive
  # The package must not start a cluster of its own.
  mkdir -p /etc/postgresql-common/createcluster.d
  echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.d/no-main.conf
  apt-get update -qq >&2 && apt-get install -y -qq --no-install-recommends postgresql >/dev/null
  bin=$(find_bin)
fi

# initdb refuses root, so the cluster belongs to somebody else then.
as_owner=()
folder=$(mktemp -d "${TMPDIR:-/tmp}/latchkey-pg.XXXXXX")
if [ "$(id -u)" -eq 0 ]; then
  owner=$(id -un postgres 2>/dev/null || echo nobody)
  chown "$owner" "$folder"
  as_owner=(setpriv --reuid "$owner" --regid "$(id -g "$owner")" --clear-groups --)
fi

child=
stop() {
  local code=$?
  trap - EXIT INT TERM HUP
  if [ -n "$child" ]; then kill "$child" 2>/dev/null || true; fi
  if [ -f "$folder/data/postmaster.pid" ]; then
    "${as_owner[@]}" "$bin/pg_ctl" -D "$folder/data" -m immediate -w stop >/dev/null 2>&1 || true
  fi
  rm -rf "$folder"
  exit "$code"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

cd "$folder"
HOME=$folder "${as_owner[@]}" "$bin/initdb" -D "$folder/data" -U latchkey -A trust -E UTF8 --locale=C >"$folder/initdb.log" 2>&1 ||
  { cat "$folder/initdb.log" >&2; exit 1; }

# A port that is free now may be taken a moment later: try some.
for attempt in 1 2 3 4 5; do
  port=$((20000 + RANDOM % 12000))
  if "${as_owner[@]}" "$bin/pg_ctl" -D "$folder/data" -w -t 30 -l "$folder/data/log" start \
    -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$folder -c max_connections=300 -c fsync=off" \
    >/dev/null 2>&1; then
    break
  fi
  if [ "$attempt" = 5 ]; then
    cat "$folder/data/log" >&2
    exit 1
  fi
done
cd "$OLDPWD"

export DATABASE_TEST_URL="postgres://latchkey@127.0.0.1:$port/postgres"
# In the background, so that a signal is acted on at once and not when the command ends.
"$@" &
child=$!
code=0
wait "$child" || code=$?
child=
exit "$code"
