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

#[cfg(feature = "acme")]
mod acme;
mod alone;
mod audit;
mod authentication;
mod backpressure;
mod check;
mod close_codes;
mod completions;
mod connect;
mod connect_logins;
mod correlation;
mod debug;
mod demo;
mod embedding;
mod endings;
mod handed_over;
mod handshake;
mod haproxy;
mod hash_password;
mod healthcheck;
mod host_certificates;
mod hostile_upstream;
mod http;
mod keyscan;
mod leaks;
mod limits;
mod listener_tls;
mod login;
mod logins;
mod logs;
mod manual;
mod metrics;
mod nginx;
mod oidc;
mod own_credentials;
mod page;
mod panics;
mod policy;
mod proxies;
mod proxy_protocol;
mod refusals;
mod reload;
mod sftp_ws;
mod shipping;
mod sshfs;
mod startup;
mod stock_sftp;
mod throttle;
mod tls;
mod traces;
mod unix_socket;
mod unprivileged;
mod verbatim;
