//! Which host keys a server has: asked for one type after the other, and learnt for nobody. What comes of it is for a
//! person to compare with what the server's operator says.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use russh::client;
use russh::keys::{Algorithm, Certificate, HashAlg, PublicKey, PublicKeyOrCertificate};
use russh::{Preferred, client::Handler};
use tokio::io::BufReader;
use tokio::time::timeout;

use super::algorithms;
use super::dial::{READ_BUFFER, dial};
use super::error::{Step, UpstreamError};
use super::host_key::{Offer, Presented, name_of};
use super::link::Cut;
use super::sights::{Seen, Sights};
use super::wire::{Early, Wire};
use crate::config::HostPort;

/// What a server has shown.
#[derive(Debug, Clone)]
pub struct Scanned {
    /// Its name as a known_hosts line has it: `host`, or `[host]:port`.
    pub name: String,
    /// Its identification, escaped.
    pub software: String,
    /// Its host keys, one of a type.
    pub keys: Vec<PublicKey>,
    /// A host certificate, if it has one.
    pub certificate: Option<Box<Certificate>>,
}

/// Asks the server at `address` for its host keys, old types too. Each of its at most six connections may take `limit`.
///
/// # Errors
/// [`UpstreamError`], when the first connection shows no host key.
pub async fn scan(address: &HostPort, limit: Duration) -> Result<Scanned, UpstreamError> {
    let all = preferred();
    let (first, result) = probe(address, all.clone(), limit).await;
    let Some((key, _)) = &first.host_key else {
        return Err(result
            .err()
            .unwrap_or(UpstreamError::TimedOut { step: Step::KeyExchange, after: limit }));
    };
    let mut keys = BTreeMap::from([(rank(key), plain(key))]);
    let offers = first.offered.map(|(offers, _)| offers).unwrap_or_default();
    for (rank, algorithms) in types() {
        let offered =
            algorithms.iter().any(|algorithm| offers.host_keys.iter().any(|it| it == algorithm.as_str()));
        if offered && !keys.contains_key(&rank) {
            let one = Preferred { key: algorithms.into(), ..all.clone() };
            if let (Seen { host_key: Some((key, _)), .. }, _) = probe(address, one, limit).await {
                keys.insert(rank, plain(&key));
            }
        }
    }
    let mut certificate = None;
    if offers.has_certificate() {
        let certified =
            Preferred { host_key_certificates: all.key.clone(), key: Cow::Borrowed(&[]), ..all.clone() };
        if let (Seen { host_key: Some((Presented::Certificate(shown), _)), .. }, _) =
            probe(address, certified, limit).await
        {
            certificate = Some(shown);
        }
    }
    Ok(Scanned {
        name: name_of(&address.host, address.port),
        software: first.identified.map(|(text, _)| text).unwrap_or_default(),
        keys: keys.into_values().collect(),
        certificate,
    })
}

/// The old algorithms too: who asks for a key trusts nothing yet.
fn preferred() -> Preferred {
    algorithms::preferred(true, &Offer { first: Vec::new(), keys: true, certificates: false })
}

/// The types in the order of the answer, each with the algorithms that ask for it.
fn types() -> Vec<(usize, Vec<Algorithm>)> {
    let mut types: BTreeMap<usize, Vec<Algorithm>> = BTreeMap::new();
    for algorithm in preferred().key.iter() {
        types.entry(place(algorithm)).or_default().push(algorithm.clone());
    }
    types.into_iter().collect()
}

fn place(algorithm: &Algorithm) -> usize {
    let of_a_kind = |other: &&Algorithm| match (algorithm, other) {
        (Algorithm::Rsa { .. }, Algorithm::Rsa { .. }) => true,
        (one, other) => one == *other,
    };
    let all = preferred().key;
    all.iter().position(|other| of_a_kind(&other)).unwrap_or(all.len())
}

fn rank(key: &Presented) -> usize {
    place(&plain(key).algorithm())
}

/// Without a comment.
fn plain(shown: &Presented) -> PublicKey {
    PublicKey::from(shown.key().clone())
}

/// One connection, up to the host key.
async fn probe(
    address: &HostPort,
    preferred: Preferred,
    limit: Duration,
) -> (Seen, Result<(), UpstreamError>) {
    let sights = Arc::<Sights>::default();
    let result = match timeout(limit, exchange(address, preferred, &sights)).await {
        Ok(result) => result,
        Err(_) => Err(UpstreamError::TimedOut { step: reached(&sights.seen()), after: limit }),
    };
    (sights.seen(), result)
}

fn reached(seen: &Seen) -> Step {
    match (&seen.connected, &seen.identified) {
        (None, _) => Step::Connect,
        (Some(_), None) => Step::Identification,
        (Some(_), Some(_)) => Step::KeyExchange,
    }
}

