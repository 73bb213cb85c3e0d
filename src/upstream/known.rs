//! What is known of an upstream before it is dialled, read again when its known_hosts file changes.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use russh::client;

use super::algorithms;
use super::host_key::{HostKeyError, TrustedHostKeys};
use crate::config;
use crate::watched;

/// The SSH flow-control window in bytes. It must cover bandwidth x delay; memory is bounded by
/// [`CHANNEL_BUFFER`], because russh adjusts the window on receipt.
const WINDOW: u32 = 8 * 1024 * 1024;

/// SSH messages that wait for a client that does not read. We ask for at most 32 KiB each; what a hostile
/// server sends instead, russh refuses beyond 256 KiB.
const CHANNEL_BUFFER: usize = 8;

/// The keys to trust, and what to offer so that the server shows one of them.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) trusted: Arc<TrustedHostKeys>,
    pub(super) ssh: Arc<client::Config>,
}

pub(super) type Watched = watched::Watched<Known>;

/// Reads the known_hosts file, if there is one.
pub(super) fn watch(settings: &config::Upstream) -> Result<Watched, HostKeyError> {
    let files = settings.known_hosts.iter().cloned().collect();
    let settings = settings.clone();
    let load = move || load(&settings).map_err(Chain);
    Watched::open("known_hosts", files, load, Instant::now()).map_err(|Chain(error)| error)
}

fn load(settings: &config::Upstream) -> Result<Known, HostKeyError> {
    let trusted = TrustedHostKeys::load(settings.known_hosts.as_deref(), settings.host_keys.clone())?;
    let config::HostPort { host, port } = &settings.address;
    let offer = trusted.offer(host, *port, settings.legacy);
    let ssh = client::Config {
        window_size: WINDOW,
        channel_buffer_size: CHANNEL_BUFFER,
        preferred: algorithms::preferred(settings.legacy, &offer),
        keepalive_interval: Some(settings.keepalive),
        // Not set: russh is parked while a client does not read, and would take that for inactivity. `Cut`
        // ends what was dropped half-way, and unanswered keepalives end what died.
        inactivity_timeout: None,
        nodelay: true,
        ..client::Config::default()
    };
    Ok(Known { trusted: Arc::new(trusted), ssh: Arc::new(ssh) })
}

/// An error with its cause on one line.
struct Chain(HostKeyError);

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)?;
        std::error::Error::source(&self.0).map_or(Ok(()), |cause| write!(f, ": {cause}"))
    }
}
