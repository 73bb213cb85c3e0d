//! From the files of `[listen.tls]` to what connections are accepted with.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::server::{ResolvesServerCert, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::TlsError;
use super::expiry::Expires;
use crate::file_error::unusable_pem;

/// What connections are accepted with, until the files change.
pub(super) struct Material {
    pub(super) acceptor: TlsAcceptor,
    /// When the listener's own certificate does.
    pub(super) expires: Arc<Expires>,
}

/// Where the listener's certificate is from.
#[derive(Clone)]
#[cfg_attr(not(feature = "acme"), allow(dead_code, reason = "then there are files only"))]
pub(super) enum Certificate {
    Files {
        certificate: PathBuf,
        key: PathBuf,
    },
    /// Somebody else sees to it, and answers challenges on connections with these protocols too.
    Elsewhere {
        resolver: Arc<dyn ResolvesServerCert>,
        expires: Arc<Expires>,
        challenges: &'static [u8],
    },
}

impl Certificate {
    /// The files that belong together, with that of the clients' authorities.
    pub(super) fn files(&self, client_ca: Option<&Path>) -> Vec<PathBuf> {
        let own: Vec<&Path> = match self {
            Self::Files { certificate, key } => vec![certificate, key],
            Self::Elsewhere { .. } => Vec::new(),
        };
        own.into_iter().chain(client_ca).map(Path::to_owned).collect()
    }

    /// Reads all of them.
    pub(super) fn load(&self, client_ca: Option<&Path>) -> Result<Material, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Provider)?;
        let builder = match client_ca {
            None => builder.with_no_client_auth(),
            Some(file) => {
                let authorities = Arc::new(roots("listen.tls.client_ca", file)?);
                let verifier = WebPkiClientVerifier::builder_with_provider(authorities, provider)
                    .allow_unauthenticated()
                    .build()
                    .map_err(|source| TlsError::Authorities { file: file.to_owned(), source })?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        // An upgrade to WebSocket exists in HTTP/1.1 only.
        let mut protocols = vec![b"http/1.1".to_vec()];
        let (mut config, expires) = match self {
            Self::Files { certificate, key } => {
                let (chain, private) = (certificates("listen.tls.certificate", certificate)?, private(key)?);
                let expires = Arc::new(Expires::of(chain.first()));
                let config = builder.with_single_cert(chain, private);
                (config.map_err(|source| unusable(certificate, key, source))?, expires)
            }
            Self::Elsewhere { resolver, expires, challenges } => {
                protocols.push(challenges.to_vec());
                (builder.with_cert_resolver(Arc::clone(resolver)), Arc::clone(expires))
            }
        };
        config.alpn_protocols = protocols;
        Ok(Material { acceptor: TlsAcceptor::from(Arc::new(config)), expires })
    }
}

fn private(file: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(file).map_err(|error| unreadable("listen.tls.key", file, error))
}

/// The certificates in a file, at least one.
fn certificates(key: &'static str, file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = |error| unreadable(key, file, error);
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file).map_err(wrong)?.collect();
    match found.map_err(wrong)? {
        none if none.is_empty() => Err(TlsError::Empty { key, file: file.to_owned() }),
        some => Ok(some),
    }
}

fn unreadable(key: &'static str, file: &Path, error: pem::Error) -> TlsError {
    TlsError::File { key, file: file.to_owned(), problem: unusable_pem(error) }
}

/// The authorities in a file, at least one.
pub(super) fn roots(key: &'static str, file: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(key, file)? {
        roots.add(certificate).map_err(|source| TlsError::Unusable { key, file: file.to_owned(), source })?;
    }
    Ok(roots)
}

/// Which of the two files is at fault: a key is wrong by itself, or does not belong to the certificate.
fn unusable(certificate: &Path, key: &Path, source: rustls::Error) -> TlsError {
    if let rustls::Error::InconsistentKeys(_) = source {
        return TlsError::Mismatch { key: key.to_owned(), certificate: certificate.to_owned() };
    }
    let (key, file) = match source {
        rustls::Error::InvalidCertificate(_) => ("listen.tls.certificate", certificate),
        _ => ("listen.tls.key", key),
    };
    TlsError::Unusable { key, file: file.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn what_is_wrong_with_a_file_is_said_with_its_key_and_name() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("empty.pem");
        std::fs::write(&empty, "").unwrap();
        let load = |certificate: &str, key: &str| {
            let path = |name: &str| folder.path().join(name);
            let files = Certificate::Files { certificate: path(certificate), key: path(key) };
            files.load(None).err().unwrap().to_string()
        };
        let missing = load("missing.pem", "empty.pem");
        assert!(
            missing.starts_with("listen.tls.certificate: ") && missing.contains("missing.pem"),
            "{missing}"
        );
        assert!(load("empty.pem", "empty.pem").ends_with("empty.pem: no certificate in it"));
        let pem = |kind: &str, der: &[u8]| {
            format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", STANDARD.encode(der))
        };
        for name in ["one", "two"] {
            let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
            let write =
                |ending: &str, text| std::fs::write(folder.path().join(format!("{name}.{ending}")), text);
            write("pem", pem("CERTIFICATE", made.cert.der())).unwrap();
            write("key", pem("PRIVATE KEY", &made.signing_key.serialize_der())).unwrap();
        }
        let other = load("one.pem", "two.key");
        let file = |name: &str| folder.path().join(name).display().to_string();
        let said =
            format!("{}: this is not the key of the certificate in {}", file("two.key"), file("one.pem"));
        assert_eq!(other, format!("listen.tls.key: {said}"));
    }
}
