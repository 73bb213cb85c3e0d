//! Is the host key that an upstream presents one that the operator trusts?
//!
//! The decision only: it is asked before any credential is sent, it learns nothing and it never talks to the
//! network. A plain key is trusted by itself; a host certificate by the authority that signed it.

mod certificate;
#[cfg(test)]
pub(crate) mod fixtures;
mod host_names;
mod known_hosts;
mod line;
mod load;
mod presented;
mod refusal;

use std::collections::HashSet;
use std::time::SystemTime;

use russh::keys::{Algorithm, Certificate, HashAlg, PublicKey, ssh_key::public::KeyData};

use crate::fingerprint::Fingerprint;
use host_names::HostName;
use line::Meaning;

pub use certificate::CertificateProblem;
pub use host_names::HostNamesProblem;
pub use known_hosts::{KnownHosts, KnownHostsError, KnownHostsWarning};
pub use line::LineProblem;
pub use load::{HostKeyError, KNOWN_HOSTS_LIMIT};
pub use presented::Presented;
pub use refusal::HostKeyRefusal;

/// What the operator trusts for one upstream: a known_hosts file, pinned fingerprints, or both. A key that
/// either of them names is trusted, unless the file revokes it. Fingerprints are of host keys, never of
/// authorities: whoever pins, trusts one server and not everyone an authority may sign for.
#[derive(Clone, Debug, Default)]
pub struct TrustedHostKeys {
    known_hosts: Option<KnownHosts>,
    pinned: Vec<Fingerprint>,
}

/// What to offer for the host key in the key exchange, so that the server shows something we can judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The algorithms of plain keys to put first: those of the keys on record.
    pub first: Vec<Algorithm>,
    /// Whether plain keys are worth an offer. Not when an authority is all that is on record.
    pub keys: bool,
    /// Whether certificates are. Only when an authority is on record.
    pub certificates: bool,
}

/// What makes a host key trusted. Lines are of the known_hosts file; the first is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustedBy {
    /// A line has this key.
    Line {
        /// Its number.
        line: usize,
    },
    /// Its fingerprint is pinned.
    Pinned,
    /// A `@cert-authority` line has the authority of its certificate.
    Authority {
        /// Its number.
        line: usize,
    },
}

impl TrustedHostKeys {
    /// Trusts these. With neither, every key is refused as unknown.
    pub fn new(known_hosts: Option<KnownHosts>, pinned: Vec<Fingerprint>) -> Self {
        Self { known_hosts, pinned }
    }

    /// The lines of the known_hosts file that were skipped, for the log; in file order.
    pub fn warnings(&self) -> &[KnownHostsWarning] {
        self.known_hosts.as_ref().map_or(&[], KnownHosts::warnings)
    }

    /// Decides on the key that `host`:`port` presents, where `host` is the name that was configured, without
    /// brackets.
    ///
    /// A key on record belongs to a name and a port: what is on record for `host` says nothing of
    /// `host`:2222. Here this is stricter than ssh(1), which falls back to the plain name when the port has
    /// no line of its own.
    ///
    /// # Errors
    /// The refusal names the fingerprint found, and those that would have been trusted. `@revoked` wins over
    /// everything else, pinned fingerprints included.
    pub fn verify(&self, host: &str, port: u16, key: &PublicKey) -> Result<(), HostKeyRefusal> {
        let found = Fingerprint::of(key);
        let name = HostName::new(host, port).to_string();
        if self.revoked(host, port).contains(key.key_data()) {
            return Err(HostKeyRefusal::Revoked { name, found });
        }
        if self.trusts(host, port, key.key_data()) {
            return Ok(());
        }
        let (expected, authorities) = (self.expected(host, port), self.expected_authorities(host, port));
        if expected.is_empty() && authorities.is_empty() {
            return Err(HostKeyRefusal::Unknown { name, found });
        }
        Err(HostKeyRefusal::Mismatch { name, found, expected, authorities })
    }