async fn exchange(
    address: &HostPort,
    preferred: Preferred,
    sights: &Arc<Sights>,
) -> Result<(), UpstreamError> {
    let tcp = dial(address, Some(sights))
        .await
        .map_err(|source| UpstreamError::Connect { address: address.to_string(), source })?;
    let tcp = Arc::new(tcp);
    let _cut = Cut::new(Arc::clone(&tcp));
    let early = Arc::<Early>::default();
    let wire = Wire::new(tcp, Arc::clone(&early), Some(Arc::clone(sights)));
    let wire = BufReader::with_capacity(READ_BUFFER, wire);
    let ssh = Arc::new(client::Config { preferred, ..client::Config::default() });
    let connecting = pin!(client::connect_stream(ssh, wire, Onlooker(Arc::clone(sights))));
    match connecting.await {
        Ok(_) => Ok(()),
        Err(source) => Err(match early.text() {
            Some(text) if !early.is_identified() => UpstreamError::NotSsh { text },
            _ => UpstreamError::Lost { step: reached(&sights.seen()), source: source.into() },
        }),
    }
}

/// Looks at the host key and goes.
struct Onlooker(Arc<Sights>);

impl Handler for Onlooker {
    type Error = russh::Error;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        self.0.host_key(key);
        Ok(false)
    }
}

impl Scanned {
    /// The lines for a known_hosts file: a comment with the fingerprint, then the key. A certificate is told in
    /// comments only, since to trust its authority is to trust all that it certifies.
    pub fn lines(&self) -> String {
        let mut text = format!("# {} {}\n", self.name, self.software);
        for key in &self.keys {
            text.push_str(&format!("# {}\n{}\n", key.fingerprint(HashAlg::Sha256), self.line(key)));
        }
        if let Some(certificate) = &self.certificate {
            let authority = PublicKey::from(certificate.signature_key().clone());
            text.push_str(&format!(
                "# It also has a host certificate by the authority {}.\n\
                 # To trust whatever this authority certifies for this name, in place of the keys above:\n\
                 # @cert-authority {}\n",
                authority.fingerprint(HashAlg::Sha256),
                self.line(&authority),
            ));
        }
        text
    }

    fn line(&self, key: &PublicKey) -> String {
        // A key that was just read can be written again, and has no comment. Its type may be one that nobody knows, and
        // then be any ASCII: line breaks too.
        let text = key.to_openssh().unwrap_or_default();
        format!("{} {}", self.name, text.trim_end().replace(|c: char| c.is_control(), "?"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::host_key::{KnownHosts, TrustedHostKeys, fixtures};

    #[test]
    fn rsa_is_one_type_however_it_signs() {
        let types = types();
        assert_eq!(types.len(), 5);
        assert_eq!(
            types.iter().map(|(_, algorithms)| algorithms.len()).sum::<usize>(),
            preferred().key.len()
        );
        let rsa = |hash| place(&Algorithm::Rsa { hash });
        assert_eq!(rsa(None), rsa(Some(HashAlg::Sha512)));
    }

    fn string(text: &[u8]) -> Vec<u8> {
        [&(text.len() as u32).to_be_bytes()[..], text].concat()
    }

    /// A host certificate by an authority whose key is of this type.
    fn certificate(authority: &[u8]) -> Certificate {
        let own = [string(b"ssh-ed25519-cert-v01@openssh.com"), string(&[7; 32]), string(&[8; 32])].concat();
        let number = 1_u64.to_be_bytes();
        let rest = [string(b"id"), string(b""), [number, number].concat(), string(b"").repeat(3)].concat();
        let signer = string(&[string(authority), string(b"key")].concat());
        let signature = string(&[string(b"ssh-ed25519"), string(&[9; 64])].concat());
        let all = [own, number.to_vec(), 2_u32.to_be_bytes().to_vec(), rest, signer, signature].concat();
        Certificate::from_bytes(&all).unwrap()
    }

    #[test]
    fn a_type_of_key_that_a_server_has_made_up_neither_drives_a_terminal_nor_begins_a_line() {
        let scanned = Scanned {
            name: "files.example.org".to_owned(),
            software: "SSH-2.0-x".to_owned(),
            keys: Vec::new(),
            certificate: Some(Box::new(certificate(b"a\x1b[2J@b\n* ssh-ed25519 AAAA"))),
        };
        let lines = scanned.lines();
        assert!(lines.contains("# @cert-authority files.example.org a?[2J@b?* ssh-ed25519 AAAA "), "{lines}");
        assert!(
            lines.lines().all(|line| line.starts_with("# ") && !line.contains(char::is_control)),
            "{lines}"
        );
    }

    #[test]
    fn the_lines_are_read_by_our_own_known_hosts() {
        let keys = vec![fixtures::key(fixtures::ED25519), fixtures::key(fixtures::RSA)];
        let address: HostPort = "files.example.org:2222".parse().unwrap();
        let scanned = Scanned {
            name: name_of(&address.host, address.port),
            software: "SSH-2.0-x".to_owned(),
            keys: keys.iter().map(|key| PublicKey::from(key.key_data().clone())).collect(),
            certificate: None,
        };
        let lines = scanned.lines();
        assert!(lines.contains("\n[files.example.org]:2222 ssh-ed25519 "), "{lines}");
        let known = KnownHosts::parse(lines.as_bytes()).unwrap();
        assert!(known.warnings().is_empty(), "{lines}");
        let trusted = TrustedHostKeys::new(Some(known), Vec::new());
        for key in &keys {
            assert_eq!(trusted.verify("files.example.org", 2222, key), Ok(()));
        }
    }
}
