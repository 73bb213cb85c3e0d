//! TLS to the bridge: the system's certificate authorities, or the ones that were named.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::TlsConnector;

use super::ConnectError;

/// Which certificates prove that a server is the bridge.
#[derive(Debug, Clone, Default)]
pub enum Trust {
    /// Those of the system's certificate authorities.
    #[default]
    System,
    /// Those of the authorities in this PEM file, and no others.
    File(PathBuf),
    /// Any, even a stranger's.
    DangerAnyone,
}

/// What proves to a TLS server who the client is (RFC 8446, section 4.4.2).
#[derive(Debug, Clone)]
pub struct ClientCertificate {
    /// PEM file with the certificate, and those between it and the authority.
    pub chain: PathBuf,
    /// PEM file with its private key, without a passphrase.
    pub key: PathBuf,
}

/// A connector that trusts as `trust` says, and shows `certificate` where it is asked for one.
pub(crate) fn connector(
    trust: &Trust,
    certificate: Option<&ClientCertificate>,
) -> Result<TlsConnector, ConnectError> {
    let provider = Arc::new(ring::default_provider());
    let failed = |error| ConnectError::Failed(format!("TLS cannot be set up: {error}"));
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(failed)?;
    let builder = match trust {
        Trust::System => builder.with_root_certificates(system_roots()?),
        Trust::File(path) => builder.with_root_certificates(roots_of(path)?),
        Trust::DangerAnyone => {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(DangerAnyone(provider)))
        }
    };
    let mut config = match certificate {
        None => builder.with_no_client_auth(),
        Some(ClientCertificate { chain, key }) => builder
            .with_client_auth_cert(certificates("--client-certificate", chain)?, private_key(key)?)
            .map_err(|error| {
                ConnectError::Failed(format!("--client-certificate {}: {error}", chain.display()))
            })?,
    };
    // An upgrade to WebSocket exists in HTTP/1.1 only.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

fn system_roots() -> Result<RootCertStore, ConnectError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (usable, _) = roots.add_parsable_certificates(found.certs);
    if usable == 0 {
        return Err(ConnectError::Failed(
            "this system has no certificate authorities (on Debian: apt install ca-certificates); \
             or name one with --ca-file"
                .to_owned(),
        ));
    }
    Ok(roots)
}

fn roots_of(path: &Path) -> Result<RootCertStore, ConnectError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates("--ca-file", path)? {
        roots
            .add(certificate)
            .map_err(|error| ConnectError::Failed(format!("--ca-file {}: {error}", path.display())))?;
    }
    Ok(roots)
}

/// The certificates in the PEM file that `option` names; at least one.
fn certificates(option: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, ConnectError> {
    let failed = |error: String| ConnectError::Failed(format!("{option} {}: {error}", path.display()));
    let found = CertificateDer::pem_file_iter(path).map_err(|error| failed(error.to_string()))?;
    let found: Vec<_> = found.collect::<Result<_, _>>().map_err(|error| failed(error.to_string()))?;
    match found.is_empty() {
        true => Err(failed("it holds no certificate".to_owned())),
        false => Ok(found),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, ConnectError> {
    PrivateKeyDer::from_pem_file(path)
        .map_err(|error| ConnectError::Failed(format!("--client-key {}: {error}", path.display())))
}

/// Believes every certificate. The signatures are still checked: a server must own the key that it shows.
#[derive(Debug)]
struct DangerAnyone(Arc<CryptoProvider>);

impl ServerCertVerifier for DangerAnyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
