//! `[listen]`: where the bridge listens, and for whom. `[admin]`: where it tells of itself.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use url::Url;

use super::{BasePath, Origin, Peers, field};

/// The public listener.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Listen {
    /// The default is loopback, because the bridge speaks plain HTTP and passwords pass through it.
    /// Port 0 picks a free one.
    #[serde(deserialize_with = "field::listen_address")]
    pub address: ListenAddress,
    /// The permissions of a unix socket. Whoever may write to it may connect.
    #[serde(deserialize_with = "field::mode")]
    pub socket_mode: u32,
    /// The path under which everything is served.
    #[serde(deserialize_with = "field::base_path")]
    pub base_path: BasePath,
    /// Pages of other origins that may open sessions, beside the page's own origin.
    #[serde(deserialize_with = "field::origins")]
    pub allowed_origins: Vec<Origin>,
    /// TLS on the listener; without it the bridge speaks plain HTTP.
    pub tls: Option<Tls>,
    /// Reverse proxies whose `X-Forwarded-For` is believed.
    #[serde(deserialize_with = "field::peers")]
    pub trusted_proxies: Peers,
    /// Proxies that must begin each connection with a header of the PROXY protocol; from all others none is
    /// understood.
    #[serde(deserialize_with = "field::peers")]
    pub proxy_protocol_from: Peers,
    /// Refuse clients that offer no subprotocol. Off, because existing clients offer none.
    pub require_subprotocol: bool,
}

impl Default for Listen {
    fn default() -> Self {
        Listen {
            address: ListenAddress::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, 8022))),
            socket_mode: 0o660,
            base_path: BasePath::default(),
            allowed_origins: Vec::new(),
            tls: None,
            trusted_proxies: Peers::default(),
            proxy_protocol_from: Peers::default(),
            require_subprotocol: false,
        }
    }
}

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddress {
    /// `"127.0.0.1:8022"`
    Tcp(SocketAddr),
    /// `"unix:/run/sftpbridge.sock"`
    Unix(PathBuf),
}

impl ListenAddress {
    /// What precedes the path of a unix socket.
    pub(super) const UNIX: &str = "unix:";

    /// The path, where it is a unix socket.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Tcp(_) => None,
            Self::Unix(path) => Some(path),
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "{}{}", Self::UNIX, path.display()),
        }
    }
}

/// TLS on the listener (RFC 8446).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Written")]
pub struct Tls {
    /// How the listener proves who it is.
    pub proof: TlsProof,
    /// PEM file with the authorities whose client certificates are accepted. A client without a certificate is
    /// still let in; one with a certificate of nobody's is not.
    pub client_ca: Option<PathBuf>,
}

/// Where the listener's certificate is from.
#[derive(Debug, Clone, PartialEq)]
pub enum TlsProof {
    /// Files, which were readable when the configuration was loaded.
    Files {
        /// PEM file with the certificate chain, the listener's own first.
        certificate: PathBuf,
        /// PEM file with the private key.
        key: PathBuf,
    },
    /// An authority that is asked over the network.
    Acme(Acme),
}

/// Certificates by ACME (RFC 8555), proved by the challenge `tls-alpn-01` (RFC 8737).
#[derive(Debug, Clone, PartialEq)]
pub struct Acme {
    /// The names to be certified; never empty.
    pub domains: Vec<String>,
    /// Who is told when something is about to expire: e-mail addresses.
    pub contact: Vec<String>,
    /// The authority's directory.
    pub directory: Url,
    /// A folder for the account's key and the certificates, for the bridge alone.
    pub cache: PathBuf,
    /// PEM file with the only authorities to trust for [`Acme::directory`]; without it, the system's.
    pub ca_file: Option<PathBuf>,
}

/// The section as it is written, before it is known what belongs together.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    client_ca: Option<PathBuf>,
    #[serde(default, deserialize_with = "field::domains")]
    acme_domains: Vec<String>,
    #[serde(default, deserialize_with = "field::words")]
    acme_contact: Vec<String>,
    #[serde(default, deserialize_with = "field::some_url")]
    acme_directory: Option<Url>,
    acme_cache: Option<PathBuf>,
    acme_ca_file: Option<PathBuf>,
}

/// The directory of Let's Encrypt.
const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

impl TryFrom<Written> for Tls {
    type Error = String;

    fn try_from(written: Written) -> Result<Tls, String> {
        let needs = |key: &str| format!("this section needs {key}");
        let proof = match written.acme_domains.is_empty() {
            true => TlsProof::Files {
                certificate: written.certificate.ok_or_else(|| needs("certificate"))?,
                key: written.key.ok_or_else(|| needs("key"))?,
            },
            false => TlsProof::Acme(Acme {
                domains: written.acme_domains,
                contact: written.acme_contact,
                directory: match written.acme_directory {
                    Some(directory) => directory,
                    None => LETS_ENCRYPT.parse().map_err(|_| needs("acme_directory"))?,
                },
                cache: written.acme_cache.ok_or_else(|| needs("acme_cache"))?,
                ca_file: written.acme_ca_file,
            }),
        };
        Ok(Tls { proof, client_ca: written.client_ca })
    }
}

/// The listener for those who operate the bridge: metrics and health.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Admin {
    /// Where it listens, always plain HTTP; `None` where it is switched off.
    #[serde(deserialize_with = "field::some_listen_address")]
    pub address: Option<ListenAddress>,
}

impl Default for Admin {
    fn default() -> Self {
        Admin { address: Some(ListenAddress::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, 9022)))) }
    }
}
