//! The bridge's own credentials for an upstream: used for every login there, and read again when their files change.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use russh::keys::PrivateKey;

use super::Credentials;
use super::authority::CertificateAuthority;
use super::error::OwnError;
use super::key_file::read_key_file;
use crate::config::{Proof, Secret, Template};
use crate::fingerprint::Fingerprint;
use crate::watched::{Look, Watched};

/// Where OpenSSH cuts a user name: before a style (auth2.c) and, in the builds of many distributions, before a role
/// of SELinux. A person `root:x` would else log in as `root`.
const CUTS: [char; 2] = [':', '/'];

/// What the bridge holds to log in to one upstream. Debug shows no secret.
#[derive(Debug)]
pub struct Own {
    user: Template,
    proof: Watched<Held>,
}

enum Held {
    Key(Arc<PrivateKey>),
    Password(Secret),
    Agent { socket: PathBuf, key: Option<Fingerprint> },
    Authority(Box<CertificateAuthority>),
}

impl Own {
    /// Reads the files that `proof` names. `upstream` is the upstream's name in the configuration. This
    /// blocks on the file system.
    ///
    /// # Errors
    /// [`OwnError`] names the file that is of no use, and never its content. An agent is asked at the login
    /// only: it may hold its keys later.
    pub fn load(upstream: &str, user: &Template, proof: &Proof) -> Result<Own, OwnError> {
        let (upstream, settings) = (upstream.to_owned(), proof.clone());
        let load = move || Held::load(&upstream, &settings);
        let proof = Watched::open("credentials", files(proof), load, Instant::now())?;
        Ok(Own { user: user.clone(), proof })
    }

    /// Looks at the files now. What cannot be used keeps what was read before. Blocks for as long as the file system
    /// does, and for the tenth of a second that a passphrase takes.
    pub fn reload(&self, look: Look) {
        self.proof.look(look, Instant::now());
    }

    /// The user's name at the upstream, and what proves it there, for the login of `person` in `session` at
    /// `now`.
    ///
    /// # Errors
    /// [`OwnError::Name`] if the upstream could take the name for somebody else's. The others are for a certificate
    /// only: when the system has no randomness, or the certificate cannot be signed.
    pub fn login(
        &self,
        person: &str,
        session: &str,
        now: SystemTime,
    ) -> Result<(String, Credentials), OwnError> {
        if self.user.names_person() && person.contains(CUTS) {
            return Err(OwnError::Name { found: "':' or '/'", place: "a user name" });
        }
        let credentials = match &*self.proof.snapshot() {
            Held::Key(key) => Credentials::Key { key: Arc::clone(key), certificate: None },
            Held::Password(password) => Credentials::Password(password.clone()),
            Held::Agent { socket, key } => Credentials::Agent { socket: socket.clone(), key: *key },
            Held::Authority(authority) => {
                let (key, certificate) = authority.login(person, session, now)?;
                Credentials::Key { key: Arc::new(key), certificate: Some(Box::new(certificate)) }
            }
        };
        Ok((self.user.fill(person), credentials))
    }
}

impl Held {
    fn load(upstream: &str, proof: &Proof) -> Result<Held, OwnError> {
        Ok(match proof {
            Proof::Key { file, passphrase_file } => {
                let passphrase = passphrase_file.as_deref().map(secret).transpose()?;
                Held::Key(Arc::new(read_key_file(file, || passphrase)?))
            }
            Proof::Password { file } => Held::Password(secret(file)?),
            Proof::Agent { socket, key } => Held::Agent { socket: socket.clone(), key: *key },
            Proof::Certificate(settings) => {
                let key = read_key_file(&settings.key_file, || None)?;
                Held::Authority(Box::new(CertificateAuthority::new(key, upstream, settings)))
            }
        })
    }
}

/// The files that belong together. An agent has none: it is asked at each login.
fn files(proof: &Proof) -> Vec<PathBuf> {
    match proof {
        Proof::Key { file, passphrase_file } => [file].into_iter().chain(passphrase_file).cloned().collect(),
        Proof::Password { file } => vec![file.clone()],
        Proof::Agent { .. } => Vec::new(),
        Proof::Certificate(settings) => vec![settings.key_file.clone()],
    }
}

fn secret(file: &Path) -> Result<Secret, OwnError> {
    Secret::from_file(file).map_err(OwnError::Secret)
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => f.debug_tuple("Key").field(&Fingerprint::of(key.public_key())).finish(),
            Self::Password(password) => f.debug_tuple("Password").field(password).finish(),
            Self::Agent { socket, key } => {
                f.debug_struct("Agent").field("socket", socket).field("key", key).finish()
            }
            Self::Authority(authority) => authority.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests;