    /// Decides on the certificate that `host`:`port` presents (PROTOCOL.certkeys of OpenSSH). That the server
    /// has the certified key, the key exchange has shown.
    ///
    /// Its authority must stand on a `@cert-authority` line for this name and port, and the certificate must
    /// be a host's, signed without SHA-1 unless `legacy`, valid at `now`, without critical options, and
    /// have `host` among its principals. Stricter than ssh(1) before 10.3, one for everybody is refused. As
    /// in ssh(1), a certified key that is trusted by itself, on record or pinned, needs no certificate.
    ///
    /// # Errors
    /// The refusal says what was found and what was expected. `@revoked` wins over everything else, for the
    /// authority as for the certified key.
    pub fn verify_certificate(
        &self,
        host: &str,
        port: u16,
        certificate: &Certificate,
        now: SystemTime,
        legacy: bool,
    ) -> Result<(), HostKeyRefusal> {
        let name = HostName::new(host, port).to_string();
        let (key, authority) = (certificate.public_key(), certificate.signature_key());
        let found = Fingerprint::of_data(authority);
        let revoked = self.revoked(host, port);
        if revoked.contains(key) {
            return Err(HostKeyRefusal::Revoked { name, found: Fingerprint::of_data(key) });
        }
        if revoked.contains(authority) {
            return Err(HostKeyRefusal::RevokedAuthority { name, found });
        }
        if self.trusts(host, port, key) {
            return Ok(());
        }
        if !self.authorities(host, port).contains(&authority) {
            let expected = self.expected_authorities(host, port);
            return Err(HostKeyRefusal::UnknownAuthority { name, found, expected });
        }
        certificate::check(certificate, host, now, legacy).map_err(|problem| HostKeyRefusal::Certificate {
            name,
            authority: found,
            problem,
        })
    }

    /// By what this key or certificate, which `host`:`port` presents, is trusted. For people to read: the decision is
    /// that of [`TrustedHostKeys::verify`] and [`TrustedHostKeys::verify_certificate`].
    pub fn trusted_by(&self, host: &str, port: u16, shown: &Presented) -> Option<TrustedBy> {
        let name = HostName::new(host, port);
        let line = |meaning, key: &KeyData| self.known_hosts.as_ref()?.line_of(meaning, &name, key);
        let (key, authority) = (shown.key(), shown.authority());
        let pinned = || self.pinned.contains(&Fingerprint::of_data(key)).then_some(TrustedBy::Pinned);
        let certified = || Some(TrustedBy::Authority { line: line(Meaning::Authority, authority?)? });
        line(Meaning::HostKey, key).map(|line| TrustedBy::Line { line }).or_else(pinned).or_else(certified)
    }

    /// Whether any key or authority is trusted for `host`:`port`. If not, every connection will be refused.
    pub fn trusts_any(&self, host: &str, port: u16) -> bool {
        !self.expected(host, port).is_empty() || !self.authorities(host, port).is_empty()
    }

    /// What to offer `host`:`port`. An RSA key stands for rsa-sha2-512 and rsa-sha2-256, and for the SHA-1
    /// ssh-rsa only when `legacy`.
    pub fn offer(&self, host: &str, port: u16, legacy: bool) -> Offer {
        let first = self.algorithms_on_record(host, port, legacy);
        let certificates = !self.authorities(host, port).is_empty();
        let keys = !certificates || !first.is_empty() || !self.pinned.is_empty();
        Offer { first, keys, certificates }
    }

    /// What to say when `host`:`port` has only host keys of the algorithms `offered`, and none was among
    /// ours. Nothing, unless it was for a certificate that we insisted on.
    pub fn no_certificate(&self, host: &str, port: u16, offered: &[String]) -> Option<HostKeyRefusal> {
        if self.offer(host, port, true).keys {
            return None;
        }
        let name = HostName::new(host, port).to_string();
        let offered = offered.join(",").chars().take(512).flat_map(char::escape_debug).collect();
        Some(HostKeyRefusal::NoCertificate { name, offered, expected: self.expected_authorities(host, port) })
    }

