//! From the operator's configuration to [`TrustedHostKeys`]: the one place here that reads a file.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use thiserror::Error;

use super::{KnownHosts, KnownHostsError, TrustedHostKeys};
use crate::file_error::Unreadable;
use crate::fingerprint::Fingerprint;

/// The largest known_hosts file that is read, in bytes: 16 MiB, some hundred thousand lines.
pub const KNOWN_HOSTS_LIMIT: u64 = 16 * 1024 * 1024;

impl TrustedHostKeys {
    /// Reads the known_hosts file, if there is one, of at most [`KNOWN_HOSTS_LIMIT`] bytes. This blocks on
    /// the file system.
    ///
    /// # Errors
    /// When neither a file nor a fingerprint is given, and when the file cannot be read, is too large, has no
    /// usable line or has a revocation that cannot be understood. A file that trusts nothing is an operator's
    /// mistake, to be told at the start and not at the first login.
    pub fn load(known_hosts: Option<&Path>, pinned: Vec<Fingerprint>) -> Result<Self, HostKeyError> {
        if known_hosts.is_none() && pinned.is_empty() {
            return Err(HostKeyError::NothingConfigured);
        }
        Ok(Self::new(known_hosts.map(read).transpose()?, pinned))
    }
}

/// Why the trusted host keys could not be loaded.
#[derive(Debug, Error)]
pub enum HostKeyError {
    /// Neither a file nor a fingerprint.
    #[error("neither a known_hosts file nor a host key fingerprint is configured")]
    NothingConfigured,
    /// The file cannot be opened or read.
    #[error("the known_hosts file {path:?} {problem}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        problem: Unreadable,
    },
    /// The file is larger than [`KNOWN_HOSTS_LIMIT`].
    #[error("the known_hosts file {path:?} is larger than {KNOWN_HOSTS_LIMIT} bytes")]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// What the file says cannot be relied upon.
    #[error("the known_hosts file {path:?} cannot be used")]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: KnownHostsError,
    },
}

fn read(path: &Path) -> Result<KnownHosts, HostKeyError> {
    let unreadable = |error| HostKeyError::Unreadable { path: path.into(), problem: Unreadable(error) };
    let mut text = Vec::new();
    // One byte over the limit tells a file that is too large; its metadata would not, for a device or a pipe.
    let file = File::open(path).map_err(unreadable)?;
    file.take(KNOWN_HOSTS_LIMIT + 1).read_to_end(&mut text).map_err(unreadable)?;
    if text.len() as u64 > KNOWN_HOSTS_LIMIT {
        return Err(HostKeyError::TooLarge { path: path.into() });
    }
    KnownHosts::parse(&text).map_err(|source| HostKeyError::Unusable { path: path.into(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::host_key::{
        KnownHostsWarning, LineProblem,
        fixtures::{RSA, key},
    };

    fn file_of(text: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn a_file_is_loaded_with_its_warnings() {
        let file = file_of(format!("bad\nhost {RSA}\n").as_bytes());
        let trust = TrustedHostKeys::load(Some(file.path()), Vec::new()).unwrap();
        assert_eq!(trust.verify("host", 22, &key(RSA)), Ok(()));
        assert_eq!(trust.warnings(), [KnownHostsWarning { line: 1, problem: LineProblem::Truncated }]);
    }

    #[test]
    fn fingerprints_are_loaded_without_a_file() {
        let trust = TrustedHostKeys::load(None, vec![Fingerprint::of(&key(RSA))]).unwrap();
        assert_eq!(trust.verify("host", 22, &key(RSA)), Ok(()));
    }

    #[test]
    fn trust_in_nothing_does_not_load_even_beside_fingerprints() {
        assert!(matches!(TrustedHostKeys::load(None, Vec::new()), Err(HostKeyError::NothingConfigured)));
        let pin = || vec![Fingerprint::of(&key(RSA))];
        let dir = tempfile::tempdir().unwrap();
        for path in [dir.path(), &dir.path().join("absent")] {
            let error = TrustedHostKeys::load(Some(path), pin()).unwrap_err();
            assert!(matches!(error, HostKeyError::Unreadable { .. }), "{error}");
            let wanted = format!("the known_hosts file {path:?} cannot be read: ");
            assert!(error.to_string().starts_with(&wanted), "{error}");
        }
        for bad in ["", "# nothing\n", "bad\n", "host ssh-rsa AAAA\n@revoked"] {
            let error = TrustedHostKeys::load(Some(file_of(bad.as_bytes()).path()), pin()).unwrap_err();
            assert!(matches!(error, HostKeyError::Unusable { .. }), "{error}");
        }
    }

    #[test]
    fn a_file_over_the_limit_is_refused_and_one_at_the_limit_is_read() {
        let mut text = format!("host {RSA}\n#").into_bytes();
        text.resize(KNOWN_HOSTS_LIMIT as usize, b'x');
        assert!(TrustedHostKeys::load(Some(file_of(&text).path()), Vec::new()).is_ok());
        text.push(b'x');
        let error = TrustedHostKeys::load(Some(file_of(&text).path()), Vec::new()).unwrap_err();
        assert!(matches!(error, HostKeyError::TooLarge { .. }), "{error}");
    }
}
