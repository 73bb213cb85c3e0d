#!/usr/bin/env bash
# Installs what the tests need: the peers (OpenSSH, sshfs, Node with sftp-ws) and a system user to log in as.
# Quick when everything is there. What it cannot install, it names with the command that does.
set -euo pipefail
cd "$(dirname "$0")/.."

user=${SFTPBRIDGE_TEST_USER:-sftpbridge-test}
target=${CARGO_TARGET_DIR:-target}

say() { printf 'setup: %s\n' "$*"; }
fail() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -n "$@"
    else
        fail "not root, and there is no sudo; run as root: $*"
    fi
}

missing_packages() {
    local command package
    while read -r command package; do
        PATH=$PATH:/usr/sbin:/sbin:/usr/lib/openssh command -v "$command" >/dev/null || printf '%s\n' "$package"
    done <<'TABLE' | sort -u
sshd openssh-server
sftp openssh-client
ssh-keygen openssh-client
sftp-server openssh-sftp-server
sshpass sshpass
sshfs sshfs
fusermount3 fuse3
ps procps
socat socat
openssl openssl
node nodejs
npm npm
cc gcc
cc libc6-dev
TABLE
}

install_packages() {
    local wanted
    mapfile -t wanted < <(missing_packages)
    if [ ${#wanted[@]} -eq 0 ]; then
        say "packages are there"
        return
    fi
    command -v apt-get >/dev/null || fail "no apt-get here; install these another way: ${wanted[*]}"
    say "installing ${wanted[*]}"
    export DEBIAN_FRONTEND=noninteractive
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 update -q
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -o DPkg::Lock::Timeout=300 install -y -q --no-install-recommends "${wanted[@]}"
    mapfile -t wanted < <(missing_packages)
    [ ${#wanted[@]} -eq 0 ] || fail "still missing: apt-get install -y ${wanted[*]}"
}

# A new password at each run: no account with a known password stays behind.
renew_user() {
    if ! id "$user" >/dev/null 2>&1; then
        say "adding the user $user"
        as_root useradd --create-home --shell /bin/sh "$user"
    fi
    local password
    password=$(head -c 18 /dev/urandom | base64 | tr '+/' '-_')
    printf '%s:%s\n' "$user" "$password" | as_root chpasswd
    mkdir -p "$target"
    (umask 077 && printf '%s:%s\n' "$user" "$password" >"$target/test-user.new")
    mv "$target/test-user.new" "$target/test-user"
    say "renewed the password of $user ($target/test-user)"
}

install_node_modules() {
    local stamp=tests/node/node_modules/.package-lock.json
    if [ -e "$stamp" ] && [ ! tests/node/package-lock.json -nt "$stamp" ]; then
        say "node modules are there"
        return
    fi
    say "npm ci in tests/node"
    (cd tests/node && npm ci --ignore-scripts --no-audit --no-fund </dev/null) ||
        fail "npm ci failed; run it again: cd tests/node && npm ci --ignore-scripts"
    touch "$stamp"
}

command -v cargo >/dev/null || fail "cargo is missing: install Rust 1.95 or newer with clippy and rustfmt, see https://rustup.rs"
cargo clippy --version >/dev/null 2>&1 || fail "clippy is missing: rustup component add clippy"
cargo fmt --version >/dev/null 2>&1 || fail "rustfmt is missing: rustup component add rustfmt"
install_packages
as_root mkdir -p /run/sshd
renew_user
install_node_modules
say "ready"
