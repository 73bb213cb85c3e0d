//! What others run the bridge with: image, compose files, chart, units, packages, and the commands of the documents.
//! They take the binary of `make image`, `target/dist/sftpbridge`, and run after all others.

mod compose;
mod container;
mod debian;
mod documents;
mod kubernetes;
mod release;
mod systemd;
