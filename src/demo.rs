//! An SSH server with SFTP inside this process, for trying the bridge and for quick tests.
//!
//! It listens on loopback only, makes a new host key at every start, knows one user with one password,
//! and serves one directory as "/". Shells, commands and forwarding are refused.
//!
//! What it does not promise. Names and symbolic links are resolved inside the directory, but between
//! the check and the use another process, or a second session of the same user, can put a link in the
//! place of a directory: against somebody who may log in and tries to break out, use OpenSSH with
//! `ChrootDirectory`. Names that are not UTF-8 are listed with U+FFFD and cannot be opened.
//!
//! ```text
//! run.rs       the command: this server, the bridge in front of it, and the screen
//! ssh.rs       connections: how many, how long, with which algorithms
//! client.rs    one connection: password, session channels, the "sftp" subsystem
//! channel.rs     one SFTP session on its channel: requests in, replies out, the end
//! queue.rs         what waits in between, bounded in bytes
//! files.rs         one request -> one reply, in order, blocking
//! tree.rs            names -> paths that stay inside the root
//! handles.rs, file.rs, listing.rs, attrs.rs, entries.rs, extensions.rs, reply.rs
//! ```

mod attrs;
mod channel;
mod client;
mod entries;
mod extensions;
mod file;
mod files;
mod handles;
mod listing;
mod queue;
mod reply;
mod run;
mod samples;
mod ssh;
#[cfg(test)]
mod tests;
mod tree;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use russh::keys::key::safe_rng;
use russh::keys::{Algorithm, PrivateKey, PublicKey};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::fingerprint::Fingerprint;
pub use run::{DemoError, run};
pub use samples::write_samples;
use tree::Tree;

/// The largest packet that is read, without its length field: OpenSSH's limit.
const MAX_PACKET: usize = 262_144;

/// The one user of a [`DemoServer`]. Without `Debug`, so that no log line holds the password.
#[derive(Clone)]
pub struct Login {
    /// SSH user name.
    pub user: String,
    /// Password for the "password" method of RFC 4252.
    pub password: String,
}

/// A running server. Dropping it stops the listener and every connection.
pub struct DemoServer {
    address: SocketAddr,
    host_key: PublicKey,
    _stop: DropGuard,
}

impl DemoServer {
    /// Serves the directory `root` on a free port of 127.0.0.1. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// `root` is not a directory that can be entered, no port can be bound, or no key can be made.
    pub async fn start(root: PathBuf, login: Login) -> io::Result<Self> {
        let tree = tokio::task::spawn_blocking(move || Tree::open(&root)).await??;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let key = PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519).map_err(io::Error::other)?;
        let host_key = key.public_key().clone();
        let stop = CancellationToken::new();
        let server = ssh::Server::new(key, login, Arc::new(tree), stop.clone());
        tokio::spawn(stop.clone().run_until_cancelled_owned(server.serve(listener)));
        Ok(Self { address, host_key, _stop: stop.drop_guard() })
    }

    /// Where the server listens; always a loopback address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// SHA-256 fingerprint of the Ed25519 host key.
    pub fn host_key(&self) -> Fingerprint {
        Fingerprint::of(&self.host_key)
    }

    /// The line that pins the host key in an OpenSSH `known_hosts` file, without a line end.
    pub fn known_hosts_line(&self) -> String {
        let key = self.host_key.key_data();
        let blob = PublicKey::new(key.clone(), "").to_openssh().unwrap_or_default();
        format!("[{}]:{} {}", self.address.ip(), self.address.port(), blob.trim_end())
    }
}
