//! The files that a configuration names: a relative path starts at the folder of the file that it is written
//! in, and what is named must be there. Whether it makes sense is seen by those who read it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use figment::Figment;

use crate::config::source::{file_of, placed};
use crate::config::{
    AuditSink, Config, ConfigError, Credentials, Identity, Listen, ListenAddress, Proof, TlsProof, Upstream,
};
use crate::file_error::Unreadable;

/// Fewest bytes of a key for cookies, and the most that are looked at.
const COOKIE_KEY: std::ops::RangeInclusive<usize> = 32..=64 * 1024;

/// Completes all paths, and looks at the files.
pub(super) fn complete(figment: &Figment, config: &mut Config) -> Result<(), ConfigError> {
    let files = Files { figment };
    files.listen(&mut config.listen)?;
    if let Some(ListenAddress::Unix(path)) = &mut config.admin.address {
        files.path("admin.address", path);
    }
    match &mut config.audit.sink {
        Some(AuditSink::File(path)) => files.path("audit.file", path),
        Some(AuditSink::Syslog(path)) => files.path("audit.syslog", path),
        Some(AuditSink::Stdout) | None => {}
    }
    files.identity(&mut config.identity)?;
    config.upstreams.iter_mut().try_for_each(|(name, upstream)| files.upstream(name, upstream))
}

struct Files<'a> {
    figment: &'a Figment,
}

impl Files<'_> {
    fn listen(&self, listen: &mut Listen) -> Result<(), ConfigError> {
        if let ListenAddress::Unix(path) = &mut listen.address {
            self.path("listen.address", path);
        }
        let Some(tls) = &mut listen.tls else {
            return Ok(());
        };
        match &mut tls.proof {
            TlsProof::Files { certificate, key } => {
                self.file("listen.tls.certificate", Some(certificate))?;
                self.file("listen.tls.key", Some(key))?;
            }
            TlsProof::Acme(acme) => {
                self.path("listen.tls.acme_cache", &mut acme.cache);
                self.file("listen.tls.acme_ca_file", acme.ca_file.as_mut())?;
            }
        }
        self.file("listen.tls.client_ca", tls.client_ca.as_mut())
    }

    fn identity(&self, identity: &mut Identity) -> Result<(), ConfigError> {
        self.file("identity.users_file", identity.users_file.as_mut())?;
        if let Some(jwt) = &mut identity.jwt {
            self.file("identity.jwt.jwks_file", jwt.jwks_file.as_mut())?;
            self.file("identity.jwt.ca_file", jwt.ca_file.as_mut())?;
        }
        if let Some(oidc) = &mut identity.oidc {
            self.file("identity.oidc.client_secret_file", oidc.client_secret_file.as_mut())?;
            self.file("identity.oidc.cookie_key_file", Some(&mut oidc.cookie_key_file))?;
            self.file("identity.oidc.ca_file", oidc.ca_file.as_mut())?;
            self.cookie_key("identity.oidc.cookie_key_file", &oidc.cookie_key_file)?;
        }
        Ok(())
    }

    fn upstream(&self, name: &str, upstream: &mut Upstream) -> Result<(), ConfigError> {
        let key = |key: &str| format!("upstreams.{name}.{key}");
        self.file(&key("known_hosts"), upstream.known_hosts.as_mut())?;
        let Credentials::Own { proof, .. } = &mut upstream.credentials else {
            return Ok(());
        };
        match proof {
            Proof::Key { file, passphrase_file } => {
                self.file(&key("key_file"), Some(file))?;
                self.file(&key("key_passphrase_file"), passphrase_file.as_mut())
            }
            Proof::Password { file } => self.file(&key("password_file"), Some(file)),
            Proof::Certificate(authority) => self.file(&key("ca_key_file"), Some(&mut authority.key_file)),
            Proof::Agent { socket, .. } => {
                // The agent may come later.
                self.path(&key("agent_socket"), socket);
                Ok(())
            }
        }
    }

    /// The path of a file that must be there and readable.
    fn file(&self, key: &str, path: Option<&mut PathBuf>) -> Result<(), ConfigError> {
        let Some(path) = path else {
            return Ok(());
        };
        self.path(key, path);
        readable(path).map_err(|error| self.unusable(key, path, Unreadable(error)))
    }

    fn path(&self, key: &str, path: &mut PathBuf) {
        if let Some(folder) = file_of(self.figment, key).and_then(Path::parent) {
            *path = folder.join(&*path);
        }
    }

    /// A short key could be guessed, and with it anybody's cookie made.
    fn cookie_key(&self, key: &str, path: &Path) -> Result<(), ConfigError> {
        let length = length(path).map_err(|error| self.unusable(key, path, Unreadable(error)))?;
        match COOKIE_KEY.contains(&length) {
            true => Ok(()),
            false => Err(self.unusable(key, path, "a key has 32 bytes to 64 KiB (openssl rand -hex 32)")),
        }
    }

    fn unusable(&self, key: &str, path: &Path, problem: impl std::fmt::Display) -> ConfigError {
        placed(self.figment, key, format!("{}: {problem}", path.display()))
    }
}

fn readable(path: &Path) -> io::Result<()> {
    // Looked at before it is opened: opening a pipe would wait for its writer.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    File::open(path).map(drop)
}

/// The bytes of a file, without the newline that editors put at its end.
fn length(path: &Path) -> io::Result<usize> {
    let mut bytes = zeroize::Zeroizing::new(Vec::new());
    let most = u64::try_from(*COOKIE_KEY.end()).unwrap_or(u64::MAX).saturating_add(3);
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    Ok(line.strip_suffix(b"\r").unwrap_or(line).len())
}
