//! Our one HTTP client: over TLS or on this machine, without following anybody elsewhere, and with an end to both time
//! and size. It asks issuers' servers for documents, and takes spans to a collector.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use url::Url;

use crate::file_error::unusable_pem;

/// From the name to the last byte of a document.
const DEADLINE: Duration = Duration::from_secs(5);

/// Why there is no document. For the log: it names no more than the server does by itself.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    /// No connection, no TLS, no HTTP, or no end in time.
    #[error("{}", chain(.0))]
    Http(#[from] reqwest::Error),
    /// Not 200; a redirect too.
    #[error("the server answers {0}")]
    Status(http::StatusCode),
    /// More bytes than such a document has.
    #[error("larger than {0} bytes")]
    TooLarge(usize),
}

/// A client for `url` that trusts the authorities in `ca_file`, or else the system's.
pub(crate) fn client(url: &Url, ca_file: Option<&Path>) -> Result<reqwest::Client, String> {
    let roots = match ca_file {
        Some(path) => roots_of(path).map_err(|error| format!("{}: {error}", path.display()))?,
        None => system_roots(),
    };
    let mut tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    let builder = match url.scheme() {
        "https" => reqwest::Client::builder(),
        // On this machine, where no proxy of the environment is of use.
        _ => reqwest::Client::builder().no_proxy(),
    };
    builder
        .tls_backend_preconfigured(tls)
        // Elsewhere may be anywhere: inside this network, or without TLS.
        .redirect(Policy::none())
        .timeout(DEADLINE)
        // Requests come minutes apart and from several runtimes, one of which a kept connection would belong to.
        .pool_max_idle_per_host(0)
        .user_agent(concat!("sftpbridge/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| chain(&error))
}

/// The document at `url`, of at most `largest` bytes.
pub(crate) async fn get(client: &reqwest::Client, url: &Url, largest: usize) -> Result<Vec<u8>, FetchError> {
    let mut response = client.get(url.clone()).send().await?;
    if response.status() != http::StatusCode::OK {
        return Err(FetchError::Status(response.status()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > largest {
            return Err(FetchError::TooLarge(largest));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// None at all is no error: nothing over TLS will be trusted then, and the log says so at the first try.
fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

fn roots_of(path: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(unusable_pem)? {
        let certificate = certificate.map_err(unusable_pem)?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    match roots.is_empty() {
        true => Err("it holds no certificate".to_owned()),
        false => Ok(roots),
    }
}

/// The error with its causes, which reqwest leaves to others to print.
pub(crate) fn chain(error: &reqwest::Error) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
