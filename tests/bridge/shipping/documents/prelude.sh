# shellcheck shell=bash
# What stands before the blocks of a page, in the shell that they all run in.
set -e
servers=()

# From here on it is this block's turn: its place in the page, `docs/check.md:7`.
step() {
    printf '%s\n' "$1" >>"$STEPS/progress"
    printf -- '--- %s\n' "$1"
}

listeners() {
    awk 'FNR > 1 && $4 == "0A"' /proc/net/tcp /proc/net/tcp6 | wc -l
    grep -c ' 00010000 ' /proc/net/unix || true
}

# Runs a block as a server, in a process group of its own, and waits until it listens somewhere.
serve() {
    local before
    before=$(listeners)
    set -m
    # shellcheck disable=SC1090 # Any block.
    (set -e && . "$1") </dev/null &
    set +m
    servers+=($!)
    while [ "$(listeners)" = "$before" ]; do
        kill -0 "${servers[-1]}" 2>/dev/null || { echo "it ended before it listened" && return 1; }
        sleep 0.05
    done
}

end_servers() {
    local server
    for server in "${servers[@]}"; do
        kill -- "-$server" 2>/dev/null || true
        wait "$server" || true
    done
    servers=()
}

# For `needs:` of a page that works in a copy of this repository: it is in this folder, and gone with the page.
checkout() {
    local layers=/run/layers/repository
    mkdir -p "$layers/upper" "$layers/work" "$1"
    mount -t overlay overlay -o "lowerdir=/run/repository,upperdir=$layers/upper,workdir=$layers/work" "$1"
}

# For `needs:` of a page that wants port 443 for itself: wss://files.example.org is there no more.
without_site() {
    kill "$(cat /run/site.pid)"
    while (: </dev/tcp/127.0.0.1/443) 2>/dev/null; do sleep 0.05; done
}

ends_with() {
    [ "$2" -eq "$1" ] || { echo "exit code $2 and not $1" && return 1; }
}
