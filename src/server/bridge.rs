//! What all sessions share.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use http::{Extensions, HeaderMap};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::admission::Admission;
use super::handshake::origin_allowed;
use super::parked::Parked;
use super::peer::Peer;
use super::resume::Resume;
use super::throttle::{self, Throttle};
use super::tls::TlsPeer;
use crate::auth::{Identities, IdentityError};
use crate::config::{self, Config, Credentials};
use crate::upstream::host_key::HostKeyError;
use crate::upstream::{Own, OwnError, Upstream};

/// The queue of those whose passwords are checked, with the check; or an issuer's keys, fetched.
const IDENTIFICATION: Duration = Duration::from_secs(15);

/// Time for closing handshakes after the sessions were asked to end, beside `linger`.
const FAREWELL: Duration = Duration::from_secs(8);

/// The bridge: its upstreams, its sessions, and their end. Cheap to clone; the clones are one bridge.
#[derive(Debug, Clone)]
pub struct Bridge {
    pub(super) config: Arc<Config>,
    pub(super) upstreams: Arc<BTreeMap<String, Upstream>>,
    /// The bridge's own credentials, for those upstreams that it logs in to by itself.
    pub(super) own: Arc<BTreeMap<String, Own>>,
    pub(super) identities: Arc<Identities>,
    pub(super) admission: Arc<Admission>,
    pub(super) throttle: Arc<Throttle>,
    pub(super) resume: Arc<Resume<Parked>>,
    pub(super) sessions: TaskTracker,
    /// No new sessions.
    pub(super) draining: CancellationToken,
    /// No sessions at all.
    pub(super) stop: CancellationToken,
}

/// What the configuration names cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BridgeError {
    /// The host keys of an upstream.
    #[error("upstreams.{upstream}: {source}{}", cause(.source))]
    HostKeys {
        /// Its name.
        upstream: String,
        /// What is wrong with them.
        source: HostKeyError,
    },
    /// The bridge's own credentials for an upstream.
    #[error("upstreams.{upstream}: {source}")]
    Own {
        /// Its name.
        upstream: String,
        /// What is wrong with them.
        source: OwnError,
    },
    /// A way to know persons.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

fn cause(error: &HostKeyError) -> String {
    std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default()
}

impl Bridge {
    /// Prepares the upstreams; nothing is dialled yet.
    ///
    /// # Errors
    /// When a file that the configuration names cannot be used.
    pub fn new(config: &Config) -> Result<Self, BridgeError> {
        let (mut upstreams, mut own) = (BTreeMap::new(), BTreeMap::new());
        for (name, settings) in &config.upstreams {
            upstreams.insert(name.clone(), upstream(name, settings, config)?);
            if let Credentials::Own { user, proof } = &settings.credentials {
                let held = Own::load(name, user, proof)
                    .map_err(|source| BridgeError::Own { upstream: name.clone(), source })?;
                own.insert(name.clone(), held);
            }
        }
        let sessions = TaskTracker::new();
        Ok(Self {
            admission: Admission::new(&config.limits),
            throttle: Throttle::new(&config.throttle),
            resume: Resume::new(config.limits.sessions, sessions.clone()),
            config: Arc::new(config.clone()),
            identities: Arc::new(Identities::new(&config.identity)?),
            upstreams: Arc::new(upstreams),
            own: Arc::new(own),
            sessions,
            draining: CancellationToken::new(),
            stop: CancellationToken::new(),
        })
    }

    /// Who sent a request, as far as our listener, or the server around us, knows.
    pub(super) fn peer(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<Peer> {
        let ConnectInfo(direct) = extensions.get::<ConnectInfo<SocketAddr>>()?;
        Some(Peer::of(*direct, headers, &self.config.listen.trusted_proxies))
    }

    /// Whether the page that a request came from, if it came from one, may connect.
    pub(super) fn origin_allowed(
        &self,
        peer: Option<Peer>,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> bool {
        let https = extensions.get::<TlsPeer>().is_some() || peer.is_some_and(|peer| peer.https);
        origin_allowed(headers, https, &self.config.listen.allowed_origins)
    }

    /// The longest time that an opening handshake takes at the slowest upstream, the waits for others included: at the bridge,
    /// and at the upstream.
    pub(super) fn longest_attempt(&self) -> Duration {
        let upstream = self.upstreams.values().map(Upstream::longest_attempt).max();
        IDENTIFICATION + 2 * throttle::LONGEST_WAIT + upstream.unwrap_or_default()
    }

    /// Ends in order: refuses new sessions, lets those that run go on for the configured drain time or until
    /// `hurry`, then asks them to end, and waits for that too.
    pub async fn drain(&self, hurry: impl Future<Output = ()>) {
        self.draining.cancel();
        self.sessions.close();
        // Whoever comes back for what is parked would be refused.
        self.resume.shut_down();
        tracing::info!(event = %"draining", sessions = self.admission.sessions(), limit = ?self.config.limits.drain);
        tokio::select! {
            () = self.sessions.wait() => {}
            () = tokio::time::sleep(self.config.limits.drain) => {}
            () = hurry => {}
        }
        self.stop.cancel();
        if timeout(self.config.limits.linger + FAREWELL, self.sessions.wait()).await.is_err() {
            tracing::warn!(sessions = self.sessions.len(), "some sessions did not end in time");
        }
    }
}

fn upstream(name: &str, settings: &config::Upstream, config: &Config) -> Result<Upstream, BridgeError> {
    // A smaller limit is for requests. What a client has asked for is not the upstream's fault, and stock sftp
    // asks for all that OpenSSH offers.
    let responses = config.limits.packet.max(config::Limits::default().packet);
    let upstream = Upstream::new(name, settings, responses)
        .map_err(|source| BridgeError::HostKeys { upstream: name.to_owned(), source })?;
    for warning in upstream.warnings() {
        tracing::warn!(upstream = %name, %warning, "a line of the known_hosts file is not used");
    }
    if !upstream.is_recognisable() {
        let address = &settings.address;
        tracing::warn!(upstream = %name, %address, "no host key is known for this address; nobody will get there");
    }
    Ok(upstream)
}
