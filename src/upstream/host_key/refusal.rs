//! Why a host key was refused, in words for the log.

use thiserror::Error;

use super::CertificateProblem;
use crate::fingerprint::Fingerprint;

/// Why a host key was refused. The text is for the log; it names fingerprints as `ssh-keygen -l` prints them,
/// and the host as a known_hosts file would.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum HostKeyRefusal {
    /// Other keys are on record or pinned for this host: the upstream was reinstalled, or it is not the
    /// upstream.
    #[error("host key mismatch for {name}: found {found}, expected {}", wanted(expected, authorities))]
    Mismatch {
        /// The name that was looked up: `host`, or `[host]:port`.
        name: String,
        /// The key that was presented.
        found: Fingerprint,
        /// The keys that would have been trusted.
        expected: Vec<Fingerprint>,
        /// The authorities whose certificates would have been trusted. They and the keys are not both empty.
        authorities: Vec<Fingerprint>,
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
        /// The key that was presented, alone or in a certificate.
        found: Fingerprint,
    },
    /// A `@revoked` line names this host and the authority that signed its certificate.
    #[error("revoked authority of the host certificate for {name}: found {found}")]
    RevokedAuthority {
        /// The name that was looked up: `host`, or `[host]:port`.
        name: String,
        /// The authority's key.
        found: Fingerprint,
    },
    /// No `@cert-authority` line for this host has the authority that signed its certificate.
    #[error(
        "unknown authority of the host certificate for {name}: found {found}, {}",
        if expected.is_empty() { "none is trusted for this host".to_owned() }
        else { format!("expected {}", listed(expected)) }
    )]
    UnknownAuthority {
        /// The name that was looked up: `host`, or `[host]:port`.
        name: String,
        /// The authority's key, as the certificate has it.
        found: Fingerprint,
        /// The authorities that would have been trusted.
        expected: Vec<Fingerprint>,
    },
    /// A certificate by a trusted authority that proves nothing for this host, or not now.
    #[error("the host certificate for {name} by the authority {authority} is no good: {problem}")]
    Certificate {
        /// The name that was looked up: `host`, or `[host]:port`.
        name: String,
        /// The authority's key.
        authority: Fingerprint,
        /// What is wrong.
        problem: CertificateProblem,
    },
    /// Only certificates are trusted for this host, and the server has none of a kind that is supported.
    #[error(
        "no host certificate for {name}: it has only {offered}, expected a certificate by {}",
        listed(expected)
    )]
    NoCertificate {
        /// The name that was looked up: `host`, or `[host]:port`.
        name: String,
        /// The host key algorithms of the server, escaped.
        offered: String,
        /// The authorities that would have been trusted; never empty.
        expected: Vec<Fingerprint>,
    },
}

fn wanted(keys: &[Fingerprint], authorities: &[Fingerprint]) -> String {
    let certificate = || format!("a certificate by {}", listed(authorities));
    match (keys, authorities) {
        (_, []) => listed(keys),
        ([], _) => certificate(),
        _ => format!("{}, or {}", listed(keys), certificate()),
    }
}

fn listed(fingerprints: &[Fingerprint]) -> String {
    fingerprints.iter().map(Fingerprint::to_string).collect::<Vec<_>>().join(", ")
}
