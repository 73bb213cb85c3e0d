//! What a server shows of itself in the key exchange.

use russh::keys::ssh_key::public::KeyData;
use russh::keys::{Certificate, PublicKey, PublicKeyOrCertificate};

/// A host key, alone or certified. That the server has it, the exchange has shown; nothing else is checked.
#[derive(Clone, Debug)]
pub enum Presented {
    /// A plain key.
    Key(PublicKey),
    /// A certificate for it.
    Certificate(Box<Certificate>),
}

impl Presented {
    /// The key that the server has.
    pub fn key(&self) -> &KeyData {
        match self {
            Self::Key(key) => key.key_data(),
            Self::Certificate(certificate) => certificate.public_key(),
        }
    }

    /// The key of the certificate's authority.
    pub fn authority(&self) -> Option<&KeyData> {
        match self {
            Self::Key(_) => None,
            Self::Certificate(certificate) => Some(certificate.signature_key()),
        }
    }
}

impl From<&PublicKeyOrCertificate> for Presented {
    fn from(shown: &PublicKeyOrCertificate) -> Self {
        match shown {
            PublicKeyOrCertificate::PublicKey { key, .. } => Self::Key(key.clone()),
            PublicKeyOrCertificate::Certificate(certificate) => {
                Self::Certificate(Box::new(certificate.clone()))
            }
        }
    }
}
