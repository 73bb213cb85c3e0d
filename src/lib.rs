//! A WebSocket front for existing SFTP servers.
//!
//! A client opens a WebSocket and proves who it is; the bridge opens an SSH connection to an upstream with an
//! sftp channel on it; and packets pass verbatim between the two. Nothing of SFTP is implemented here, and
//! nothing is stored.
//!
//! ```text
//!   browser, sftp-ws                                                          sshd
//!         │ WebSocket                                                           ▲ SSH
//!         ▼                                                                     │
//!   server ──── auth ──── who is it          upstream ──── dial, host key, attempts, subsystem
//!     │ upgrade  login ─ a conversation         │
//!     ▼                                         ▼
//!   session ═══ websocket ═══▶ pump ═══▶ upstream::channel        one session: both ends, its end, its log line
//!                                │
//!  metrics, audit, policy ───────┤ Observers: look at each request; a policy may answer it itself
//!                                │
//!                              sftp    packets: length, type, id. No IO, nothing of ours below it
//!
//!   connect ═══ stdio ═══▶ pump ═══▶ websocket                    the same pump the other way round
//!   demo                                                          an SFTP server of its own, to try it all
//!   diagnosis ── upstream                                         the way of a session, step by step, explained
//!
//!   terminal   /dev/tty, for questions
//!   config     what the operator decides, as data            refusal    why not: HTTP status and sentence
//!   watched    files that are read again when they change    words      times, as they are told to people
//!   file_error what files lack that cannot be used
//!   close      why it ended: close code and sentence         logs, cli, commands: the program around it
//!   traces     spans of logins and sessions                  http_client   to issuers and to a collector
//! ```
//!
//! Imports point down only: `commands -> cli -> demo -> server, connect, diagnosis -> session -> login -> refusal -> auth ->
//! close, policy, audit, stdio, terminal, websocket, upstream, logs -> metrics -> pump, config, traces -> sftp, fingerprint,
//! watched, words, http_client -> file_error`. A test reads the `use crate::` lines and fails on an arrow that points up.
//!
//! # Embedding
//!
//! Another axum program mounts the bridge in its own server:
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use sftpbridge::config::{Config, Overrides};
//!
//! let config = Config::load(Some("proxy.toml".as_ref()), &Overrides::default())?;
//! let app: axum::Router = axum::Router::new().merge(sftpbridge::router(&config)?);
//! # Ok(())
//! # }
//! ```

/// The examples of the page compile.
#[cfg(doctest)]
#[doc = include_str!("../docs/embedding.md")]
struct Embedding;

pub mod audit;
pub mod auth;
pub mod cli;
pub mod close;
pub mod commands;
pub mod config;
pub mod connect;
pub mod demo;
pub mod diagnosis;
pub mod file_error;
pub mod fingerprint;
pub mod http_client;
pub mod login;
pub mod logs;
pub mod metrics;
pub mod policy;
pub mod pump;
pub mod refusal;
pub mod server;
pub mod session;
pub mod sftp;
pub mod stdio;
pub mod terminal;
pub mod traces;
pub mod upstream;
pub mod watched;
pub mod websocket;
pub mod words;

/// The bridge as a service for another axum server: its routes under `listen.base_path`.
///
/// Sessions run on the runtime that serves them. Serve it with
/// [`into_make_service_with_connect_info::<SocketAddr>`](axum::Router::into_make_service_with_connect_info), so
/// that the limits per address work. To end the sessions in order, keep a [`server::Bridge`] instead, which
/// gives the router too, and call [`server::Bridge::drain`].
///
/// # Errors
/// When the host keys of an upstream, or a file of `[identity]`, cannot be used.
pub fn router(config: &config::Config) -> Result<axum::Router, server::BridgeError> {
    Ok(server::Bridge::new(config)?.router())
}
