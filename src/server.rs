//! The public side: accept, route, upgrade, drain.

mod access;
mod admin;
mod admission;
mod bridge;
mod counted;
mod descriptors;
mod file_manager;
mod handed_over;
mod handshake;
mod info;
mod listener;
mod login;
mod page;
mod parked;
mod peer;
mod proxy_protocol;
mod rarely;
mod refused;
mod reload;
mod resume;
mod routes;
mod service_manager;
mod sign_in;
mod signals;
mod socket;
mod socket_file;
mod throttle;
mod tls;
mod transport;
mod upgrade;
mod visitor;
mod workers;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use futures_util::future::join_all;
use tokio::sync::Semaphore;

use crate::config::{self, Config, Listen, ListenAddress};
use crate::metrics::Exporter;

pub use bridge::{Bridge, BridgeError};
pub use file_manager::has_file_manager;
pub use handed_over::HandedOver;
pub use reload::ConfigFile;
pub use signals::Signals;
pub use tls::{TlsError, TlsPeer};

use listener::{Proxies, Service};
use reload::Upkeep;
use socket::{Socket, Unlistenable};
use tls::{Acme, Tls};
use workers::{Accepted, Workers};

/// HTTP connections at a time: those that are in their opening handshake, or load the page, or do nothing
/// until their deadline. Sessions are counted elsewhere.
const CONNECTIONS: usize = 8192;

/// How long accepting pauses when the system is out of file descriptors or memory.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

impl Bridge {
    /// The bridge as a service, to be mounted in any axum server. Sessions run on the runtime that serves it.
    ///
    /// Where the request's extensions hold an [`axum::extract::ConnectInfo`] of a [`SocketAddr`], or a [`Direct`], the
    /// limits per address work and the log knows the peer. Where they hold a [`TlsPeer`], the bridge knows that the
    /// request came by https.
    ///
    /// [`Direct`]: crate::config::Direct
    /// [`SocketAddr`]: std::net::SocketAddr
    pub fn router(&self) -> Router {
        routes::router(self.clone())
    }
}

/// A bridge with its own listener.
#[derive(Debug)]
pub struct Server {
    bridge: Bridge,
    sockets: Vec<Socket>,
    tls: Option<Tls>,
    admin: Vec<Socket>,
    exporter: Option<Exporter>,
    acme: Option<Acme>,
    config: Option<ConfigFile>,
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
    #[error("listen.address: cannot listen on {address}: {}", Unlistenable { address, source })]
    Listen {
        /// The address of the configuration.
        address: ListenAddress,
        /// What the system says.
        source: io::Error,
    },
    /// The address of the admin listener cannot be listened on.
    #[error("admin.address: cannot listen on {address}: {}", Unlistenable { address, source })]
    Admin {
        /// The address of the configuration.
        address: ListenAddress,
        /// What the system says.
        source: io::Error,
    },
    /// A socket that was handed over cannot be used.
    #[error("LISTEN_FDS: {0}")]
    HandedOver(io::Error),
    /// No threads, or no signals.
    #[error("cannot start: {0}")]
    System(#[from] io::Error),
}

/// Reads the files of `[listen.tls]` as a server would at its start, and keeps nothing of them.
///
/// # Errors
/// [`TlsError`] names the file that is of no use.
pub fn check_tls(settings: &config::Tls) -> Result<(), TlsError> {
    Tls::check(settings)
}

impl Server {
    /// Takes the address, so that whoever knows it can connect from now on.
    ///
    /// # Errors
    /// [`ServerError`] names the configuration key at fault.
    pub async fn bind(config: &Config) -> Result<Self, ServerError> {
        Self::bind_beside(config, HandedOver::default()).await
    }

