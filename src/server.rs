//! The public side: accept, route, upgrade, drain.

mod access;
mod admission;
mod bridge;
mod descriptors;
mod handshake;
mod listener;
mod login;
mod page;
mod parked;
mod peer;
mod resume;
mod routes;
mod sign_in;
mod signals;
mod throttle;
mod tls;
mod upgrade;
mod visitor;
mod workers;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::config::Config;

pub use bridge::{Bridge, BridgeError};
pub use signals::Signals;
pub use tls::{TlsError, TlsPeer};

use listener::Service;
use tls::Tls;
use workers::{Accepted, Workers};

/// HTTP connections at a time: those that are in their opening handshake, or load the page, or do nothing
/// until their deadline. Sessions are counted elsewhere.
const CONNECTIONS: usize = 8192;

/// How long accepting pauses when the system is out of file descriptors or memory.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

impl Bridge {
    /// The bridge as a service, to be mounted in any axum server. Sessions run on the runtime that serves it.
    ///
    /// Where the request's extensions hold an [`axum::extract::ConnectInfo`] of a [`SocketAddr`], the limits
    /// per address work and the log knows the peer. Where they hold a [`TlsPeer`], the bridge knows that the
    /// request came by https.
    pub fn router(&self) -> Router {
        routes::router(self.clone())
    }
}

/// A bridge with its own listener.
#[derive(Debug)]
pub struct Server {
    bridge: Bridge,
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Tls>,
}

/// Why a server could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The configured upstreams cannot be used.
    #[error(transparent)]
    Bridge(#[from] BridgeError),
    /// A certificate or key of the listener cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The address cannot be listened on.
    #[error("listen.address: cannot listen on {address}: {source}")]
    Listen {
        /// The address of the configuration.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// No threads, or no signals.
    #[error("cannot start: {0}")]
    System(#[from] io::Error),
}

impl Server {
    /// Takes the address, so that whoever knows it can connect from now on.
    ///
    /// # Errors
    /// [`ServerError`] names the configuration key at fault.
    pub async fn bind(config: &Config) -> Result<Self, ServerError> {
        let bridge = Bridge::new(config)?;
        let tls = config.listen.tls.as_ref().map(Tls::load).transpose()?;
        let address = config.listen.address;
        let listen = |source| ServerError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        Ok(Self { bridge, listener, address, tls })
    }

    /// The address, with the port that was picked where 0 was configured.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `https` or `http`, whichever is spoken at the address.
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// Serves until the first signal, then drains; a second signal shortens that.
    ///
    /// # Errors
    /// When threads cannot be started.
    pub async fn run(self, mut signals: Signals) -> Result<(), ServerError> {
        let stop = &self.bridge.stop;
        descriptors::raise_limit(self.bridge.config.limits.sessions);
        let service = Service {
            router: self.bridge.router(),
            tls: self.tls,
            longest_request: self.bridge.longest_attempt(),
            stop: stop.clone(),
            sessions: self.bridge.sessions.clone(),
        };
        let mut workers = Workers::start(&service)?;
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        tokio::select! {
            () = accept(&self.listener, &places, &mut workers) => {}
            () = async {
                signals.next().await;
                // Meanwhile connections are accepted, to be told that they must go elsewhere.
                self.bridge.drain(signals.next()).await;
            } => {}
        }
        stop.cancel();
        workers.join();
        tracing::info!(event = %"stopped");
        Ok(())
    }
}

/// Accepts for ever. The place is taken first: when all are taken, the rest waits in the kernel's queue.
async fn accept(listener: &TcpListener, places: &Arc<Semaphore>, workers: &mut Workers) {
    loop {
        let Ok(permit) = Arc::clone(places).acquire_owned().await else {
            return; // the semaphore is never closed
        };
        match listener.accept().await.and_then(|(tcp, peer)| Ok((tcp.into_std()?, peer))) {
            Ok((tcp, peer)) => workers.give(Accepted { tcp, peer, permit }).await,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(EXHAUSTED_PAUSE).await;
            }
        }
    }
}
