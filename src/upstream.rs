//! The way to an upstream: dial, host key, user authentication, session channel, subsystem `sftp`.
//!
//! One SSH connection carries one session. A stalled channel parks the whole connection, and two persons
//! never share one. Nothing here is decided by a visitor: the address comes from the configuration alone.

mod algorithms;
mod channel;
mod credentials;
mod error;
mod handler;
pub mod host_key;
mod wire;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use russh::client::{self, AuthResult, Handle, Msg};
use russh::{Channel, ChannelMsg, MethodKind};
use tokio::io::BufReader;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use crate::config;
use crate::pump::End;

pub use channel::{ChannelPackets, ChannelSink, Exit};
pub use credentials::Credentials;
pub use error::{Step, UpstreamError};

use handler::{Handler, HandlerError, Notes};
use host_key::TrustedHostKeys;
use wire::{Early, Wire};

/// Longest wait for the channel and its subsystem.
const SUBSYSTEM_TIMEOUT: Duration = Duration::from_secs(10);

/// russh reads each SSH packet with two small reads; a buffer under it saves the system calls.
const READ_BUFFER: usize = 64 * 1024;

/// The SSH flow-control window in bytes. It must cover bandwidth x delay; memory is bounded by
/// [`CHANNEL_BUFFER`], because russh adjusts the window on receipt.
const WINDOW: u32 = 8 * 1024 * 1024;

/// SSH messages that wait for a client that does not read. We ask for at most 32 KiB each; what a hostile
/// server sends instead, russh refuses beyond 256 KiB.
const CHANNEL_BUFFER: usize = 8;

/// An upstream of the configuration, ready to be dialled.
#[derive(Debug)]
pub struct Upstream {
    name: String,
    address: config::HostPort,
    trusted: Arc<TrustedHostKeys>,
    ssh: Arc<client::Config>,
    connect_timeout: Duration,
    login_timeout: Duration,
    packet_limit: usize,
    legacy: bool,
}

/// An authenticated connection with one sftp channel. Dropping it cuts the TCP connection.
#[derive(Debug)]
pub struct Connection {
    /// The packets of the channel.
    pub end: End<ChannelPackets, ChannelSink>,
    link: Link,
}

impl Upstream {
    /// Reads what `settings` name. `packet_limit` is the largest packet in bytes that is taken from it.
    ///
    /// # Errors
    /// When the known_hosts file cannot be used.
    pub fn new(
        name: &str,
        settings: &config::Upstream,
        packet_limit: usize,
    ) -> Result<Self, host_key::HostKeyError> {
        let trusted = TrustedHostKeys::load(settings.known_hosts.as_deref(), settings.host_keys.clone())?;
        let config::HostPort { host, port } = &settings.address;
        let on_record = trusted.algorithms_on_record(host, *port, settings.legacy);
        let ssh = client::Config {
            window_size: WINDOW,
            channel_buffer_size: CHANNEL_BUFFER,
            preferred: algorithms::preferred(settings.legacy, &on_record),
            keepalive_interval: Some(settings.keepalive),
            // Not set: russh is parked while a client does not read, and would take that for inactivity. `Cut`
            // ends what was dropped half-way, and unanswered keepalives end what died.
            inactivity_timeout: None,
            nodelay: true,
            ..client::Config::default()
        };
        Ok(Self {
            name: name.to_owned(),
            address: settings.address.clone(),
            trusted: Arc::new(trusted),
            ssh: Arc::new(ssh),
            connect_timeout: settings.connect_timeout,
            login_timeout: settings.login_timeout,
            packet_limit,
            legacy: settings.legacy,
        })
    }

    /// The lines of the known_hosts file that could not be used, for the log.
    pub fn warnings(&self) -> &[host_key::KnownHostsWarning] {
        self.trusted.warnings()
    }

    /// The longest time that [`Upstream::open`] takes.
    pub fn longest_attempt(&self) -> Duration {
        self.connect_timeout + self.login_timeout + SUBSYSTEM_TIMEOUT
    }

    /// The name in the configuration.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Goes all the way to an sftp channel whose subsystem request was granted.
    ///
    /// Every step has its deadline. When the future is dropped, the connection is cut.
    ///
    /// # Errors
    /// [`UpstreamError`] says which step failed and why.
    pub async fn open(&self, credentials: &Credentials) -> Result<Connection, UpstreamError> {
        let connect_deadline = Instant::now() + self.connect_timeout;
        let tcp = self.dial(connect_deadline).await?;
        let (mut link, login_deadline) = self.handshake(tcp, connect_deadline).await?;
        let login = link.log_in(credentials);
        match timeout_at(login_deadline, login).await {
            Ok(result) => result?,
            Err(_) => return Err(self.timed_out(Step::Login)),
        }
        let channel = timeout(SUBSYSTEM_TIMEOUT, link.start_subsystem()).await;
        let channel = channel.map_err(|_| self.timed_out(Step::Subsystem))??;
        let (reader, writer) = channel.split();
        let packets = ChannelPackets::new(reader, self.packet_limit, Arc::clone(&link.notes));
        Ok(Connection { end: End { packets, sink: ChannelSink::new(writer) }, link })
    }

    async fn dial(&self, deadline: Instant) -> Result<TcpStream, UpstreamError> {
        let config::HostPort { host, port } = &self.address;
        let connect = TcpStream::connect((host.as_str(), *port));
        let tcp = timeout_at(deadline, connect)
            .await
            .map_err(|_| self.timed_out(Step::Connect))?
            .map_err(|source| UpstreamError::Connect { address: self.address.to_string(), source })?;
        // Without it every small packet waits for the acknowledgement of the one before: 39 ms a handshake.
        if let Err(error) = tcp.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        Ok(tcp)
    }

