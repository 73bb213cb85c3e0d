//! Why a host key was refused, in words for the log.

use thiserror::Error;

use crate::fingerprint::Fingerprint;

/// Why a host key was refused. The text is for the log; it names fingerprints as `ssh-keygen -l` prints them,
/// and the host as a known_hosts file would.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum HostKeyRefusal {
    /// Other keys are on record or pinned for this host: the upstream was reinstalled, or it is not the
    /// upstream.
    #[error("host key mismatch for {name}: found {found}, expected {}", listed(expected))]
    Mismatch {
        /// The name that was looked up: `host`, or `[host]:port`.
        name: String,
        /// The key that was presented.
        found: Fingerprint,
        /// The keys that would have been trusted; never empty.
        expected: Vec<Fingerprint>,
    },
    /// Nothing is trusted for this host.
    #[error("unknown host key for {name}: found {found}, nothing is trusted for this host")]
    Unknown {
        /// The name that was looked up: `host`, or `[host]:port`.
        name: String,
        /// The key that was presented.
        found: Fingerprint,
    },
    /// A `@revoked` line names this host and this key.
    #[error("revoked host key for {name}: found {found}")]
    Revoked {
        /// The name that was looked up: `host`, or `[host]:port`.
        name: String,
        /// The key that was presented.
        found: Fingerprint,
    },
}

fn listed(fingerprints: &[Fingerprint]) -> String {
    fingerprints.iter().map(Fingerprint::to_string).collect::<Vec<_>>().join(", ")
}
