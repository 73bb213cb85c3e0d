//! Signatures for RFC 4252, section 7: which algorithm, who makes them, and whether they are any good.

use russh::Signer;
use russh::keys::agent::AgentIdentity;
use russh::keys::signature::{Signer as _, Verifier as _};
use russh::keys::ssh_encoding::{Decode, Encode};
use russh::keys::ssh_key::Signature;
use russh::keys::ssh_key::private::KeypairData;
use russh::keys::ssh_key::public::KeyData;
use russh::keys::{Algorithm, Certificate, HashAlg, PrivateKey, PublicKey};
use tokio::sync::{mpsc, oneshot};

/// Longest signature in bytes: an RSA key of 16384 bits makes 2 KiB, and a little.
const LONGEST: usize = 4 * 1024;

/// What is shown to the server.
#[derive(Debug, Clone)]
pub(super) enum Shown {
    Key(PublicKey),
    Certificate(Box<Certificate>),
}

impl Shown {
    /// The public key that a signature is verified with.
    pub(super) fn key(&self) -> &KeyData {
        match self {
            Self::Key(key) => key.key_data(),
            Self::Certificate(certificate) => certificate.public_key(),
        }
    }

    pub(super) fn is_rsa(&self) -> bool {
        matches!(self.key(), KeyData::Rsa(_))
    }

    /// The plain algorithm of the signature; `hash` counts for RSA.
    pub(super) fn algorithm(&self, hash: Option<HashAlg>) -> Algorithm {
        match self.key().algorithm() {
            Algorithm::Rsa { .. } => Algorithm::Rsa { hash },
            other => other,
        }
    }
}

/// Why there is no signature.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoSignature {
    /// The connection is gone.
    #[error(transparent)]
    Send(#[from] russh::SendError),
    /// Nobody is there, or the person refuses.
    #[error("nobody signs")]
    Unanswered,
    /// What came as a signature is none, or not for this key and this login.
    #[error("the signature is unusable: {0}")]
    Unusable(&'static str),
    /// The bridge's own key, or its agent, cannot sign.
    #[error(transparent)]
    Key(#[from] russh::keys::Error),
}

impl From<russh::AgentAuthError> for NoSignature {
    fn from(error: russh::AgentAuthError) -> Self {
        match error {
            russh::AgentAuthError::Send(error) => Self::Send(error),
            russh::AgentAuthError::Key(error) => Self::Key(error),
        }
    }
}

/// A key that the bridge holds.
pub(super) struct Held<'a> {
    pub(super) key: &'a PrivateKey,
    pub(super) hash: Option<HashAlg>,
}

impl Signer for Held<'_> {
    type Error = NoSignature;

    async fn auth_sign(
        &mut self,
        _: &AgentIdentity,
        _: Option<HashAlg>,
        data: Vec<u8>,
    ) -> Result<Vec<u8>, NoSignature> {
        let signature = match self.key.key_data() {
            // Left to itself the library signs with SHA-512, whatever was announced.
            KeypairData::Rsa(pair) => (pair, self.hash).try_sign(&data),
            other => other.try_sign(&data),
        };
        let unable = |_| NoSignature::Unusable("this kind of key cannot sign here");
        let signature = Vec::try_from(signature.map_err(unable)?).map_err(russh::keys::Error::SshKey)?;
        with_signature(data, &signature)
    }
}

/// Passes what is to be signed on to whoever holds the key.
pub(super) struct Elsewhere(pub(super) mpsc::Sender<ToSign>);

pub(super) struct ToSign {
    pub(super) data: Vec<u8>,
    pub(super) reply: oneshot::Sender<Result<Vec<u8>, NoSignature>>,
}

impl Signer for Elsewhere {
    type Error = NoSignature;

    async fn auth_sign(
        &mut self,
        _: &AgentIdentity,
        _: Option<HashAlg>,
        data: Vec<u8>,
    ) -> Result<Vec<u8>, NoSignature> {
        let (reply, signature) = oneshot::channel();
        let request = ToSign { data: data.clone(), reply };
        self.0.send(request).await.map_err(|_| NoSignature::Unanswered)?;
        let signature = signature.await.map_err(|_| NoSignature::Unanswered)??;
        with_signature(data, &signature)
    }
}

/// What russh sends: what was signed, and the signature as a string.
fn with_signature(mut data: Vec<u8>, signature: &[u8]) -> Result<Vec<u8>, NoSignature> {
    signature.encode(&mut data).map_err(russh::keys::Error::SshEncoding)?;
    Ok(data)
}

/// Whether `signature` is one by `algorithm` for `data`, made with the private half of `key`. What is not must
/// not reach the server: it would count as a failed login there.
pub(super) fn verify(
    key: &KeyData,
    algorithm: &Algorithm,
    data: &[u8],
    signature: &[u8],
) -> Result<(), NoSignature> {
    if signature.len() > LONGEST {
        return Err(NoSignature::Unusable("it is too long"));
    }
    let mut rest = signature;
    let decoded = Signature::decode(&mut rest).map_err(|_| NoSignature::Unusable("it cannot be read"))?;
    if !rest.is_empty() {
        return Err(NoSignature::Unusable("something follows it"));
    }
    if decoded.algorithm() != *algorithm {
        return Err(NoSignature::Unusable("it is by another algorithm than the one asked for"));
    }
    key.verify(data, &decoded).map_err(|_| NoSignature::Unusable("it does not verify"))
}

#[cfg(test)]
mod tests;
