//! The SSH side: accepts connections, and gives each its deadline, its limits and its end.

use std::borrow::Cow;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use russh::keys::PrivateKey;
use russh::server::{self, Config};
use russh::{Preferred, SshId, cipher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use super::Login;
use super::client::{Client, methods};
use super::tree::Tree;

const MAX_CONNECTIONS: usize = 64;
/// For the version exchange, the key exchange and authentication together.
const LOGIN_TIME: Duration = Duration::from_secs(30);
/// The answer to a wrong password takes this long.
const REJECTION_TIME: Duration = Duration::from_millis(500);
/// Three passwords: russh counts the client's opening probe with the method "none" as an attempt.
pub(super) const MAX_ATTEMPTS: usize = 4;
/// Keepalives every 30 s hold an idle client; one that does not answer them is dropped.
const KEEPALIVE: Duration = Duration::from_secs(30);
const INACTIVITY: Duration = Duration::from_secs(120);

const CIPHERS: &[cipher::Name] = &[
    cipher::AES_128_GCM,
    cipher::CHACHA20_POLY1305,
    cipher::AES_256_GCM,
    cipher::AES_128_CTR,
    cipher::AES_256_CTR,
];

/// What all connections share.
#[derive(Clone)]
pub(super) struct Server {
    config: Arc<Config>,
    login: Arc<Login>,
    tree: Arc<Tree>,
    stop: CancellationToken,
}

impl Server {
    pub(super) fn new(key: PrivateKey, login: Login, tree: Arc<Tree>, stop: CancellationToken) -> Self {
        Self { config: Arc::new(config(key)), login: Arc::new(login), tree, stop }
    }

    /// Accepts until it is dropped. Connections end by the token.
    pub(super) async fn serve(self, listener: TcpListener) {
        let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        while let Ok(permit) = room.clone().acquire_owned().await {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let connection = self.clone().connection(stream, permit);
                    tokio::spawn(self.stop.clone().run_until_cancelled_owned(connection));
                }
                // Out of descriptors, or the peer has gone already: neither ends the listener.
                Err(error) => {
                    tracing::debug!(%error, "demo: accept failed");
                    sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    async fn connection(self, stream: TcpStream, _permit: OwnedSemaphorePermit) {
        let deadline = Instant::now() + LOGIN_TIME;
        let Ok(_hang_up) = HangUp::of(&stream) else { return };
        let _ = stream.set_nodelay(true);
        let (authenticated, login) = oneshot::channel();
        let client = Client::new(self.login, self.tree, self.stop, authenticated);
        let starting = timeout_at(deadline, server::run_stream(self.config, stream, client));
        let Ok(Ok(session)) = starting.await else { return };
        if let Ok(Ok(())) = timeout_at(deadline, login).await {
            let _ = session.await;
        }
    }
}

fn config(key: PrivateKey) -> Config {
    let version = concat!("SSH-2.0-", env!("CARGO_PKG_NAME"), "_", env!("CARGO_PKG_VERSION"));
    Config {
        server_id: SshId::Standard(Cow::Borrowed(version)),
        methods: methods(),
        auth_rejection_time: REJECTION_TIME,
        auth_rejection_time_initial: Some(Duration::ZERO),
        keys: vec![key],
        preferred: Preferred { cipher: Cow::Borrowed(CIPHERS), ..Preferred::DEFAULT },
        max_auth_attempts: MAX_ATTEMPTS,
        inactivity_timeout: Some(INACTIVITY),
        keepalive_interval: Some(KEEPALIVE),
        nodelay: true,
        ..Config::default()
    }
}

/// Ends the TCP connection when dropped. russh runs a connection in a task of its own, which dropping
/// its future does not stop.
struct HangUp(std::net::TcpStream);

impl HangUp {
    fn of(stream: &TcpStream) -> std::io::Result<Self> {
        Ok(Self(stream.as_fd().try_clone_to_owned()?.into()))
    }
}

impl Drop for HangUp {
    fn drop(&mut self) {
        let _ = self.0.shutdown(Shutdown::Both);
    }
}
