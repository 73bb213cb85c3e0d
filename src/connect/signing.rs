//! What may be signed: the request to log in (RFC 4252, section 7) as our user with our key, and nothing else. A
//! bridge that lies could else have any document signed, or another login than the one that was agreed to.
//!
//! One thing cannot be checked: the session identifier, which only the two ends of the SSH connection know. A
//! hostile bridge may so use the signature for a connection of its own to any server that lets in this key as this
//! user. That is the same trust that a password sent to the bridge takes, or a forwarded agent.

use russh::keys::signature::Signer;
use russh::keys::ssh_encoding::Encode;
use russh::keys::ssh_key::Signature;
use russh::keys::ssh_key::private::KeypairData;
use russh::keys::{HashAlg, PrivateKey};

/// SSH_MSG_USERAUTH_REQUEST (RFC 4252, section 6).
const USERAUTH_REQUEST: u8 = 50;

/// Lengths in bytes that a session identifier can have: it is the hash of the key exchange (RFC 4253, section 7.2), by
/// SHA-1, SHA-256, SHA-384 or SHA-512.
const SESSION_IDS: [usize; 4] = [20, 32, 48, 64];

/// Key type and signature algorithm. SHA-1 (`ssh-rsa` as a signature) and DSA are left out, so they are never used.
const ALGORITHMS: [(&str, Algorithm); 8] = [
    ("ssh-ed25519", Algorithm("ssh-ed25519")),
    ("ecdsa-sha2-nistp256", Algorithm("ecdsa-sha2-nistp256")),
    ("ecdsa-sha2-nistp384", Algorithm("ecdsa-sha2-nistp384")),
    ("ecdsa-sha2-nistp521", Algorithm("ecdsa-sha2-nistp521")),
    ("ssh-rsa", Algorithm("rsa-sha2-512")),
    ("ssh-rsa", Algorithm("rsa-sha2-256")),
    ("sk-ssh-ed25519@openssh.com", Algorithm("sk-ssh-ed25519@openssh.com")),
    ("sk-ecdsa-sha2-nistp256@openssh.com", Algorithm("sk-ecdsa-sha2-nistp256@openssh.com")),
];

/// The end of the names of certificates, and of what is signed by their keys (OpenSSH, PROTOCOL.certkeys).
const CERTIFICATE: &str = "-cert-v01@openssh.com";

/// A signature algorithm that we use, by its name (RFC 4253, section 6.6; RFC 8332; RFC 5656; RFC 8709).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Algorithm(&'static str);

impl Algorithm {
    /// Its name, which also begins every signature by it.
    pub(super) fn name(self) -> &'static str {
        self.0
    }

    /// The flags by which an agent is told it (draft-ietf-sshm-ssh-agent, section 3.6.1).
    pub(super) fn agent_flags(self) -> u32 {
        match self.0 {
            "rsa-sha2-256" => 2,
            "rsa-sha2-512" => 4,
            _ => 0,
        }
    }

    fn hash(self) -> Option<HashAlg> {
        match self.0 {
            "rsa-sha2-256" => Some(HashAlg::Sha256),
            "rsa-sha2-512" => Some(HashAlg::Sha512),
            _ => None,
        }
    }
}

/// Data that was checked, and the algorithm to sign it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signable {
    /// By which.
    pub(super) algorithm: Algorithm,
    /// What.
    pub(super) data: Vec<u8>,
}

/// Why something is not signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unsignable {
    /// Not in the form of RFC 4252, section 7.
    #[error("it is no request to log in by a public key")]
    Form,
    /// Another user name.
    #[error("it is for another user")]
    User,
    /// Another key.
    #[error("it is for another key")]
    Key,
    /// An algorithm that does not go with the key, or one that is not used any more.
    #[error("it is for an algorithm that is not used here")]
    Algorithm,
}

