#!/usr/bin/env bash
# For the documents' commands, in the world that documents/world.sh makes for a page: `docker`, which is podman with
# containers and networks of this world alone, upon the image that tests/container/build.sh has left in the machine's
# store. What a container asks files.example.org for goes to this world's sshd.
set -euo pipefail
state=/run/docker
here=$(dirname "$(readlink -f "$0")")
mkdir -p "$state"

# Loopback is another one in a container.
address=192.0.2.22
ip address add "$address/32" dev lo
printf '127.0.0.1 localhost\n%s files.example.org\n' "$address" >"$state/hosts"
sed "s/127\.0\.0\.1/$address/" /run/world/sshd_config >"$state/sshd_config"
/run/sshd-sftpbridge -f "$state/sshd_config"

sed "s|^\[containers\]|&\nbase_hosts_file = \"$state/hosts\"|" "$here/containers.conf" >"$state/containers.conf"
cat >/usr/local/bin/docker <<END
#!/bin/sh
CONTAINERS_CONF=$state/containers.conf DISABLE_HC_SYSTEMD=true exec podman --root $state/store --runroot $state/run \\
    --tmpdir $state/tmp --network-config-dir $state/networks \\
    --storage-driver overlay --storage-opt additionalimagestore=/var/lib/containers/storage "\$@"
END
chmod +x /usr/local/bin/docker
