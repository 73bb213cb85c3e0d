#!/usr/bin/env bash
# The world of one page, as the first process of namespaces of its own (network, mounts, processes, host name): nothing
# that the page's commands do is seen outside, and all of it is gone when this ends.
#
#   REPOSITORY=... world.sh SCRATCH PROGRAM COMMAND...
#
# SCRATCH has what the test made (documents/world.rs), and is /run/world here. COMMAND runs as root in an empty home, at a
# terminal, with PROGRAM as `sftpbridge`.
set -euo pipefail
scratch=$1 program=$2
shift 2
world=/run/world

# What is written goes to memory. The repository is bound before the overlays, since a page's copy of it is one more, and
# the kernel has two on each other at most.
mount -t tmpfs tmpfs /run
mkdir -p /run/sshd /run/lock /run/repository "$world"
mount --bind "$scratch" "$world"
mount --bind "$REPOSITORY" /run/repository
for folder in etc usr var home mnt srv opt tmp; do
    layers=/run/layers/$folder
    mkdir -p "$layers/upper" "$layers/work"
    chmod --reference "/$folder" "$layers/upper"
    mount -t overlay overlay -o "lowerdir=/$folder,upperdir=$layers/upper,workdir=$layers/work" "/$folder"
done

# What is in no layer can be read, no more.
mount -o remount,bind,ro /

# The upstream is files.example.org, and so is this machine: a page is read at both ends.
ip link set lo up
hostname files.example.org
cat "$world/hosts" >>/etc/hosts
cat "$world/authority.pem" >>/etc/ssl/certs/ca-certificates.crt
cp "$world"/ssh_host_*_key.pub /etc/ssh/
touch /usr/local/bin/sftpbridge
mount --bind "$program" /usr/local/bin/sftpbridge

# Three dots are the password, because that is what the pages write in its place. ssh and its kin take root's home from
# here and not from $HOME.
home=/home/operator
mkdir -m 700 "$home"
sed -i "s|^root:.*|root:x:0:0:root:$home:/bin/bash|" /etc/passwd
useradd --create-home --shell /bin/bash --password "$(openssl passwd -6 ...)" me

wait_for_port() {
    local left=200
    until (: </dev/tcp/127.0.0.1/"$1") 2>/dev/null; do
        if [ $((left -= 1)) -eq 0 ]; then
            cat "$world"/*.log
            echo "nothing listens at port $1 of this page's world"
            exit 1
        fi
        sleep 0.05
    done
}
ln -s "$(PATH=$PATH:/usr/sbin command -v sshd)" /run/sshd-sftpbridge
/run/sshd-sftpbridge -D -f "$world/sshd_config" -E "$world/sshd.log" &
wait_for_port 22
(cd "$world" && exec sftpbridge serve --config site.toml) >"$world/site.log" 2>&1 &
echo $! >/run/site.pid
wait_for_port 443

cd "$home"
env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME="$home" USER=root LANG=C.UTF-8 TERM=dumb \
    NODE_EXTRA_CA_CERTS="$world/authority.pem" REPOSITORY="$REPOSITORY" STEPS="$world/steps" "$@"
