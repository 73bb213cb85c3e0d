//! The way to an upstream: dial, host key, user authentication, session channel, subsystem `sftp`.
//!
//! [`Upstream::connect`] gives an [`Authentication`], which takes attempts until one succeeds; its
//! [`Authentication::start`] gives a [`Connection`] with an sftp channel. [`Connection::release`] gives the
//! channel back and keeps the login as [`Idle`], for [`Idle::reopen`].
//!
//! One SSH connection carries one session. A stalled channel parks the whole connection, and two persons
//! never share one. Nothing here is decided by a visitor: the address comes from the configuration alone.

mod algorithms;
mod alive;
mod answers;
mod authentication;
mod channel;
mod connection;
mod credentials;
mod dial;
mod error;
mod expired;
mod handler;
mod heard;
pub mod host_key;
mod keys;
mod link;
mod method;
mod notes;
mod patience;
mod signing;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use russh::client;

use crate::config;

pub use answers::{Answers, Nobody, OnlyPassword, Round, SignRequest};
pub use authentication::{Attempt, Authentication, Banners};
pub use channel::{ChannelPackets, ChannelSink, Exit};
pub use connection::{Connection, Idle};
pub use credentials::{
    Credentials, KEY_FILE_LIMIT, KeyFileError, KeyFileProblem, Own, OwnError, read_key_file,
};
pub use error::{Step, UpstreamError};
pub use method::Method;

use host_key::TrustedHostKeys;
use link::SUBSYSTEM_TIMEOUT;

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

    /// Whether there is a host key, or an authority, by which the server could be recognised at all.
    pub fn is_recognisable(&self) -> bool {
        let config::HostPort { host, port } = &self.address;
        self.trusted.trusts_any(host, *port)
    }

    /// The longest time that [`Upstream::open`] takes.
    pub fn longest_attempt(&self) -> Duration {
        self.connect_timeout + self.login_timeout + SUBSYSTEM_TIMEOUT + connection::EXPIRED
    }

    /// The name in the configuration.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Goes all the way to an sftp channel whose subsystem request was granted, with credentials that need
    /// nobody to answer.
    ///
    /// A password is also given as the answer to the one hidden question of a server that takes no passwords
    /// but keyboard-interactive, as ssh clients do. Every step has its deadline. When the future is dropped,
    /// the connection is cut.
    ///
    /// # Errors
    /// [`UpstreamError`] says which step failed and why.
    pub async fn open(&self, user: &str, credentials: &Credentials) -> Result<Connection, UpstreamError> {
        let mut authentication = self.connect().await?;
        let mut attempt = authentication.attempt(user, credentials, &mut Nobody).await?;
        if let (Attempt::Failure { remaining, partial: false }, Credentials::Password(password)) =
            (&attempt, credentials)
            && remaining.contains(&Method::KeyboardInteractive)
            && !remaining.contains(&Method::Password)
        {
            let mut answers = OnlyPassword::new(password.clone());
            attempt = authentication.attempt(user, &Credentials::KeyboardInteractive, &mut answers).await?;
        }
        match attempt {
            Attempt::Success => authentication.start().await,
            Attempt::Failure { remaining, partial } => Err(UpstreamError::Refused { remaining, partial }),
            Attempt::PasswordExpired => Err(UpstreamError::PasswordExpired),
        }
    }
}
