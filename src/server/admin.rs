//! The listener for those who operate the bridge: `/metrics`, `/healthz` and `/readyz`, by plain HTTP.
//!
//! It runs beside the workers, on the thread that accepts, so that nothing here takes time from a session. One
//! request a connection, and ten seconds for all of it: who asks every few seconds has no use for more.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::future::join_all;
use http::{HeaderValue, StatusCode, header};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::{interval, sleep, timeout};

use super::bridge::Bridge;
use super::routes::{healthz, readyz};
use super::socket::{Connection, Socket};
use crate::config::ListenAddress;
use crate::metrics::Exporter;

/// Connections at a time; the rest waits in the kernel's queue.
const CONNECTIONS: usize = 64;

/// Time for a connection, from its first to its last byte.
const LONGEST: Duration = Duration::from_secs(10);

/// Largest request head in bytes.
const HEADER_LIMIT: usize = 16 * 1024;

/// How long accepting pauses when the system is out of file descriptors or memory.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// For the owner and the group, as the public socket is by default.
const SOCKET_MODE: u32 = 0o660;

/// Listens at the address of the configuration.
pub(super) async fn listen(address: &ListenAddress) -> io::Result<Socket> {
    let socket = Socket::listen(address, SOCKET_MODE).await?;
    if let ListenAddress::Tcp(address) = socket.address()
        && !address.ip().is_loopback()
    {
        tracing::warn!(
            %address,
            "admin.address: the metrics can be read by whoever reaches this address; there is no login"
        );
    }
    Ok(socket)
}

/// Serves as long as it is polled. Without a socket it does nothing.
pub(super) async fn serve(sockets: Vec<Socket>, bridge: Bridge, exporter: Option<Exporter>) {
    if sockets.is_empty() {
        return std::future::pending().await;
    }
    let router = router(bridge, exporter.clone());
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    tokio::select! {
        _ = join_all(sockets.iter().map(|socket| accept(socket, &places, &router))) => {}
        () = upkeep(exporter) => {}
    }
}

async fn upkeep(exporter: Option<Exporter>) {
    let Some(exporter) = exporter else {
        return std::future::pending().await;
    };
    let mut due = interval(Exporter::UPKEEP);
    loop {
        due.tick().await;
        exporter.upkeep();
    }
}

async fn accept(socket: &Socket, places: &Arc<Semaphore>, router: &Router) {
    loop {
        let Ok(place) = Arc::clone(places).acquire_owned().await else {
            return; // the semaphore is never closed
        };
        let router = router.clone();
        match socket.accept().await.and_then(Stream::of) {
            Ok(stream) => {
                _ = tokio::spawn(async move {
                    match stream {
                        Stream::Tcp(tcp) => answer(tcp, router).await,
                        Stream::Unix(unix) => answer(unix, router).await,
                    }
                    drop(place);
                })
            }
            Err(error) => {
                tracing::warn!(%error, "a connection of the admin listener could not be accepted");
                sleep(EXHAUSTED_PAUSE).await;
            }
        }
    }
}

/// A connection of this runtime's.
enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    fn of(connection: Connection) -> io::Result<Self> {
        match connection {
            Connection::Tcp(tcp, _) => TcpStream::from_std(tcp).map(Self::Tcp),
            Connection::Unix(unix) => UnixStream::from_std(unix).map(Self::Unix),
        }
    }
}

async fn answer<S>(stream: S, router: Router)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(LONGEST)
        .max_buf_size(HEADER_LIMIT)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    if let Ok(Err(error)) = timeout(LONGEST, connection).await {
        tracing::debug!(%error, "a connection of the admin listener ended");
    }
}

fn router(bridge: Bridge, exporter: Option<Exporter>) -> Router {
    let mut router = Router::new().route("/healthz", get(healthz)).route("/readyz", get(readyz));
    if let Some(exporter) = exporter {
        router = router.route("/metrics", get(move || std::future::ready(metrics(&exporter))));
    }
    router.fallback(nothing_here).with_state(bridge)
}

fn metrics(exporter: &Exporter) -> Response {
    let kind = HeaderValue::from_static(Exporter::CONTENT_TYPE);
    ([(header::CONTENT_TYPE, kind)], exporter.render()).into_response()
}

async fn nothing_here() -> (StatusCode, &'static str) {
    (StatusCode::NOT_FOUND, "There is nothing here.\n")
}
