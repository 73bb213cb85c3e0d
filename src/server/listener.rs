//! One accepted connection as HTTP/1.1, perhaps over TLS, perhaps behind a header of the PROXY protocol, with a deadline
//! for everything.
//!
//! `axum::serve` has none: a silent connection, or one that sends its headers byte by byte, would stay.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::peer::Peer;
use super::proxy_protocol::{self, ProxyError};
use super::rarely::Rarely;
use super::tls::{Tls, TlsPeer, is_refused_certificate};
use super::transport::Transport;
use crate::config::{Direct, Peers};

/// Time from the connection to the end of its first headers, all that comes before them included. What was left of it when the
/// first byte came is also the time for the headers of each further request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// The part of that which is left, at least, to whoever began in time.
const LEAST_HEADER_TIMEOUT: Duration = Duration::from_millis(500);

/// Largest request head in bytes; 431 beyond it.
const HEADER_LIMIT: usize = 16 * 1024;

/// Age after which a connection takes no further request. Sessions are not connections any more.
const LONGEST_AGE: Duration = Duration::from_secs(60);

/// What a last request may take beyond its own longest time.
const LAST_REQUEST: Duration = Duration::from_secs(10);

/// Least time between two lines of the log about proxies that say nothing, or something else.
const BETWEEN_WARNINGS: Duration = Duration::from_secs(10);

/// What every connection is served with.
#[derive(Clone)]
pub(super) struct Service {
    pub(super) router: Router,
    pub(super) tls: Option<Tls>,
    /// Who must begin with a header of the PROXY protocol.
    pub(super) proxies: Arc<Proxies>,
    /// The longest time that a request takes.
    pub(super) longest_request: Duration,
    pub(super) stop: CancellationToken,
    /// The sessions that connections become.
    pub(super) sessions: TaskTracker,
}

/// Balancers that tell by the PROXY protocol whose connection they pass on.
#[derive(Debug)]
pub(super) struct Proxies {
    listed: Peers,
    warnings: Rarely,
}

impl Proxies {
    pub(super) fn new(listed: &Peers) -> Arc<Self> {
        Arc::new(Self { listed: listed.clone(), warnings: Rarely::new(BETWEEN_WARNINGS) })
    }

    /// Who has connected. A listed proxy must say so, within its own time; everybody else is whoever connects, and
    /// what they send is not looked at. `None`: the proxy did not.
    async fn client<S: Transport>(&self, stream: &mut S, direct: Direct) -> Option<Direct> {
        if !self.listed.contains(direct) {
            return Some(direct);
        }
        let read = timeout(proxy_protocol::PATIENCE, proxy_protocol::client(stream)).await;
        match read.unwrap_or(Err(ProxyError::Late)) {
            Ok(Some(client)) => Some(Direct::Tcp(client)),
            Ok(None) => Some(unnamed(direct)),
            Err(error) => {
                self.warn(direct, &error);
                None
            }
        }
    }

    fn warn(&self, proxy: Direct, error: &ProxyError) {
        let peer = Peer::from(proxy);
        match self.warnings.allows(Instant::now()) {
            Some(missed) => {
                tracing::warn!(event = %"refused", %peer, cause = %error, missed, "no header of the PROXY protocol");
            }
            None => tracing::debug!(%peer, cause = %error, "no header of the PROXY protocol"),
        }
    }
}

/// The proxy itself, or somebody whom it does not know.
fn unnamed(proxy: Direct) -> Direct {
    match proxy {
        Direct::Tcp(address) => Direct::Unnamed(Some(address)),
        Direct::Unix | Direct::Unnamed(_) => Direct::Unnamed(None),
    }
}

pub(super) async fn serve<S: Transport>(mut stream: S, direct: Direct, service: Service) {
    let deadline = Instant::now() + HEADER_TIMEOUT;
    let Some(direct) = service.proxies.client(&mut stream, direct).await else {
        return;
    };
    // hyper's own clock starts with the first byte, so that one is waited for here.
    match &service.tls {
        None => {
            if matches!(timeout_at(deadline, stream.peek_byte()).await, Ok(Ok(Some(_)))) {
                http(stream, Caller { direct, tls: None }, deadline, service).await;
            }
        }
        Some(tls) => {
            let accepted = async {
                let (mut stream, tls_peer) = tls.accept(stream).await?;
                let spoke = !stream.fill_buf().await?.is_empty();
                Ok(spoke.then_some((stream, tls_peer)))
            };
            match timeout_at(deadline, accepted).await {
                Ok(Ok(Some((stream, tls_peer)))) => {
                    http(stream, Caller { direct, tls: Some(tls_peer) }, deadline, service).await;
                }
                Ok(Err(error)) => log_refused(direct, &error),
                Ok(Ok(None)) | Err(_) => {}
            }
        }
    }
}

fn log_refused(direct: Direct, error: &std::io::Error) {
    let peer = Peer::from(direct);
    if is_refused_certificate(error) {
        tracing::warn!(event = %"refused", %peer, %error, "a client certificate was refused");
    } else {
        tracing::debug!(%peer, %error, "no TLS handshake");
    }
}

/// What the connection tells about whoever is at its other end.
#[derive(Clone)]
struct Caller {
    direct: Direct,
    tls: Option<TlsPeer>,
}

/// Serves a connection on which the first byte has come; its first headers must be there by `deadline`.
async fn http<S>(stream: S, caller: Caller, deadline: Instant, service: Service)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Service { router, longest_request, stop, .. } = service;
    let direct = caller.direct;
    let left = deadline.duration_since(Instant::now()).max(LEAST_HEADER_TIMEOUT);
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(direct);
        if let Some(tls) = &caller.tls {
            request.extensions_mut().insert(tls.clone());
        }
        router.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(left)
        .max_buf_size(HEADER_LIMIT)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => Some(ended),
        () = tokio::time::sleep(LONGEST_AGE) => None,
        () = stop.cancelled() => None,
    };
    let ended = match ended {
        Some(ended) => Ok(ended),
        None => {
            connection.as_mut().graceful_shutdown();
            timeout(longest_request + LAST_REQUEST, connection).await
        }
    };
    if let Ok(Err(error)) = ended {
        tracing::debug!(peer = %Peer::from(direct), %error, "HTTP connection ended");
    }
}
