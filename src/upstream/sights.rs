//! What is seen of a server on the way to it, for whoever diagnoses it. A session looks at nothing of this.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use russh::keys::PublicKeyOrCertificate;
use tokio::time::Instant;

use super::error::shown;
use super::host_key::Presented;
use super::offers::{Offers, Opening};

/// Filled while [`Upstream::connect_watched`](super::Upstream::connect_watched) runs; whoever holds it reads it at any
/// time, and after a failure too.
#[derive(Debug, Default)]
pub struct Sights(Mutex<Seen>);

/// How far it came, and what was seen there. Texts of the server are escaped.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// The addresses that the name has, and when they were known.
    pub resolved: Option<(Vec<SocketAddr>, Instant)>,
    /// The addresses that did not answer, each with what the system says.
    pub refused: Vec<(SocketAddr, String)>,
    /// The address that was asked last, or answered.
    pub tried: Option<SocketAddr>,
    /// When TCP was there.
    pub connected: Option<Instant>,
    /// The identification string (RFC 4253, section 4.2), at most 512 characters of it.
    pub identified: Option<(String, Instant)>,
    /// What the server said before or in place of it, at most 512 bytes.
    pub said: Option<String>,
    /// The algorithms of its key exchange (RFC 4253, section 7.1).
    pub offered: Option<(Offers, Instant)>,
    /// The host key, which the server has proved to have. Whether it is trusted is another question.
    pub host_key: Option<(Presented, Instant)>,
    opening: Opening,
}

impl Sights {
    /// What was seen so far.
    pub fn seen(&self) -> Seen {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn resolved(&self, addresses: &[SocketAddr]) {
        self.lock().resolved = Some((addresses.to_vec(), Instant::now()));
    }

    pub(super) fn trying(&self, address: SocketAddr) {
        self.lock().tried = Some(address);
    }

    pub(super) fn refused(&self, address: SocketAddr, error: &std::io::Error) {
        self.lock().refused.push((address, error.to_string()));
    }

    pub(super) fn connected(&self) {
        self.lock().connected = Some(Instant::now());
    }

    /// What came from the server; after its first packet nothing is kept any more.
    pub(super) fn heard(&self, bytes: &[u8]) {
        let mut seen = self.lock();
        seen.opening.push(bytes);
        if seen.identified.is_none() {
            seen.said = seen.opening.before().map(|said| said.escape_ascii().to_string());
            let identification = seen.opening.identification();
            seen.identified = identification.map(|text| (shown(&text), Instant::now()));
        }
        if seen.offered.is_none() {
            seen.offered = seen.opening.offers().map(|offers| (offers, Instant::now()));
        }
    }

    pub(super) fn host_key(&self, key: &PublicKeyOrCertificate) {
        let mut seen = self.lock();
        // Not those of later exchanges on the same connection.
        if seen.host_key.is_none() {
            seen.host_key = Some((key.into(), Instant::now()));
        }
    }
}
