//! A private key in a file: OpenSSH's own format, or PEM (PKCS#8, PKCS#1 of RFC 8017, SEC1 of RFC 5915).
//!
//! No error has anything of the content: the file may hold a key even when it cannot be understood.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use base64::{Engine, engine::general_purpose::STANDARD};
use russh::keys::{Algorithm, PrivateKey, decode_secret_key};
use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

use super::openssh_key;
use crate::config::Secret;
use crate::file_error::Unreadable;

/// The largest key file that is read, in bytes: 64 KiB. An RSA key of 16384 bits has 13 KiB.
pub const KEY_FILE_LIMIT: usize = 64 * 1024;

/// Reads the private key in `path`. `passphrase` is asked only when the key is encrypted; `None` is that
/// there is none. This blocks, on the file and for the tenth of a second that a passphrase takes.
///
/// A file that others than its owner may read is told in the log, and used.
///
/// # Errors
/// [`KeyFileError`] names the file, and says what is wrong with it.
pub fn read_key_file(
    path: &Path,
    passphrase: impl FnOnce() -> Option<Secret>,
) -> Result<PrivateKey, KeyFileError> {
    let wrong = |problem| KeyFileError { path: path.into(), problem };
    let text = read(path).map_err(wrong)?;
    decode(&text, passphrase).map_err(wrong)
}

/// Why a key file is of no use.
#[derive(Debug, Error)]
#[error("the key file {path:?} {problem}")]
pub struct KeyFileError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    pub problem: KeyFileProblem,
}

