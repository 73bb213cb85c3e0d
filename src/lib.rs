//! A WebSocket front for existing SFTP servers.
//!
//! A client opens a WebSocket and proves who it is; the bridge opens an SSH connection to an upstream with an
//! sftp channel on it; and packets pass verbatim between the two. Nothing of SFTP is implemented here, and
//! nothing is stored.

pub mod pump;
pub mod sftp;
pub mod stdio;
