//! A certificate authority for logins: a new key pair and a user certificate for each (PROTOCOL.certkeys of
//! OpenSSH).
//!
//! The certificate says as little as a login to SFTP needs: no extensions, so no terminal, no forwarding.

use std::fmt::{self, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use russh::keys::ssh_key::certificate::{Builder, CertType};
use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::keys::{Certificate, PrivateKey, ssh_key};
use zeroize::Zeroizing;

use super::error::OwnError;
use crate::config::{self, Template};
use crate::fingerprint::Fingerprint;

/// How much the upstream's clock may be behind ours, in seconds.
const CLOCK_SKEW: u64 = 60;

/// The authority's key, and what its certificates say.
pub(super) struct CertificateAuthority {
    key: PrivateKey,
    upstream: String,
    validity: Duration,
    principals: Vec<Template>,
    /// The critical option `source-address`: networks with commas between.
    source_address: Option<String>,
}

/// The randomness of one certificate.
pub(super) struct Fresh {
    /// What the key pair is made from.
    seed: Zeroizing<[u8; 32]>,
    nonce: [u8; 32],
    serial: u64,
}

impl Fresh {
    pub(super) fn from_system() -> Result<Fresh, getrandom::Error> {
        let (mut seed, mut nonce) = (Zeroizing::new([0; 32]), [0; 32]);
        getrandom::fill(seed.as_mut())?;
        getrandom::fill(&mut nonce)?;
        Ok(Fresh { seed, nonce, serial: getrandom::u64()? })
    }
}

impl CertificateAuthority {
    /// `upstream` is the name in the configuration, for the key id.
    pub(super) fn new(key: PrivateKey, upstream: &str, settings: &config::Authority) -> Self {
        // OpenSSH takes no network with bits behind its prefix.
        let networks: Vec<_> = settings.source_address.iter().map(|it| it.trunc().to_string()).collect();
        Self {
            key,
            upstream: upstream.to_owned(),
            validity: settings.validity,
            principals: settings.principals.clone(),
            source_address: (!networks.is_empty()).then(|| networks.join(",")),
        }
    }

    /// What [`Self::issue`] makes, from the system's randomness.
    ///
    /// # Errors
    /// [`OwnError::Name`] for a comma: sshd takes a principal apart there where it compares it with the option
    /// `principals` of an authorized key, and a person `x,root` would be `root`.
    pub(super) fn login(
        &self,
        person: &str,
        session: &str,
        now: SystemTime,
    ) -> Result<(PrivateKey, Certificate), OwnError> {
        if person.contains(',') && self.principals.iter().any(Template::names_person) {
            return Err(OwnError::Name { found: "','", place: "a principal" });
        }
        Ok(self.issue(person, session, now, &Fresh::from_system()?)?)
    }

    /// A key pair, and a certificate for it that is good for `person` from a minute before `now` until the
    /// validity after it. sshd's log shows the key id: the person, the session, and this upstream.
    ///
    /// # Errors
    /// Only what the library finds wrong, with the signature or with a time before 1970.
    pub(super) fn issue(
        &self,
        person: &str,
        session: &str,
        now: SystemTime,
        fresh: &Fresh,
    ) -> Result<(PrivateKey, Certificate), ssh_key::Error> {
        let now = now.duration_since(UNIX_EPOCH).map_err(|_| ssh_key::Error::Time)?.as_secs();
        let (from, until) = (now.saturating_sub(CLOCK_SKEW), now.saturating_add(self.validity.as_secs()));
        let key = PrivateKey::from(Ed25519Keypair::from_seed(&fresh.seed));
        let mut builder = Builder::new(fresh.nonce, key.public_key().key_data().clone(), from, until)?;
        builder.cert_type(CertType::User)?.serial(fresh.serial)?;
        builder.key_id(key_id(person, session, &self.upstream))?;
        for principal in self.principals(person) {
            builder.valid_principal(principal)?;
        }
        if let Some(networks) = &self.source_address {
            builder.critical_option("source-address", networks)?;
        }
        Ok((key, builder.sign(&self.key)?))
    }

    /// Each once, in the order of the configuration.
    fn principals(&self, person: &str) -> Vec<String> {
        let mut principals = Vec::new();
        for principal in self.principals.iter().map(|template| template.fill(person)) {
            if !principals.contains(&principal) {
                principals.push(principal);
            }
        }
        principals
    }
}

impl fmt::Debug for CertificateAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertificateAuthority")
            .field("key", &Fingerprint::of(self.key.public_key()))
            .field("upstream", &self.upstream)
            .field("validity", &self.validity)
            .field("principals", &self.principals)
            .field("source_address", &self.source_address)
            .finish()
    }
}

fn key_id(person: &str, session: &str, upstream: &str) -> String {
    let [person, session, upstream] = [person, session, upstream].map(escaped);
    format!("sftpbridge user={person} session={session} upstream={upstream}")
}

/// With `%` and two digits for every byte that could end a field, or forge one, in a line of sshd's log.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'@' | b'+' => {
                escaped.push(char::from(byte));
            }
            // To write to a string cannot fail.
            _ => drop(write!(escaped, "%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
