#!/usr/bin/env bash
# Installs what the tests need: the peers (OpenSSH, sshfs, Node with sftp-ws, browsers, Helm for Python), a system user
# to log in as, and two PAM services by which a test's own sshd checks that user's password, and asks for a one-time code.
# The machine's own logins stay as they are, and nothing that is installed is started.
# Quick when everything is there. What it cannot install, it names with the command that does.
set -euo pipefail
cd "$(dirname "$0")/.."

user=${SFTPBRIDGE_TEST_USER:-sftpbridge-test}
target=${CARGO_TARGET_DIR:-target}
# sshd's PAM service is the name it was started by: a test starts it by one of these. tests/bridge/support/sshd.rs and
# otp.rs know them.
pam_service=/etc/pam.d/sshd-sftpbridge
otp_service=/etc/pam.d/sshd-otp-sftpbridge
otp_secrets=/var/lib/sftpbridge-test/otp

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

# A file is replaced as a whole, so that a test that runs meanwhile reads an old or a new one.
replace_file() {
    local file=$1 mode=$2
    as_root mkdir -p "$(dirname "$file")"
    # shellcheck disable=SC2016 # The inner shell expands it.
    as_root sh -c 'umask 077 && cat >"$1.new" && chmod "$2" "$1.new" && mv "$1.new" "$1"' sh "$file" "$mode"
}

pam_module() {
    compgen -G '/lib/*/security/pam_google_authenticator.so' >/dev/null ||
        compgen -G '/usr/lib/*/security/pam_google_authenticator.so' >/dev/null
}

missing_packages() {
    local command package
    [ -x /usr/lib/podman/netavark ] || printf 'netavark\naardvark-dns\n'
    pam_module || printf 'libpam-google-authenticator\n'
    python3 -c 'import ensurepip' 2>/dev/null || printf 'python3-venv\n'
    [ -s /etc/ssl/certs/ca-certificates.crt ] || printf 'ca-certificates\n'
    while read -r command package; do
        PATH=$PATH:/usr/sbin:/sbin:/usr/lib/openssh command -v "$command" >/dev/null || printf '%s\n' "$package"
    done <<'TABLE' | sort -u
sshd openssh-server
sftp openssh-client
ssh-keygen openssh-client
sftp-server openssh-sftp-server
ssh-agent openssh-client
sshpass sshpass
oathtool oathtool
sshfs sshfs
fusermount3 fuse3
ps procps
script bsdutils
setsid util-linux
diff diffutils
useradd passwd
socat socat
systemd-socket-activate systemd
openssl openssl
python3 python3
unzip unzip
jq jq
xxd xxd
lftp lftp
ip iproute2
nginx nginx-light
haproxy haproxy
promtool prometheus
pebble pebble
rsyslogd rsyslog
setpriv util-linux
unshare util-linux
mount mount
nsenter util-linux
mandoc mandoc
shellcheck shellcheck
mmdebstrap mmdebstrap
systemd-nspawn systemd-container
make make
chromium chromium
firefox-esr firefox-esr
node nodejs
npm npm
buildah buildah
podman podman
runc runc
iptables iptables
cc gcc
cc libc6-dev
TABLE
}

# Debian starts what it installs: an sshd that listens on every address. The tests start their own.
without_starting() {
    local policy=/usr/sbin/policy-rc.d status=0
    if [ -e "$policy" ]; then
        "$@"
        return
    fi
    trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' | replace_file "$policy" 755
    "$@" || status=$?
    as_root rm -f "$policy"
    trap - EXIT
    return "$status"
}

# Nor at the next boot. Of the units named, only those that were just installed.
leave_off() {
    local package
    command -v systemctl >/dev/null || return 0
    for package in "$@"; do
        case $package in
        openssh-server) as_root systemctl --quiet disable ssh.service ssh.socket ;;
        nginx-light) as_root systemctl --quiet disable nginx.service ;;
        podman) as_root systemctl --quiet disable podman.service podman.socket podman-restart.service \
            podman-auto-update.service podman-auto-update.timer ;;
        haproxy | prometheus | rsyslog) as_root systemctl --quiet disable "$package.service" ;;
        esac || say "there is no systemd to tell that $package stays off"
    done
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
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 update -q
    without_starting as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -o DPkg::Lock::Timeout=300 install -y -q --no-install-recommends "${wanted[@]}"
    leave_off "${wanted[@]}"
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

