//! TLS on the listener (RFC 8446, RFC 5246): the bridge's own certificate, and whose client certificates it takes.

#[cfg(feature = "acme")]
mod acme;
#[cfg(not(feature = "acme"))]
#[path = "tls/without_acme.rs"]
mod acme;
mod error;
mod expiry;
mod material;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls_pki_types::CertificateDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

use super::transport::Transport;
use crate::config::{self, TlsProof};
use crate::watched::{Look, Watched};

pub use error::TlsError;

pub(super) use acme::Acme;
pub(super) use expiry::Expiry;

use material::{Certificate, Material};

/// The protocol of a connection that is an authority's challenge and nothing else (RFC 8737, section 4).
const CHALLENGE: &[u8] = b"acme-tls/1";

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

/// How connections are accepted. Each one takes what the files say when it begins, and keeps that.
#[derive(Clone)]
pub(super) struct Tls {
    material: Arc<Watched<Material>>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls(..)")
    }
}

impl Tls {
    /// Reads the files, and where an authority gives the certificate, who asks it.
    pub(super) async fn open(settings: &config::Tls) -> Result<(Self, Option<Acme>), TlsError> {
        let (certificate, acme) = match &settings.proof {
            TlsProof::Files { certificate, key } => {
                (Certificate::Files { certificate: certificate.clone(), key: key.clone() }, None)
            }
            TlsProof::Acme(settings) => {
                let acme = Acme::open(settings).await?;
                (acme.certificate(), Some(acme))
            }
        };
        let client_ca = settings.client_ca.clone();
        let files = certificate.files(client_ca.as_deref());
        let load = move || certificate.load(client_ca.as_deref());
        let material = Watched::open("tls", files, load, Instant::now())?;
        Ok((Self { material: Arc::new(material) }, acme))
    }

    /// Reads the files, and keeps nothing of them. An authority is not asked.
    pub(super) fn check(settings: &config::Tls) -> Result<(), TlsError> {
        match &settings.proof {
            TlsProof::Files { certificate, key } => {
                let files = Certificate::Files { certificate: certificate.clone(), key: key.clone() };
                files.load(settings.client_ca.as_deref()).map(drop)
            }
            TlsProof::Acme(_) if cfg!(feature = "acme") => Ok(()),
            TlsProof::Acme(_) => Err(TlsError::NoAcme),
        }
    }

    /// Looks at the files now. They count together: a certificate without its key changes nothing. Blocks for as
    /// long as the file system does.
    pub(super) fn reload(&self, look: Look) {
        self.material.look(look, Instant::now());
    }

    /// When the listener's certificate expires, in seconds since 1970.
    pub(super) fn expires(&self) -> Option<i64> {
        self.material.snapshot().expires.at()
    }

    /// The handshake. It has no deadline of its own.
    pub(super) async fn accept<S: Transport>(&self, mut stream: S) -> io::Result<(TlsStream<S>, TlsPeer)> {
        if stream.peek_byte().await?.is_some_and(|first| first != HANDSHAKE) {
            refuse_plain(&mut stream).await;
            return Err(io::Error::new(io::ErrorKind::InvalidData, "not TLS"));
        }
        let acceptor = self.material.snapshot().acceptor.clone();
        let stream = acceptor.accept(stream).await?;
        if stream.get_ref().1.alpn_protocol() == Some(CHALLENGE) {
            return Err(io::Error::other("an authority has seen its challenge answered"));
        }
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

/// Tells a client that speaks plain HTTP what is wrong. What it sent is read first: closing a socket with
/// unread bytes would take the answer away again.
async fn refuse_plain(stream: &mut impl Transport) {
    let farewell = async {
        stream.write_all(SPEAKS_TLS).await?;
        stream.shutdown().await?;
        let mut rest = [0; 1024];
        while stream.read(&mut rest).await? > 0 {}
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
}