/// What is wrong with a key file.
#[derive(Debug, Error)]
pub enum KeyFileProblem {
    /// It cannot be opened or read.
    #[error("{0}")]
    Unreadable(Unreadable),
    /// It is larger than [`KEY_FILE_LIMIT`].
    #[error("is larger than {KEY_FILE_LIMIT} bytes")]
    TooLarge,
    /// It holds something else.
    #[error("holds no private key in the format of OpenSSH or PEM{0}")]
    NotAPrivateKey(&'static str),
    /// It looks like a private key, and is none.
    #[error("holds a private key that is damaged, or in a form that is not supported")]
    Damaged,
    /// A key that nothing can be signed with here.
    #[error("holds a key of the type {0}; ed25519, ecdsa and rsa are supported")]
    Type(String),
    /// It is encrypted, and there is no passphrase.
    #[error("is encrypted, and there is no passphrase for it")]
    Encrypted,
    /// It is encrypted with another passphrase.
    #[error("is encrypted, and the passphrase is wrong")]
    WrongPassphrase,
    /// It is encrypted in a way that nobody should use any more.
    #[error("is encrypted in an old way that is not supported; `ssh-keygen -p -f FILE` renews it")]
    OldEncryption,
}

fn read(path: &Path) -> Result<Zeroizing<String>, KeyFileProblem> {
    // Room for everything at once: a buffer that grew would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_FILE_LIMIT + 64));
    let unreadable = |error| KeyFileProblem::Unreadable(Unreadable(error));
    let file = File::open(path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.permissions().mode();
    file.take(KEY_FILE_LIMIT as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > KEY_FILE_LIMIT {
        return Err(KeyFileProblem::TooLarge);
    }
    if mode & 0o077 != 0 {
        let mode = format!("{:04o}", mode & 0o7777);
        tracing::warn!(?path, mode, "others than the owner may use this key file; 0600 is enough");
    }
    String::from_utf8(std::mem::take(&mut *bytes)).map(Zeroizing::new).map_err(|error| {
        error.into_bytes().zeroize();
        KeyFileProblem::NotAPrivateKey("")
    })
}

/// How a file says that it holds a private key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Armour {
    OpenSsh,
    Pem,
    /// PKCS#8 that is encrypted as a whole.
    EncryptedPem,
    /// PKCS#1 that is encrypted as OpenSSL once did: AES-128-CBC, under an MD5 of the passphrase.
    OldEncryptedRsa,
}

fn decode(text: &str, passphrase: impl FnOnce() -> Option<Secret>) -> Result<PrivateKey, KeyFileProblem> {
    let key = match armour(text)? {
        Armour::OpenSsh => decode_openssh(text, passphrase)?,
        Armour::Pem => decode_secret_key(text, None).map_err(|_| KeyFileProblem::Damaged)?,
        Armour::EncryptedPem | Armour::OldEncryptedRsa => {
            let passphrase = passphrase().ok_or(KeyFileProblem::Encrypted)?;
            let key = decode_secret_key(text, Some(passphrase.expose()));
            key.map_err(|_| KeyFileProblem::WrongPassphrase)?
        }
    };
    match key.algorithm() {
        Algorithm::Ed25519 | Algorithm::Ecdsa { .. } | Algorithm::Rsa { .. } => Ok(key),
        other => Err(KeyFileProblem::Type(other.to_string())),
    }
}

fn armour(text: &str) -> Result<Armour, KeyFileProblem> {
    let label = text.lines().find_map(|line| {
        let label = line.strip_prefix("-----BEGIN ")?.strip_suffix("-----")?;
        label.ends_with("PRIVATE KEY").then_some(label)
    });
    let cipher = text.lines().find_map(|line| line.strip_prefix("DEK-Info: "));
    match (label, cipher) {
        (Some("OPENSSH PRIVATE KEY"), None) => Ok(Armour::OpenSsh),
        (Some("ENCRYPTED PRIVATE KEY"), None) => Ok(Armour::EncryptedPem),
        (Some("PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY"), None) => Ok(Armour::Pem),
        (Some("RSA PRIVATE KEY"), Some(cipher)) if cipher.starts_with("AES-128-CBC,") => {
            Ok(Armour::OldEncryptedRsa)
        }
        (Some("DSA PRIVATE KEY"), _) => Err(KeyFileProblem::Type("ssh-dss".to_owned())),
        (Some(_), Some(_)) => Err(KeyFileProblem::OldEncryption),
        _ => Err(KeyFileProblem::NotAPrivateKey(instead(text))),
    }
}

/// What people put in place of a private key.
fn instead(text: &str) -> &'static str {
    let text = text.trim_start();
    if text.starts_with("PuTTY-User-Key-File-") {
        ", but PuTTY's; `puttygen FILE -O private-openssh -o NEW` converts it"
    } else if text.contains("-cert-v01@openssh.com ") {
        ", but a certificate"
    } else if text.contains("PUBLIC KEY-----")
        || ["ssh-", "ecdsa-", "sk-"].iter().any(|it| text.starts_with(it))
    {
        ", but a public one"
    } else if text.starts_with("-----BEGIN CERTIFICATE-----") {
        ", but an X.509 certificate"
    } else {
        ""
    }
}

/// Ours, and not the library's, because every copy here is wiped.
fn decode_openssh(
    text: &str,
    passphrase: impl FnOnce() -> Option<Secret>,
) -> Result<PrivateKey, KeyFileProblem> {
    let mut digits = Zeroizing::new(String::with_capacity(text.len()));
    let lines = text.lines().skip_while(|line| !line.starts_with("-----BEGIN ")).skip(1);
    lines.take_while(|line| !line.starts_with("-----END ")).for_each(|line| digits.push_str(line.trim()));
    let bytes = STANDARD.decode(digits.as_bytes()).map_err(|_| KeyFileProblem::Damaged)?;
    let bytes = Zeroizing::new(bytes);
    let key = openssh_key::open(&bytes).ok_or(KeyFileProblem::Damaged)?;
    if !key.is_encrypted() {
        return Ok(key);
    }
    let passphrase = passphrase().ok_or(KeyFileProblem::Encrypted)?;
    openssh_key::decrypt(&bytes, &key, passphrase.expose()).ok_or(KeyFileProblem::WrongPassphrase)
}

#[cfg(test)]
mod tests;
