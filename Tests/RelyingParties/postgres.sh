#!/usr/bin/env bash
# A PostgreSQL server of its own for tests: its cluster in DIR, on 127.0.0.1:PORT and a socket in DIR.
#
#   postgres.sh run DIR PORT   leaves a process that makes and starts it, says 'ready', and ends and removes it when its input ends
#   postgres.sh kill DIR       ends every process of it at once, as a machine does that loses power
#   postgres.sh start DIR      starts it again
#   postgres.sh create DIR DB  makes a database
#
# PostgreSQL does not run as root: then it runs as the user 'postgres', whom Debian's package makes.
set -euo pipefail

directory=$2
binaries=$(find /usr/lib/postgresql -maxdepth 2 -name bin | sort -V | tail -n 1)
[ -n "$binaries" ] || { echo "PostgreSQL is not installed: run deploy/install --tests" >&2; exit 69; }

as() {
    if [ "$(id -u)" -eq 0 ]; then
        setpriv --reuid=postgres --regid=postgres --clear-groups env -C "$directory" "$@"
    else
        env -C "$directory" "$@"
    fi
}

start() {
    # The shared memory of processes that were killed may still be in use for a moment.
    for _ in $(seq 50); do
        if as "$binaries/pg_ctl" -D "$directory/data" -l "$directory/log" -w start </dev/null >/dev/null 2>&1; then return; fi
        sleep 0.1
    done
    cat "$directory/log" >&2
    exit 69
}

case "$1" in
run) setsid "$0" stay "$directory" "$3" <&0 & ;;
stay)
    mkdir -p "$directory"
    chmod 755 "$directory"
    [ "$(id -u)" -ne 0 ] || chown postgres: "$directory"
    trap 'as "$binaries/pg_ctl" -D "$directory/data" -m immediate stop </dev/null >/dev/null 2>&1 || true; rm -rf "$directory"' EXIT
    as sh -c "umask 077; echo 'password of the tests' >'$directory/password'"
    as "$binaries/initdb" -D "$directory/data" -U jobpass -A trust --auth-host=scram-sha-256 --pwfile="$directory/password" \
        --encoding=UTF8 --locale=C --no-sync >"$directory/initdb" </dev/null
    as sh -c "cat >>'$directory/data/postgresql.conf'" <<END
listen_addresses = '127.0.0.1'
port = $3
unix_socket_directories = '$directory'
max_connections = 200
fsync = off
END
    start
    echo ready
    cat >/dev/null
    ;;
kill)
    postmaster=$(head -n 1 "$directory/data/postmaster.pid")
    mapfile -t children < <(pgrep -P "$postmaster" || true)
    kill -9 "$postmaster" "${children[@]}"
    ;;
start) start ;;
create) as "$binaries/createdb" -h "$directory" -p "$(sed -n 4p "$directory/data/postmaster.pid")" -U jobpass "$3" </dev/null ;;
*) exit 64 ;;
esac