    /// The host key algorithms to offer first in the key exchange, so that an upstream with several keys
    /// presents one that is on record for `host`:`port`: in file order, without repeats, without those of
    /// revoked keys.
    ///
    /// Empty when only fingerprints are pinned, for they do not tell the type.
    fn algorithms_on_record(&self, host: &str, port: u16, legacy: bool) -> Vec<Algorithm> {
        let mut algorithms = Vec::new();
        for key in self.on_record(host, port) {
            for algorithm in signature_algorithms(key, legacy) {
                if !algorithms.contains(&algorithm) {
                    algorithms.push(algorithm);
                }
            }
        }
        algorithms
    }

    /// Whether this key is on record or pinned. The caller has seen to it that it is not revoked.
    fn trusts(&self, host: &str, port: u16, key: &KeyData) -> bool {
        self.on_record(host, port).contains(&key) || self.pinned.contains(&Fingerprint::of_data(key))
    }

    /// The keys on record that are not revoked, in file order.
    fn on_record(&self, host: &str, port: u16) -> Vec<&KeyData> {
        let revoked = self.revoked(host, port);
        let name = HostName::new(host, port);
        let keys = self.known_hosts.iter().flat_map(|file| file.keys_of(&name));
        keys.filter(|key| !revoked.contains(*key)).collect()
    }

    /// The authorities on record that are not revoked, in file order.
    fn authorities(&self, host: &str, port: u16) -> Vec<&KeyData> {
        let revoked = self.revoked(host, port);
        let name = HostName::new(host, port);
        let keys = self.known_hosts.iter().flat_map(|file| file.authorities_of(&name));
        keys.filter(|key| !revoked.contains(*key)).collect()
    }

    /// A key that was revoked for a name is refused on all its ports: whoever stole it does not mind the
    /// port. To trust goes by name and port, to distrust does not have to.
    fn revoked(&self, host: &str, port: u16) -> HashSet<&KeyData> {
        let names = [HostName::new(host, port), HostName::without_port(host)];
        self.known_hosts.iter().flat_map(|file| file.revoked_for(&names)).collect()
    }

    /// The keys that would have been trusted: on record first, then pinned, each once.
    fn expected(&self, host: &str, port: u16) -> Vec<Fingerprint> {
        let on_record = self.on_record(host, port).into_iter().map(Fingerprint::of_data);
        let revoked: HashSet<_> = self.revoked(host, port).into_iter().map(Fingerprint::of_data).collect();
        let pinned = self.pinned.iter().copied().filter(|fingerprint| !revoked.contains(fingerprint));
        once(on_record.chain(pinned))
    }

    fn expected_authorities(&self, host: &str, port: u16) -> Vec<Fingerprint> {
        once(self.authorities(host, port).into_iter().map(Fingerprint::of_data))
    }
}

/// How a known_hosts line names `host`:`port`.
pub(super) fn name_of(host: &str, port: u16) -> String {
    HostName::new(host, port).to_string()
}

fn once(fingerprints: impl Iterator<Item = Fingerprint>) -> Vec<Fingerprint> {
    let mut each = Vec::new();
    for fingerprint in fingerprints {
        if !each.contains(&fingerprint) {
            each.push(fingerprint);
        }
    }
    each
}

/// Only the types that russh can verify as host keys: to offer another one first would make a server choose
/// it, and the exchange fail.
fn signature_algorithms(key: &KeyData, legacy: bool) -> Vec<Algorithm> {
    let rsa = |hash| Algorithm::Rsa { hash };
    match key {
        KeyData::Ed25519(_) | KeyData::Ecdsa(_) => vec![key.algorithm()],
        KeyData::Rsa(_) => [Some(HashAlg::Sha512), Some(HashAlg::Sha256)]
            .into_iter()
            .chain(legacy.then_some(None))
            .map(rsa)
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