/// Checks `data` to be the request of `user` to log in with `key` (its wire form), to be signed by `algorithm`: that
/// is the name of the signature algorithm, or of the same with a certificate.
///
/// # Errors
/// [`Unsignable`]: then `data` must not be signed.
pub(super) fn check(data: Vec<u8>, algorithm: &str, user: &str, key: &[u8]) -> Result<Signable, Unsignable> {
    let request = Request::parse(&data).ok_or(Unsignable::Form)?;
    if request.user != user.as_bytes() {
        return Err(Unsignable::User);
    }
    if request.key != key {
        return Err(Unsignable::Key);
    }
    let key_type = key_type(key).ok_or(Unsignable::Key)?;
    let algorithm = ALGORITHMS
        .into_iter()
        .filter(|(of, signature)| goes_with(key_type, request.algorithm, of, signature.name()))
        .map(|(_, signature)| signature)
        .find(|signature| signature.name() == algorithm || request.algorithm == algorithm.as_bytes())
        .ok_or(Unsignable::Algorithm)?;
    Ok(Signable { algorithm, data })
}

/// Whether the request names the signature algorithm as is right for its kind of key: a certificate has names of its
/// own for both.
fn goes_with(key_type: &[u8], requested: &[u8], plain_type: &str, signature: &str) -> bool {
    (key_type == plain_type.as_bytes() && requested == signature.as_bytes())
        || (key_type == certified(plain_type) && requested == certified(signature))
}

/// The name of a type or an algorithm, where a certificate stands for the key.
fn certified(name: &str) -> Vec<u8> {
    format!("{}{CERTIFICATE}", name.trim_end_matches("@openssh.com")).into_bytes()
}

/// Whether a key or certificate is of a type that we sign with.
pub(super) fn is_usable(key: &[u8]) -> bool {
    key_type(key).is_some_and(|found| {
        ALGORITHMS.iter().any(|(of, _)| found == of.as_bytes() || found == certified(of))
    })
}

/// Whether it is a certificate.
pub(super) fn is_certificate(key: &[u8]) -> bool {
    key_type(key).is_some_and(|key_type| key_type.ends_with(CERTIFICATE.as_bytes()))
}

/// The first field of a key's wire form.
pub(super) fn key_type(mut key: &[u8]) -> Option<&[u8]> {
    string(&mut key)
}

/// Signs. The result is in the form of RFC 4253, section 6.6: the name and the signature, each with its length.
pub(super) fn sign(key: &PrivateKey, signable: &Signable) -> Option<Vec<u8>> {
    let signature: Signature = match (key.key_data(), signable.algorithm.hash()) {
        (KeypairData::Rsa(key), hash @ Some(_)) => (key, hash).try_sign(&signable.data).ok()?,
        (KeypairData::Rsa(_), None) | (_, Some(_)) => return None,
        (_, None) => key.try_sign(&signable.data).ok()?,
    };
    let mut bytes = Vec::new();
    signature.encode(&mut bytes).ok()?;
    is_by(&bytes, signable.algorithm).then_some(bytes)
}

/// Whether a signature is by that algorithm. An agent that does not know the flags answers with SHA-1, which is not
/// to leave this machine.
pub(super) fn is_by(mut signature: &[u8], algorithm: Algorithm) -> bool {
    string(&mut signature) == Some(algorithm.name().as_bytes())
}

/// A signature in the right form that is surely wrong: it ends a try whose key turned out to be out of reach.
pub(super) fn wrong(algorithm: Algorithm) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in [algorithm.name().as_bytes(), &[0; 64]] {
        bytes.extend((part.len() as u32).to_be_bytes());
        bytes.extend(part);
    }
    bytes
}

/// The fields of RFC 4252, section 7, that differ.
struct Request<'a> {
    user: &'a [u8],
    algorithm: &'a [u8],
    key: &'a [u8],
}

impl<'a> Request<'a> {
    fn parse(mut data: &'a [u8]) -> Option<Self> {
        let rest = &mut data;
        let session = string(rest)?;
        let code = byte(rest)?;
        let user = string(rest)?;
        let service = string(rest)?;
        let method = string(rest)?;
        let signed = byte(rest)?;
        let algorithm = string(rest)?;
        let key = string(rest)?;
        let whole = SESSION_IDS.contains(&session.len())
            && code == USERAUTH_REQUEST
            && service == b"ssh-connection"
            && method == b"publickey"
            && signed == 1
            && rest.is_empty();
        whole.then_some(Self { user, algorithm, key })
    }
}

fn byte(rest: &mut &[u8]) -> Option<u8> {
    let (first, after) = rest.split_first()?;
    *rest = after;
    Some(*first)
}

/// A `string` of RFC 4251, section 5.
pub(super) fn string<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (found, after) = after.split_at_checked(length)?;
    *rest = after;
    Some(found)
}

#[cfg(test)]
mod tests;
