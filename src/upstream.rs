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
mod known;
mod link;
mod measured;
mod method;
mod notes;
mod offers;
mod patience;
mod scan;
mod sights;
mod signing;
mod wire;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::config;
use crate::metrics::Steps;
use crate::watched::{Look, Looked};

pub use algorithms::Agreement;
pub use answers::{Answers, Nobody, OnlyPassword, Round, SignRequest};
pub use authentication::{Attempt, Authentication, Banners};
pub use channel::{ChannelPackets, ChannelSink, Exit};
pub use connection::{Connection, Idle};
pub use credentials::{
    Credentials, KEY_FILE_LIMIT, KeyFileError, KeyFileProblem, Own, OwnError, read_key_file,
};
pub use error::{Step, UpstreamError};
pub use method::Method;
pub use offers::Offers;
pub use scan::{Scanned, scan};
pub use sights::{Seen, Sights};

use known::Known;
use link::SUBSYSTEM_TIMEOUT;

/// An upstream of the configuration, ready to be dialled.
#[derive(Debug)]
pub struct Upstream {
    name: String,
    address: config::HostPort,
    /// Each connection takes what is known when it is dialled.
    known: known::Watched,
    connect_timeout: Duration,
    login_timeout: Duration,
    packet_limit: usize,
    legacy: bool,
    steps: Steps,
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
        Ok(Self {
            name: name.to_owned(),
            address: settings.address.clone(),
            known: known::watch(settings)?,
            connect_timeout: settings.connect_timeout,
            login_timeout: settings.login_timeout,
            packet_limit,
            legacy: settings.legacy,
            steps: Steps::at(name),
        })
    }

    /// Looks at the known_hosts file now. Connections that are open go on; each further one is judged by what is
    /// known then. Blocks for as long as the file system does.
    pub fn reload(&self, look: Look) -> Looked {
        self.known.look(look, Instant::now())
    }

    /// The lines of the known_hosts file that could not be used, for the log.
    pub fn warnings(&self) -> Vec<host_key::KnownHostsWarning> {
        self.known().trusted.warnings().to_vec()
    }

    /// Whether there is a host key, or an authority, by which the server could be recognised at all.
    pub fn is_recognisable(&self) -> bool {
        let config::HostPort { host, port } = &self.address;
        self.known().trusted.trusts_any(host, *port)
    }

    fn known(&self) -> Arc<Known> {
        self.known.snapshot()
    }

    /// By what a host key that was seen there is trusted, for people to read.
    pub fn trusted_by(&self, shown: &host_key::Presented) -> Option<host_key::TrustedBy> {
        let config::HostPort { host, port } = &self.address;
        self.known().trusted.trusted_by(host, *port, shown)
    }

    /// What would be agreed on with a server that has these algorithms, with and without the old ones.
    pub fn agreement(&self, theirs: &Offers, legacy: bool) -> Agreement {
        let config::HostPort { host, port } = &self.address;
        let offer = self.known().trusted.offer(host, *port, legacy);
        algorithms::agree(&algorithms::preferred(legacy, &offer), theirs)
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
    /// As [`Authentication::log_in`] does it. Every step has its deadline. When the future is dropped,
    /// the connection is cut.
    ///
    /// # Errors
    /// [`UpstreamError`] says which step failed and why.
    pub async fn open(&self, user: &str, credentials: &Credentials) -> Result<Connection, UpstreamError> {
        let mut authentication = self.connect().await?;
        match authentication.log_in(user, credentials).await? {
            Attempt::Success => authentication.start().await,
            Attempt::Failure { remaining, partial } => Err(UpstreamError::Refused { remaining, partial }),
            Attempt::PasswordExpired => Err(UpstreamError::PasswordExpired),
        }
    }
}
