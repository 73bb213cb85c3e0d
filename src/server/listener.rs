//! One accepted TCP connection as HTTP/1.1, perhaps over TLS, with a deadline for everything.
//!
//! `axum::serve` has none: a silent connection, or one that sends its headers byte by byte, would stay.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::tls::{Tls, TlsPeer, is_refused_certificate};

/// Time from the connection to the end of its first headers, a TLS handshake included. What was left of it when the
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

/// What every connection is served with.
#[derive(Clone)]
pub(super) struct Service {
    pub(super) router: Router,
    pub(super) tls: Option<Tls>,
    /// The longest time that a request takes.
    pub(super) longest_request: Duration,
    pub(super) stop: CancellationToken,
    /// The sessions that connections become.
    pub(super) sessions: TaskTracker,
}

pub(super) async fn serve(tcp: TcpStream, peer: SocketAddr, service: Service) {
    if let Err(error) = tcp.set_nodelay(true) {
        tracing::debug!(%peer, %error, "TCP_NODELAY could not be set");
    }
    let deadline = Instant::now() + HEADER_TIMEOUT;
    // hyper's own clock starts with the first byte, so that one is waited for here.
    match &service.tls {
        None => {
            if matches!(timeout_at(deadline, tcp.peek(&mut [0])).await, Ok(Ok(1..))) {
                http(tcp, Caller { peer, tls: None }, deadline, service).await;
            }
        }
        Some(tls) => {
            let accepted = async {
                let (mut stream, tls_peer) = tls.accept(tcp).await?;
                let spoke = !stream.fill_buf().await?.is_empty();
                Ok(spoke.then_some((stream, tls_peer)))
            };
            match timeout_at(deadline, accepted).await {
                Ok(Ok(Some((stream, tls_peer)))) => {
                    http(stream, Caller { peer, tls: Some(tls_peer) }, deadline, service).await;
                }
                Ok(Err(error)) => log_refused(peer, &error),
                Ok(Ok(None)) | Err(_) => {}
            }
        }
    }
}

fn log_refused(peer: SocketAddr, error: &std::io::Error) {
    if is_refused_certificate(error) {
        tracing::warn!(event = %"refused", %peer, %error, "a client certificate was refused");
    } else {
        tracing::debug!(%peer, %error, "no TLS handshake");
    }
}

/// What the connection tells about whoever is at its other end.
#[derive(Clone)]
struct Caller {
    peer: SocketAddr,
    tls: Option<TlsPeer>,
}

/// Serves a connection on which the first byte has come; its first headers must be there by `deadline`.
async fn http<S>(stream: S, caller: Caller, deadline: Instant, service: Service)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Service { router, longest_request, stop, .. } = service;
    let peer = caller.peer;
    let left = deadline.duration_since(Instant::now()).max(LEAST_HEADER_TIMEOUT);
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
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
        tracing::debug!(%peer, %error, "HTTP connection ended");
    }
}
