//! A WebSocket front for existing SFTP servers.
//!
//! A client opens a WebSocket and proves who it is; the bridge opens an SSH connection to an upstream with an
//! sftp channel on it; and packets pass verbatim between the two. Nothing of SFTP is implemented here, and
//! nothing is stored.

pub mod auth;
pub mod close;
pub mod config;
pub mod fingerprint;
pub mod logs;
pub mod policy;
pub mod pump;
pub mod refusal;
pub mod server;
pub mod session;
pub mod sftp;
pub mod stdio;
pub mod upstream;
pub mod websocket;
