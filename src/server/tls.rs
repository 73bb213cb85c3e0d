//! TLS on the listener (RFC 8446, RFC 5246): the bridge's own certificate, and whose client certificates it takes.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::config;

/// The first byte of every TLS connection: a handshake record (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 22;

/// What a person sees who types http:// by habit.
const SPEAKS_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\n\
    Content-Length: 52\r\n\r\nThis port speaks TLS; please use https:// or wss://.";

/// Time for whoever spoke plain HTTP to take the answer.
const FAREWELL: Duration = Duration::from_secs(1);

/// The other end of a TLS connection. The listener puts it into the extensions of each request that came over
/// TLS; an embedding server that ends TLS itself may do the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsPeer {
    /// Its own certificate, if it showed one: verified against `listen.tls.client_ca`, and its key proven.
    pub certificate: Option<CertificateDer<'static>>,
}

/// Why there is no TLS on the listener.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or is not PEM.
    #[error("{key}: {}: {source}", file.display())]
    File {
        /// The key of the configuration.
        key: &'static str,
        /// The file it names.
        file: PathBuf,
        /// What is wrong.
        source: pem::Error,
    },
    /// A file of certificates without one.
    #[error("{key}: {}: no certificate in it", file.display())]
    Empty {
        /// The key of the configuration.
        key: &'static str,
        /// The file it names.
        file: PathBuf,
    },
    /// What the file holds cannot be used.
    #[error("{key}: {}: {source}", file.display())]
    Unusable {
        /// The key of the configuration.
        key: &'static str,
        /// The file it names.
        file: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
    /// The authorities cannot be used to verify clients.
    #[error("listen.tls.client_ca: {}: {source}", file.display())]
    Authorities {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        source: VerifierBuilderError,
    },
}

/// What connections are accepted with. It is read from the files as a whole, and each connection keeps the one
/// that it began with.
#[derive(Clone)]
pub(super) struct Tls {
    acceptor: TlsAcceptor,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls(..)")
    }
}

impl Tls {
    /// Reads the files.
    pub(super) fn load(files: &config::Tls) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let chain = certificates("listen.tls.certificate", &files.certificate)?;
        let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|source| TlsError::File {
            key: "listen.tls.key",
            file: files.key.clone(),
            source,
        })?;
        let unusable = |source| unusable(files, source);
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(unusable)?;
        let builder = match &files.client_ca {
            None => builder.with_no_client_auth(),
            Some(file) => {
                let authorities = Arc::new(roots("listen.tls.client_ca", file)?);
                let verifier = WebPkiClientVerifier::builder_with_provider(authorities, provider)
                    .allow_unauthenticated()
                    .build()
                    .map_err(|source| TlsError::Authorities { file: file.clone(), source })?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut config = builder.with_single_cert(chain, key).map_err(unusable)?;
        // An upgrade to WebSocket exists in HTTP/1.1 only.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)) })
    }

    /// The handshake. It has no deadline of its own.
    pub(super) async fn accept(&self, mut tcp: TcpStream) -> io::Result<(TlsStream<TcpStream>, TlsPeer)> {
        let mut first = [0];
        if tcp.peek(&mut first).await? == 1 && first != [HANDSHAKE] {
            refuse_plain(&mut tcp).await;
            return Err(io::Error::new(io::ErrorKind::InvalidData, "not TLS"));
        }
        let stream = self.acceptor.accept(tcp).await?;
        let certificates = stream.get_ref().1.peer_certificates();
        let certificate = certificates.and_then(|chain| chain.first()).map(|own| own.clone().into_owned());
        Ok((stream, TlsPeer { certificate }))
    }
}

/// A client certificate that is not taken is the operator's business; everything else is some scanner's.
pub(super) fn is_refused_certificate(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(inner, Some(rustls::Error::InvalidCertificate(_)))
}

/// The certificates in a file, at least one.
fn certificates(key: &'static str, file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let unreadable = |source| TlsError::File { key, file: file.to_owned(), source };
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file).map_err(unreadable)?.collect();
    match found.map_err(unreadable)? {
        none if none.is_empty() => Err(TlsError::Empty { key, file: file.to_owned() }),
        some => Ok(some),
    }
}

fn roots(key: &'static str, file: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(key, file)? {
        roots.add(certificate).map_err(|source| TlsError::Unusable { key, file: file.to_owned(), source })?;
    }
    Ok(roots)
}

/// Which of the two files is at fault: a key is wrong by itself, or does not belong to the certificate.
fn unusable(files: &config::Tls, source: rustls::Error) -> TlsError {
    let (key, file) = match source {
        rustls::Error::InvalidCertificate(_) => ("listen.tls.certificate", &files.certificate),
        _ => ("listen.tls.key", &files.key),
    };
    TlsError::Unusable { key, file: file.clone(), source }
}

/// Tells a client that speaks plain HTTP what is wrong. What it sent is read first: closing a socket with
/// unread bytes would take the answer away again.
async fn refuse_plain(tcp: &mut TcpStream) {
    let farewell = async {
        tcp.write_all(SPEAKS_TLS).await?;
        tcp.shutdown().await?;
        let mut rest = [0; 1024];
        while tcp.read(&mut rest).await? > 0 {}
        io::Result::Ok(())
    };
    let _ = timeout(FAREWELL, farewell).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_to_plain_http_has_the_length_that_it_claims() {
        let text = std::str::from_utf8(SPEAKS_TLS).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}", body.len())), "{}", body.len());
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said_with_its_key_and_name() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("empty.pem");
        std::fs::write(&empty, "").unwrap();
        let load = |certificate: &str, key: &str| {
            let path = |name: &str| folder.path().join(name);
            let files = config::Tls { certificate: path(certificate), key: path(key), client_ca: None };
            Tls::load(&files).err().unwrap().to_string()
        };
        let missing = load("missing.pem", "empty.pem");
        assert!(
            missing.starts_with("listen.tls.certificate: ") && missing.contains("missing.pem"),
            "{missing}"
        );
        assert!(load("empty.pem", "empty.pem").ends_with("empty.pem: no certificate in it"));
    }
}
