# Sourced by what measures over PostgreSQL: starts a server of its own in a new folder, as durable as servers are, and sets `url`
# to its database. The server ends with the script.
bin=$(dirname "$(command -v initdb || ls -d /usr/lib/postgresql/*/bin/initdb | tail -1)")
data=$(mktemp -d)
as=()
if [ "$(id -u)" = 0 ]; then
    # It refuses to run as root.
    chown postgres "$data"
    as=(runuser -u postgres --)
fi
trap '"${as[@]}" "$bin/pg_ctl" -D "$data/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$data"' EXIT
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cd_data() { (cd "$data" && "${as[@]}" "$@"); }
cd_data "$bin/initdb" -D "$data/data" -A trust -U postgres -E UTF8 --no-locale >"$data/log"
cd_data "$bin/pg_ctl" -D "$data/data" -l "$data/server.log" -w \
    -o "-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories=$data" start >"$data/log"
url="postgres://postgres@127.0.0.1:$port/postgres"
