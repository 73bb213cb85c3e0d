# Stand-ins for the public base images, for machines without an image registry: Debian's packages, and the Rust and Node
# of this machine, which tests/container/build.sh mounts where the PATH below looks.
ARG DEBIAN_BASE

FROM ${DEBIAN_BASE} AS rust
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates gcc libc6-dev && apt-get clean
# Mounts are not part of what a layer is known by; this is, and another compiler builds all anew.
ARG RUST_VERSION
ENV RUST_VERSION=${RUST_VERSION} CARGO_HOME=/usr/local/cargo PATH=/usr/local/rust/bin:/usr/sbin:/usr/bin:/sbin:/bin

FROM ${DEBIAN_BASE} AS node
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates libstdc++6 && apt-get clean
ARG NODE_VERSION
# The authorities that the machine trusts, mounted as well: its way to the registries may need one of its own.
ENV NODE_VERSION=${NODE_VERSION} NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
RUN cd /usr/local/bin && ln -s ../lib/node_modules/npm/bin/npm-cli.js npm && ln -s ../lib/node_modules/npm/bin/npx-cli.js npx

# As caddy:2 has it.
FROM ${DEBIAN_BASE} AS caddy
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates caddy && apt-get clean
ENV XDG_CONFIG_HOME=/config XDG_DATA_HOME=/data
CMD ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]