    /// The same, but on the sockets that were handed over, where there are any, in place of `listen.address`.
    ///
    /// # Errors
    /// [`ServerError`] names the configuration key at fault.
    pub async fn bind_beside(config: &Config, mut handed_over: HandedOver) -> Result<Self, ServerError> {
        let bridge = Bridge::new(config)?;
        let (tls, acme) = match &config.listen.tls {
            Some(settings) => Tls::open(settings).await.map(|(tls, acme)| (Some(tls), acme))?,
            None => (None, None),
        };
        let mut sockets = handed_over.take_public();
        if sockets.is_empty() {
            let Listen { address, socket_mode, .. } = &config.listen;
            let listen = |source| ServerError::Listen { address: address.clone(), source };
            sockets.push(Socket::listen(address, *socket_mode).await.map_err(listen)?);
        }
        let mut admin = handed_over.take_admin();
        if let Some(address) = config.admin.address.as_ref().filter(|_| admin.is_empty()) {
            let listen = |source| ServerError::Admin { address: address.clone(), source };
            admin.push(admin::listen(address).await.map_err(listen)?);
        }
        Ok(Self { bridge, sockets, tls, admin, exporter: None, acme, config: None })
    }

    /// Shows what `exporter` has at `/metrics` of the admin listener; without one there is nothing.
    #[must_use]
    pub fn exporting(self, exporter: Option<Exporter>) -> Self {
        Self { exporter, ..self }
    }

    /// The addresses of the admin listener, with the port that was picked; none where there is no such listener.
    pub fn admin_addresses(&self) -> impl Iterator<Item = &ListenAddress> {
        self.admin.iter().map(Socket::address)
    }

    /// While it runs, what changes in this file is applied as far as that is possible without a restart. It is the
    /// file of the configuration that the server was made from.
    #[must_use]
    pub fn following(self, config: ConfigFile) -> Self {
        Self { config: Some(config), ..self }
    }

    /// Where it listens, with the port that was picked where 0 was configured. Never empty.
    pub fn addresses(&self) -> impl Iterator<Item = &ListenAddress> {
        self.sockets.iter().map(Socket::address)
    }

    /// The same as URLs: `http://127.0.0.1:8022/files/`. A unix socket's has the path of its file and none of the
    /// server: `http+unix:/run/sftpbridge/sock`.
    pub fn urls(&self) -> impl Iterator<Item = String> {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let base = self.bridge.config.listen.base_path.as_str();
        self.addresses().map(move |address| match address {
            ListenAddress::Tcp(address) => format!("{scheme}://{address}{base}/"),
            ListenAddress::Unix(_) => format!("{scheme}+{address}"),
        })
    }

    /// Serves until the first signal, then drains; a second signal shortens that. Files that change are read again,
    /// and all of them at once on SIGHUP.
    ///
    /// # Errors
    /// When threads cannot be started.
    pub async fn run(self, signals: Signals) -> Result<(), ServerError> {
        let Signals { mut end, hangup } = signals;
        let upkeep = Upkeep::new(&self.bridge, self.tls.clone(), self.config);
        let stop = &self.bridge.stop;
        descriptors::raise_limit(&self.bridge.config.limits);
        let service = Service {
            router: self.bridge.router(),
            tls: self.tls,
            proxies: Proxies::new(&self.bridge.config.listen.proxy_protocol_from),
            longest_request: self.bridge.longest_attempt(),
            stop: stop.clone(),
            sessions: self.bridge.sessions.clone(),
        };
        let admin = admin::serve(self.admin, self.bridge.clone(), self.exporter);
        let workers = Workers::start(&service)?;
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        service_manager::ready();
        tokio::select! {
            _ = join_all(self.sockets.iter().map(|socket| accept(socket, &places, &workers))) => {}
            () = admin => {}
            () = upkeep.run(hangup, self.acme) => {}
            () = async {
                end.next().await;
                service_manager::stopping();
                // Meanwhile connections are accepted, to be told that they must go elsewhere.
                self.bridge.drain(end.next()).await;
            } => {}
        }
        stop.cancel();
        workers.join();
        // Whoever was refused in the last moment is recorded too.
        self.bridge.audit.flush(bridge::LAST_RECORDS).await;
        tracing::info!(event = %"stopped");
        Ok(())
    }
}

/// Accepts for ever. The place is taken first: when all are taken, the rest waits in the kernel's queue.
async fn accept(socket: &Socket, places: &Arc<Semaphore>, workers: &Workers) {
    loop {
        let Ok(permit) = Arc::clone(places).acquire_owned().await else {
            return; // the semaphore is never closed
        };
        match socket.accept().await {
            Ok(connection) => workers.give(Accepted { connection, permit }).await,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(EXHAUSTED_PAUSE).await;
            }
        }
    }
}
