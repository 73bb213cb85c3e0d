#!/usr/bin/env bash
# Builds docker/Dockerfile where no image registry is in reach, as tests and CI are: upon base images made here from
# Debian's packages, with the machine's own Rust and Node in place of those in rust:* and node:*. Everybody else calls
# `docker build -f docker/Dockerfile .`, see docs/deployment/container.md.
# Leaves localhost/sftpbridge:dev (and :latest) in podman's store, and the program out of that image as
# target/dist/sftpbridge. The store keeps all layers: seconds when nothing has changed.
set -euo pipefail
cd "$(dirname "$0")/../.."

# There may be no systemd to have the health check's timers of.
export DISABLE_HC_SYSTEMD=true
image=localhost/sftpbridge
bases=localhost/sftpbridge-test
target=${CARGO_TARGET_DIR:-target}
# Those that this machine trusts on its way to the packages. Mounted while programs run; the image gets Debian's own.
authorities=/etc/ssl/certs/ca-certificates.crt

say() { printf 'image: %s\n' "$*"; }
fail() {
    say "$@" >&2
    exit 1
}

# build NAME OPTION...: an image, and nothing left of the one that had the name before. Silent, unless it fails.
build() {
    local name=$1 before after
    shift
    before=$(id_of "$name")
    say "$name"
    # The chroot has the machine's network, and needs no runtime. HEALTHCHECK is known to docker's format alone. If this
    # script is killed, so is all that the build has started: its processes are in a namespace.
    setpriv --pdeathsig KILL unshare --pid --fork --kill-child --mount-proc \
        buildah bud --isolation chroot --format docker --layers --pull-never --tag "$name" "$@" \
        >"$log" 2>&1 8>&- || { cat "$log" >&2 && fail "cannot build $name, see above"; }
    after=$(id_of "$name")
    # Its layers go with it, but for those that others stand on. What a container still has stays.
    [ -z "$before" ] || [ "$before" = "$after" ] || podman rmi "$before" >"$log" 2>&1 || true
}

id_of() { podman image inspect --format '{{.Id}}' "$1" 2>/dev/null || true; }

# The name says what it was made of: another suite or variant is another image.
debian_base() {
    podman image exists "$debian" && return
    say "$debian"
    mmdebstrap --quiet --variant=minbase bookworm | podman import --quiet - "$debian" >/dev/null ||
        fail "cannot make $debian"
}

stand_in() {
    build "$bases/$1" --build-arg "DEBIAN_BASE=$debian" --build-arg "RUST_VERSION=$(rustc --version)" \
        --build-arg "NODE_VERSION=$(node --version)" --target "$1" \
        --file tests/container/bases.Dockerfile tests/container
}

# docker/Dockerfile as it is, or one of its stages.
image_of() {
    local name=$1
    shift
    build "$name" --build-arg "RUST_BASE=$bases/rust" --build-arg "NODE_BASE=$bases/node" \
        --volume "$authorities:$authorities:ro" \
        --volume "$(rustc --print sysroot):/usr/local/rust:ro" --volume "$cargo_home:/usr/local/cargo" \
        --volume "$(readlink -f "$(command -v node)"):/usr/local/bin/node:ro" \
        --volume "$npm_folder:/usr/local/lib/node_modules/npm:ro" \
        "$@" --file docker/Dockerfile .
}

# What is the same already is left alone: others may be running it.
take_program() {
    local container fresh=$target/dist/sftpbridge.new
    mkdir -p "$target/dist"
    container=$(podman create "$image:dev")
    podman cp "$container:/usr/bin/sftpbridge" "$fresh"
    podman rm "$container" >/dev/null
    if cmp -s "$fresh" "$target/dist/sftpbridge"; then rm "$fresh"; else mv "$fresh" "$target/dist/sftpbridge"; fi
}

# What builds that were killed have left. No other is under way, because this one has the lock.
clear_leftovers() {
    local base container from
    base=$(first_layer "$debian")
    buildah containers --noheading --format '{{.ContainerID}} {{.ImageID}}' | while read -r container from; do
        [ "$(first_layer "$from")" != "$base" ] || buildah rm "$container" >/dev/null
    done
}

first_layer() { podman image inspect --format '{{index .RootFS.Layers 0}}' "$1" 2>/dev/null || true; }

# All anew leaves 2.2 GB, and has more while it is at work. What has changed in our own sources takes much less.
check_room() {
    local store needed=4000 free
    podman image exists "$bases/program" && needed=1500
    store=$(podman info --format '{{.Store.GraphRoot}}')
    free=$(df --output=avail --block-size=1M "$store" | tail -n 1)
    [ "$free" -ge "$needed" ] ||
        fail "$store has $((free)) MB free, and $needed are needed; podman image prune may give some"
}

for program in buildah podman mmdebstrap flock setpriv unshare rustc node npm; do
    command -v "$program" >/dev/null || fail "$program is not installed; run: tests/setup.sh"
done
[ "$(id -u)" -eq 0 ] || fail "run it as root: it makes file systems with owners other than you"
cargo_home=${CARGO_HOME:-$HOME/.cargo}
npm_folder=$(npm root --global)/npm
debian=$bases/debian:bookworm-minbase
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# One at a time, or two would make the same images.
exec 8>/run/lock/sftpbridge-image
flock --nonblock 8 || { say "another build is under way; waiting for it" && flock 8; }
check_room
mkdir -p "$cargo_home"
debian_base
clear_leftovers
stand_in rust
stand_in node
# The stages have names, so that their layers are there for the next build, and go when they are not of use any more.
image_of "$bases/page" --target page
image_of "$bases/program" --target program
image_of "$image:dev"
podman tag "$image:dev" "$image:latest"
take_program
# The peers of docker/compose.yaml and compose.tls.yaml.
stand_in caddy
build "$bases/openssh" --build-arg "DEBIAN_BASE=$debian" docker/openssh
