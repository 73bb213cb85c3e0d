//! What all sessions share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::{Extensions, HeaderMap};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::admission::Admission;
use super::counted;
use super::handshake::origin_allowed;
use super::parked::Parked;
use super::peer::{Peer, direct};
use super::resume::Resume;
use super::throttle::{self, Throttle};
use super::tls::TlsPeer;
use crate::audit::{Audit, AuditError};
use crate::auth::{Identities, IdentityError};
use crate::config::{self, Config, Credentials};
use crate::policy::{Policies, PolicyError};
use crate::traces;
use crate::upstream::host_key::HostKeyError;
use crate::upstream::{Own, OwnError, Upstream};
use crate::watched::{Look, Looked};

/// The queue of those whose passwords are checked, with the check; or an issuer's keys, fetched.
const IDENTIFICATION: Duration = Duration::from_secs(15);

/// Time for closing handshakes after the sessions were asked to end, beside `linger`.
const FAREWELL: Duration = Duration::from_secs(8);

/// Time for the audit records that are left at the end.
pub(super) const LAST_RECORDS: Duration = Duration::from_secs(5);

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
    pub(super) policies: Arc<Policies>,
    pub(super) audit: Audit,
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
    /// A policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The audit log.
    #[error(transparent)]
    Audit(#[from] AuditError),
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
        counted::declare(config);
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
            policies: Arc::new(Policies::new(config)?),
            audit: Audit::start(&config.audit)?,
            sessions,
            draining: CancellationToken::new(),
            stop: CancellationToken::new(),
        })
    }

    /// Reads again the files that the configuration names: known_hosts, the bridge's own credentials, the users file
    /// and `jwks_file`. Sessions that run go on; who comes later is judged by what is read now. A file that cannot
    /// be used keeps what was read before, and the log says so.
    ///
    /// A [`Server`](super::Server) does this by itself. The configuration and the listener's certificate are not
    /// part of it. Blocks for as long as the file system does, so an async program calls it by `spawn_blocking`.
    pub fn reload(&self) {
        self.look(Look::Everything);
    }

    pub(super) fn look(&self, look: Look) {
        for (name, upstream) in self.upstreams.iter() {
            if upstream.reload(look) == Looked::Reloaded
                && let Some(settings) = self.config.upstreams.get(name)
            {
                warn(name, settings, upstream);
            }
        }
        for own in self.own.values() {
            own.reload(look);
        }
        self.identities.reload(look);
    }

    /// Who sent a request, as far as our listener, or the server around us, knows.
    pub(super) fn peer(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<Peer> {
        Some(Peer::of(direct(extensions)?, headers, &self.config.listen.trusted_proxies))
    }

    /// Whose trace a request belongs to. Only our own proxies may say.
    pub(super) fn parent(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<traces::Parent> {
        let trusted = self.config.listen.trusted_proxies.contains(direct(extensions)?);
        trusted.then(|| traces::Parent::of(headers))?
    }

    /// Whether the page that a request came from, if it came from one, may connect.
    pub(super) fn origin_allowed(
        &self,
        peer: Option<Peer>,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> bool {
        origin_allowed(headers, self.is_https(peer, extensions), &self.config.listen.allowed_origins)
    }

    /// Whether a person's browser has sent a request by https, to us or to a proxy that is trusted.
    pub(super) fn is_https(&self, peer: Option<Peer>, extensions: &Extensions) -> bool {
        extensions.get::<TlsPeer>().is_some() || peer.is_some_and(|peer| peer.https)
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
        self.audit.flush(LAST_RECORDS).await;
    }
}

fn upstream(name: &str, settings: &config::Upstream, config: &Config) -> Result<Upstream, BridgeError> {
    // A smaller limit is for requests. What a client has asked for is not the upstream's fault, and stock sftp
    // asks for all that OpenSSH offers.
    let responses = config.limits.packet.max(config::Limits::default().packet);
    let upstream = Upstream::new(name, settings, responses)
        .map_err(|source| BridgeError::HostKeys { upstream: name.to_owned(), source })?;
    warn(name, settings, &upstream);
    Ok(upstream)
}

/// Tells what is odd about the host keys.
fn warn(name: &str, settings: &config::Upstream, upstream: &Upstream) {
    for warning in upstream.warnings() {
        tracing::warn!(upstream = %name, %warning, "a line of the known_hosts file is not used");
    }
    if !upstream.is_recognisable() {
        let address = &settings.address;
        tracing::warn!(upstream = %name, %address, "no host key is known for this address; nobody will get there");
    }
}
