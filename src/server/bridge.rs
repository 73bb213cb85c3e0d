//! What all sessions share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::admission::Admission;
use crate::config::Config;
use crate::upstream::Upstream;
use crate::upstream::host_key::HostKeyError;

/// Time for closing handshakes after the sessions were asked to end, beside `linger`.
const FAREWELL: Duration = Duration::from_secs(8);

/// The bridge: its upstreams, its sessions, and their end. Cheap to clone; the clones are one bridge.
#[derive(Debug, Clone)]
pub struct Bridge {
    pub(super) config: Arc<Config>,
    pub(super) upstreams: Arc<BTreeMap<String, Upstream>>,
    pub(super) admission: Arc<Admission>,
    pub(super) sessions: TaskTracker,
    /// No new sessions.
    pub(super) draining: CancellationToken,
    /// No sessions at all.
    pub(super) stop: CancellationToken,
}

/// An upstream's host keys cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("upstreams.{upstream}: {source}{}", cause(.source))]
pub struct BridgeError {
    upstream: String,
    source: HostKeyError,
}

fn cause(error: &HostKeyError) -> String {
    std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default()
}

impl Bridge {
    /// Prepares the upstreams; nothing is dialled yet.
    ///
    /// # Errors
    /// When the host keys of an upstream cannot be read.
    pub fn new(config: &Config) -> Result<Self, BridgeError> {
        let mut upstreams = BTreeMap::new();
        for (name, settings) in &config.upstreams {
            // A smaller limit is for requests. What a client has asked for is not the upstream's fault, and
            // stock sftp asks for all that OpenSSH offers.
            let responses = config.limits.packet.max(crate::config::Limits::default().packet);
            let upstream = Upstream::new(name, settings, responses)
                .map_err(|source| BridgeError { upstream: name.clone(), source })?;
            for warning in upstream.warnings() {
                tracing::warn!(upstream = %name, %warning, "a line of the known_hosts file is not used");
            }
            upstreams.insert(name.clone(), upstream);
        }
        Ok(Self {
            admission: Admission::new(&config.limits),
            config: Arc::new(config.clone()),
            upstreams: Arc::new(upstreams),
            sessions: TaskTracker::new(),
            draining: CancellationToken::new(),
            stop: CancellationToken::new(),
        })
    }

    /// The longest time that an opening handshake takes at the slowest upstream.
    pub(super) fn longest_attempt(&self) -> Duration {
        self.upstreams.values().map(Upstream::longest_attempt).max().unwrap_or_default()
    }

    /// Ends in order: refuses new sessions, lets those that run go on for the configured drain time or until
    /// `hurry`, then asks them to end, and waits for that too.
    pub async fn drain(&self, hurry: impl Future<Output = ()>) {
        self.draining.cancel();
        self.sessions.close();
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