    /// Identification and key exchange. The time for the login begins with the identification.
    async fn handshake(
        &self,
        tcp: TcpStream,
        connect_deadline: Instant,
    ) -> Result<(Link, Instant), UpstreamError> {
        let tcp = Arc::new(tcp);
        let cut = Cut(Arc::clone(&tcp));
        let early = Arc::new(Early::default());
        let notes = Arc::new(Notes::default());
        let wire = BufReader::with_capacity(READ_BUFFER, Wire::new(tcp, Arc::clone(&early)));
        let handler = Handler::new(&self.trusted, &self.address, &notes);
        let mut connecting = pin!(client::connect_stream(Arc::clone(&self.ssh), wire, handler));
        let identified = async {
            tokio::select! {
                over = &mut connecting => Some(over),
                () = early.identified() => None,
            }
        };
        let identified = timeout_at(connect_deadline, identified).await;
        let login_deadline = Instant::now() + self.login_timeout;
        let result = match identified {
            Err(_) => return Err(self.timed_out(Step::Identification)),
            Ok(Some(over)) => over,
            Ok(None) => {
                timeout_at(login_deadline, connecting).await.map_err(|_| self.timed_out(Step::KeyExchange))?
            }
        };
        let handle = result.map_err(|error| self.handshake_failed(error, &early, &notes))?;
        Ok((Link { handle, notes, cut }, login_deadline))
    }

    fn handshake_failed(&self, error: HandlerError, early: &Early, notes: &Notes) -> UpstreamError {
        match error {
            HandlerError::HostKey(refusal) => UpstreamError::HostKey(refusal),
            HandlerError::Ssh(russh::Error::NoCommonAlgo { kind, ours: _, theirs }) => {
                UpstreamError::NoCommonAlgorithm {
                    kind: format!("{kind:?}").to_lowercase(),
                    offered: theirs.join(","),
                    legacy: self.legacy,
                }
            }
            HandlerError::Ssh(source) if !early.is_identified() => match early.text() {
                Some(text) => UpstreamError::NotSsh { text },
                None => UpstreamError::Lost { step: Step::Identification, source: source.into() },
            },
            HandlerError::Ssh(source) => notes.lost(Step::KeyExchange, source),
        }
    }

    fn timed_out(&self, step: Step) -> UpstreamError {
        let after = match step {
            Step::Connect | Step::Identification => self.connect_timeout,
            Step::KeyExchange | Step::Login => self.login_timeout,
            Step::Subsystem => SUBSYSTEM_TIMEOUT,
        };
        UpstreamError::TimedOut { step, after }
    }
}

impl Connection {
    /// Says goodbye to the server, which is not waited for longer than a second, and hangs up.
    pub async fn close(self) -> Exit {
        let goodbye = async {
            let _ = self.link.handle.disconnect(russh::Disconnect::ByApplication, "", "").await;
            let _ = self.link.handle.await;
        };
        let _ = timeout(Duration::from_secs(1), goodbye).await;
        drop(self.link.cut);
        self.end.packets.exit()
    }
}

/// A connection in the making, and later under a channel.
struct Link {
    handle: Handle<Handler>,
    notes: Arc<Notes>,
    cut: Cut,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("notes", &self.notes).finish_non_exhaustive()
    }
}

impl Link {
    async fn log_in(&mut self, credentials: &Credentials) -> Result<(), UpstreamError> {
        let Credentials::Password { user, password } = credentials;
        let result = self.handle.authenticate_password(user, password.expose()).await;
        let result = result.map_err(|source| self.notes.lost(Step::Login, source))?;
        match result {
            AuthResult::Success => Ok(()),
            // russh reports a connection that died as a refusal with nothing left to try.
            AuthResult::Failure { remaining_methods, .. } if remaining_methods.is_empty() => {
                Err(self.notes.login_ended(self.handle.is_closed()))
            }
            AuthResult::Failure { remaining_methods, partial_success } => Err(UpstreamError::Refused {
                password_offered: remaining_methods.contains(&MethodKind::Password),
                partial_success,
            }),
        }
    }

    async fn start_subsystem(&self) -> Result<Channel<Msg>, UpstreamError> {
        let lost = |source| self.notes.lost(Step::Subsystem, source);
        let mut channel = match self.handle.channel_open_session().await {
            Ok(channel) => channel,
            Err(russh::Error::ChannelOpenFailure(reason)) => {
                return Err(UpstreamError::NoChannel { reason: format!("{reason:?}") });
            }
            Err(source) => return Err(lost(source)),
        };
        channel.request_subsystem(true, "sftp").await.map_err(lost)?;
        loop {
            match channel.wait().await {
                Some(ChannelMsg::Success) => return Ok(channel),
                Some(ChannelMsg::Failure | ChannelMsg::Close | ChannelMsg::Eof) => {
                    return Err(UpstreamError::NoSubsystem);
                }
                // What the server writes before it has granted the request is no SFTP.
                Some(ChannelMsg::Data { data }) if !data.is_empty() => {
                    let start = data.get(..data.len().min(512)).unwrap_or_default();
                    return Err(UpstreamError::NotSftp { text: start.escape_ascii().to_string() });
                }
                Some(_) => {}
                None => return Err(lost(russh::Error::Disconnect)),
            }
        }
    }
}

/// Cuts the TCP connection on drop. russh's task holds the socket too, and would otherwise keep it, with
/// itself, when a future of ours is dropped in the middle of a key exchange, or a peer never answers.
#[derive(Debug)]
struct Cut(Arc<TcpStream>);

impl Drop for Cut {
    fn drop(&mut self) {
        let _ = socket2::SockRef::from(&*self.0).shutdown(std::net::Shutdown::Both);
    }
}
