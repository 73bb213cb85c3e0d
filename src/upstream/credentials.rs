//! How the bridge logs in at an upstream.

mod authority;
mod error;
mod key_file;
mod openssh_key;
mod own;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use russh::keys::{Certificate, PrivateKey, PublicKey};

use super::method::Method;
use crate::config::Secret;
use crate::fingerprint::Fingerprint;

pub use error::OwnError;
pub use key_file::{KEY_FILE_LIMIT, KeyFileError, KeyFileProblem, read_key_file};
pub use own::Own;

/// One way to log in (RFC 4252). Debug shows no secret.
#[derive(Clone)]
pub enum Credentials {
    /// RFC 4252, section 8.
    Password(Secret),
    /// RFC 4256; the answers come from [`Answers`](super::Answers).
    KeyboardInteractive,
    /// RFC 4252, section 7; the signature comes from [`Answers`](super::Answers).
    PublicKey(PublicKey),
    /// The same with a user certificate (PROTOCOL.certkeys of OpenSSH).
    Certificate(Box<Certificate>),
    /// A key that the bridge itself holds.
    Key {
        /// The private key, not encrypted.
        key: Arc<PrivateKey>,
        /// A certificate for it, to be shown in its place.
        certificate: Option<Box<Certificate>>,
    },
    /// A key in an ssh-agent.
    Agent {
        /// The agent's unix socket.
        socket: PathBuf,
        /// Which key; without it the agent must hold exactly one.
        key: Option<Fingerprint>,
    },
}

impl Credentials {
    /// The method of SSH that they are for.
    pub fn method(&self) -> Method {
        match self {
            Self::Password(_) => Method::Password,
            Self::KeyboardInteractive => Method::KeyboardInteractive,
            Self::PublicKey(_) | Self::Certificate(_) | Self::Key { .. } | Self::Agent { .. } => {
                Method::PublicKey
            }
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password(password) => f.debug_tuple("Password").field(password).finish(),
            Self::KeyboardInteractive => f.write_str("KeyboardInteractive"),
            Self::PublicKey(key) => f.debug_tuple("PublicKey").field(&Fingerprint::of(key)).finish(),
            Self::Certificate(certificate) => {
                let key = Fingerprint::of_data(certificate.public_key());
                f.debug_tuple("Certificate").field(&key).finish()
            }
            Self::Key { key, certificate } => f
                .debug_struct("Key")
                .field("key", &Fingerprint::of(key.public_key()))
                .field("certificate", &certificate.is_some())
                .finish(),
            Self::Agent { socket, key } => {
                f.debug_struct("Agent").field("socket", socket).field("key", key).finish()
            }
        }
    }
}
