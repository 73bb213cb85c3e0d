//! Why the bridge cannot log in by itself.

use russh::keys::ssh_key;
use thiserror::Error;

use super::key_file::KeyFileError;
use crate::config::ConfigError;

/// Why the bridge's own credentials are of no use. No text has anything of a secret.
#[derive(Debug, Error)]
pub enum OwnError {
    /// The file of a private key.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// The file of a password or passphrase.
    #[error(transparent)]
    Secret(ConfigError),
    /// The upstream could take the person's name for somebody else's.
    #[error("the person's name has {found}, which cannot be in {place} at an upstream")]
    Name {
        /// The characters at fault.
        found: &'static str,
        /// What the name would be a part of.
        place: &'static str,
    },
    /// The system has no randomness.
    #[error("no randomness for a certificate: {0}")]
    Randomness(#[from] getrandom::Error),
    /// The certificate cannot be made.
    #[error("cannot make a certificate: {0}")]
    Certificate(#[from] ssh_key::Error),
}
