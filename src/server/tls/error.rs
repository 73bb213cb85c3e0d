//! Why there is no TLS on the listener.

use std::path::PathBuf;

use rustls::server::VerifierBuilderError;

use crate::file_error::Unwritable;

/// Why there is no TLS on the listener.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or is not PEM.
    #[error("{key}: {}: {problem}", file.display())]
    File {
        /// The key of the configuration.
        key: &'static str,
        /// The file it names.
        file: PathBuf,
        /// What is wrong.
        problem: String,
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
    /// A key of another certificate.
    #[error("listen.tls.key: {}: this is not the key of the certificate in {}", key.display(), certificate.display())]
    Mismatch {
        /// The key's file.
        key: PathBuf,
        /// The certificate's.
        certificate: PathBuf,
    },
    /// The authorities cannot be used to verify clients.
    #[error("listen.tls.client_ca: {}: {source}", file.display())]
    Authorities {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        source: VerifierBuilderError,
    },
    /// This program was built without the feature `acme`.
    #[error(
        "listen.tls.acme_domains: this build has no ACME; build it with `--features acme`, or give certificate and key"
    )]
    NoAcme,
    /// The folder for what an ACME authority gives cannot be used.
    #[error("listen.tls.acme_cache: {}: {}", folder.display(), Unwritable(source))]
    Cache {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Nobody is trusted to speak for an ACME authority.
    #[error(
        "listen.tls.acme_directory: this system has no certificate authorities \
         (on Debian: apt install ca-certificates); or name one with acme_ca_file"
    )]
    NoRoots,
    /// The provider of cryptography is of no use.
    #[error("listen.tls: {0}")]
    Provider(rustls::Error),
}
