//! A file with a private key, or with the public half of one that an agent holds.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use russh::keys::PrivateKey;

use crate::config::Secret;
use crate::connect::signing;
use crate::upstream::{KeyFileError, KeyFileProblem, read_key_file};

/// Why a file is of no use.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// It cannot be read, or is no key.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// Others of this machine can read it, so it must be thought known.
    #[error("other users can read the private key {0:?}; chmod 600 it")]
    Open(PathBuf),
    /// It was to hold a certificate.
    #[error("{0:?} is not a certificate in the form of OpenSSH")]
    NotACertificate(PathBuf),
}

/// A key, locked or not.
pub(super) struct KeyFile {
    pub(super) path: PathBuf,
    /// The wire form of the public half, or of a certificate. Not known of a key that is locked as a whole.
    pub(super) public: Option<Vec<u8>>,
    private: Private,
}

enum Private {
    /// Not in this file.
    Elsewhere,
    Locked,
    Open(Box<PrivateKey>),
}

impl KeyFile {
    /// Reads the file, and asks for no passphrase.
    pub(super) fn read(path: &Path) -> Result<Self, Unusable> {
        let (public, private) = match read_key_file(path, || None) {
            Ok(key) => (public_half(&key), Private::Open(Box::new(key))),
            Err(KeyFileError { problem: KeyFileProblem::Encrypted, .. }) => (locked(path), Private::Locked),
            Err(error) => (Some(public(path).ok_or(error)?), Private::Elsewhere),
        };
        let file = Self { path: path.to_owned(), public, private };
        match file.is_private() && is_open_to_others(path) {
            true => Err(Unusable::Open(path.to_owned())),
            false => Ok(file),
        }
    }

    /// The certificate in the file `NAME-cert.pub` beside it, and the name of that.
    pub(super) fn certificate(&self) -> Option<(String, Vec<u8>)> {
        let name = self.path.to_str()?;
        let path = beside(Path::new(name.strip_suffix(".pub").unwrap_or(name)), "-cert.pub");
        let blob = certificate(&path).ok()?;
        Some((path.display().to_string(), blob))
    }

    pub(super) fn is_private(&self) -> bool {
        !matches!(self.private, Private::Elsewhere)
    }

    pub(super) fn is_locked(&self) -> bool {
        matches!(self.private, Private::Locked)
    }

    pub(super) fn private(&self) -> Option<&PrivateKey> {
        match &self.private {
            Private::Open(key) => Some(key),
            Private::Elsewhere | Private::Locked => None,
        }
    }

    /// Whether that was the passphrase. Blocks for the time that a passphrase takes.
    pub(super) fn unlock(&mut self, passphrase: Secret) -> bool {
        let Ok(key) = read_key_file(&self.path, || Some(passphrase)) else { return false };
        self.public = self.public.take().or_else(|| public_half(&key));
        self.private = Private::Open(Box::new(key));
        true
    }
}

impl std::fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyFile").field("path", &self.path).finish_non_exhaustive()
    }
}

fn public_half(key: &PrivateKey) -> Option<Vec<u8>> {
    key.public_key().to_bytes().ok()
}

/// The public half of a key that is locked: OpenSSH leaves it readable, and else it may be beside the file.
fn locked(path: &Path) -> Option<Vec<u8>> {
    let text = Secret::from_file(path).ok()?;
    match PrivateKey::from_openssh(text.expose()) {
        Ok(key) => public_half(&key),
        Err(_) => public(&beside(path, ".pub")),
    }
}

/// The wire form of the key or certificate in a file of public ones.
fn public(path: &Path) -> Option<Vec<u8>> {
    line(Secret::from_file(path).ok()?.expose())
}

/// The wire form of the certificate in a file.
pub(super) fn certificate(path: &Path) -> Result<Vec<u8>, Unusable> {
    let found = public(path).filter(|blob| signing::is_certificate(blob));
    found.ok_or_else(|| Unusable::NotACertificate(path.to_owned()))
}

/// The line of a public key: type, base64, and maybe a comment.
fn line(text: &str) -> Option<Vec<u8>> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
    let mut fields = line.split_ascii_whitespace();
    let (key_type, digits) = (fields.next()?, fields.next()?);
    let blob = STANDARD.decode(digits).ok()?;
    (signing::key_type(&blob) == Some(key_type.as_bytes())).then_some(blob)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// As ssh has it: only our own files are judged.
fn is_open_to_others(path: &Path) -> bool {
    rustix::fs::stat(path)
        .is_ok_and(|stat| stat.st_uid == rustix::process::geteuid().as_raw() && stat.st_mode & 0o077 != 0)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::connect::fixtures::{CERTIFICATE, ECDSA, ED25519, LOCKED, LOCKED_PEM, PASSPHRASE, RSA, blob};

    fn file(folder: &tempfile::TempDir, name: &str, text: &str) -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    fn read(text: &str) -> Result<KeyFile, Unusable> {
        let folder = tempfile::tempdir().unwrap();
        KeyFile::read(&file(&folder, "key", text))
    }

    #[test]
    fn open_keys_are_read_at_once() {
        for text in [ED25519, ECDSA, RSA] {
            let file = read(text).unwrap();
            assert_eq!(file.public, Some(blob(text)));
            assert!(file.private().is_some() && !file.is_locked());
        }
    }

    #[test]
    fn a_locked_key_shows_its_public_half_and_opens_to_the_passphrase() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = KeyFile::read(&file(&folder, "key", LOCKED)).unwrap();
        assert!(file.is_locked() && file.private().is_none());
        assert_eq!(file.public, Some(blob(LOCKED)));
        assert!(!file.unlock(Secret::new("wrong".to_owned())));
        assert!(file.unlock(Secret::new(PASSPHRASE.to_owned())));
        assert!(file.private().is_some());
    }

    #[test]
    fn of_a_locked_pem_nothing_is_known_unless_the_public_half_is_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut alone = KeyFile::read(&file(&folder, "alone", LOCKED_PEM)).unwrap();
        assert!(alone.is_locked() && alone.public.is_none());
        assert!(alone.unlock(Secret::new(PASSPHRASE.to_owned())));
        assert_eq!(alone.public, Some(blob(ECDSA)));

        let public = russh::keys::PrivateKey::from_openssh(ECDSA).unwrap().public_key().to_openssh().unwrap();
        file(&folder, "key.pub", &public);
        assert_eq!(KeyFile::read(&file(&folder, "key", LOCKED_PEM)).unwrap().public, Some(blob(ECDSA)));
    }

    #[test]
    fn a_public_file_is_known_as_one_and_may_be_open_to_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = file(&folder, "key-cert.pub", CERTIFICATE);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let found = KeyFile::read(&path).unwrap();
        assert!(!found.is_private());
        assert!(found.public.is_some_and(|blob| signing::is_certificate(&blob)));
        let beside = KeyFile::read(&file(&folder, "key", ED25519)).unwrap().certificate();
        assert_eq!(beside.map(|(name, _)| name), path.to_str().map(str::to_owned));
    }

    #[test]
    fn what_others_can_read_or_nobody_can_understand_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = file(&folder, "key", ED25519);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(KeyFile::read(&path), Err(Unusable::Open(_))));
        for text in ["canary", "ssh-ed25519 AAAA", &ED25519.replace('A', "B")] {
            let refusal = KeyFile::read(&file(&folder, "other", text)).unwrap_err().to_string();
            assert!(refusal.contains("other") && !refusal.contains("canary"), "{refusal}");
        }
        assert!(KeyFile::read(Path::new("/no/such/file")).is_err());
    }
}
