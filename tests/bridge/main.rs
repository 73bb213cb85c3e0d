//! The third ring: the real binary between real clients and a real OpenSSH server. One crate, so that it links once.
//! It needs root (sshd checks passwords) and the peers that `tests/setup.sh` installs; without them it fails, it never skips.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect stops there"
)]

mod support;

mod backpressure;
mod close_codes;
mod connect;
mod demo;
mod embedding;
mod endings;
mod handshake;
mod http;
mod leaks;
mod logs;
mod refusals;
mod sftp_ws;
mod sshfs;
mod startup;
mod stock_sftp;
mod tls;
mod verbatim;
