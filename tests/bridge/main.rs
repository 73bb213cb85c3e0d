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

mod authentication;
mod backpressure;
mod close_codes;
mod connect;
mod connect_logins;
mod debug;
mod demo;
mod embedding;
mod endings;
mod handshake;
mod hash_password;
mod host_certificates;
mod http;
mod leaks;
mod listener_tls;
mod login;
mod logins;
mod logs;
mod oidc;
mod own_credentials;
mod proxies;
mod refusals;
mod sftp_ws;
mod sshfs;
mod startup;
mod stock_sftp;
mod throttle;
mod tls;
mod verbatim;