# Without the two seconds that a wrong password takes elsewhere. pam_unix by itself would have sshd offer no passwords any
# more after three.
write_pam_service() {
    replace_file "$pam_service" 644 <<SERVICE
# For the tests of sftpbridge: an sshd that is started as $(basename "$pam_service").
auth [success=1 default=ignore] pam_unix.so nodelay
auth requisite pam_deny.so
auth required pam_permit.so
account required pam_unix.so
session required pam_permit.so
SERVICE
}

# The password first, then the code. The secret is outside of the user's home, and nothing writes to it at a login: no
# limit of tries, a code may come twice (tests run side by side), and clocks are not learnt.
renew_otp_secret() {
    replace_file "$otp_service" 644 <<SERVICE
# For the tests of sftpbridge: an sshd that is started as $(basename "$otp_service").
auth required pam_unix.so nodelay
auth required pam_google_authenticator.so secret=$otp_secrets/\${USER} user=root noskewadj
account required pam_unix.so
session required pam_permit.so
SERVICE
    local secret
    secret=$(head -c 20 /dev/urandom | base32)
    printf '%s\n' "$secret" '" WINDOW_SIZE 17' '" TOTP_AUTH' | replace_file "$otp_secrets/$user" 600
    say "renewed the one-time secret of $user ($otp_secrets/$user)"
}

# No package's own scripts run, and no browser is downloaded: the tests take those of the system.
install_node_modules() {
    local folder=$1 stamp=$1/node_modules/.package-lock.json
    if [ -e "$stamp" ] && [ ! "$folder/package-lock.json" -nt "$stamp" ]; then
        say "node modules of $folder are there"
        return
    fi
    say "npm ci in $folder"
    (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund </dev/null) ||
        fail "npm ci failed; run it again: cd $folder && npm ci --ignore-scripts"
    touch "$stamp"
}

# Its stamp is the list that it was made from. A half made one has none, and is made anew.
install_python_packages() {
    local folder=tests/python/.venv list=tests/python/requirements.txt
    local stamp=$folder/requirements.txt
    if cmp -s "$list" "$stamp" && "$folder/bin/python" -c '' 2>/dev/null; then
        say "Python packages are there"
        return
    fi
    say "pip install in $folder"
    { rm -rf "$folder" && python3 -m venv "$folder"; } ||
        fail "there is no $folder; make it again: rm -rf $folder && python3 -m venv $folder"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-deps -r "$list" </dev/null ||
        fail "pip failed; run it again: $folder/bin/python -m pip install --no-deps -r $list"
    cp "$list" "$stamp"
}

# Packs the Debian package.
install_cargo_deb() {
    if cargo deb --version >/dev/null 2>&1; then
        say "cargo-deb is there"
        return
    fi
    say "installing cargo-deb"
    # One version, or the same commit does not give the same package.
    cargo install --locked --no-default-features --quiet cargo-deb@3.8.0 ||
        fail "cargo-deb cannot be installed; run it again: cargo install --locked --no-default-features cargo-deb@3.8.0"
}

# A Debian with systemd and an SSH server, in which the package is tried: tests/bridge/shipping/debian/machine.rs knows it.
# By one at a time: what another one is making is waited for.
make_debian() {
    local tree=/var/cache/sftpbridge-test/bookworm-with-sshd
    if [ -e "$tree" ]; then
        say "the Debian to try the package in is there ($tree)"
        return
    fi
    say "making a Debian to try the package in ($tree)"
    as_root mkdir -p "${tree%/*}"
    # shellcheck disable=SC2016 # The inner shell expands it.
    as_root flock "${tree%/*}" sh -ec '
        [ ! -e "$1" ] || exit 0
        rm -rf --one-file-system "$1.new"
        mmdebstrap --quiet --variant=minbase --include=systemd,systemd-sysv,dbus,openssh-server bookworm "$1.new"
        mv "$1.new" "$1"' sh "$tree" ||
        fail "there is no Debian to try the package in; see above, then run this again"
}

command -v cargo >/dev/null || fail "cargo is missing: install Rust 1.95 or newer with clippy and rustfmt, see https://rustup.rs"
cargo clippy --version >/dev/null 2>&1 || fail "clippy is missing: rustup component add clippy"
cargo fmt --version >/dev/null 2>&1 || fail "rustfmt is missing: rustup component add rustfmt"
install_packages
as_root mkdir -p /run/sshd
renew_user
write_pam_service
renew_otp_secret
install_cargo_deb
make_debian
install_node_modules tests/node
install_node_modules web
install_python_packages
say "ready"
