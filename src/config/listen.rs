//! `[listen]`: where the bridge listens, and for whom.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use ipnet::IpNet;
use serde::Deserialize;

use super::{BasePath, Origin, field};

/// The public listener.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Listen {
    /// The default is loopback, because the bridge speaks plain HTTP and passwords pass through it.
    /// Port 0 picks a free one.
    #[serde(deserialize_with = "field::socket_address")]
    pub address: SocketAddr,
    /// The path under which everything is served.
    #[serde(deserialize_with = "field::base_path")]
    pub base_path: BasePath,
    /// Pages of other origins that may open sessions, beside the page's own origin.
    #[serde(deserialize_with = "field::origins")]
    pub allowed_origins: Vec<Origin>,
    /// TLS on the listener; without it the bridge speaks plain HTTP.
    pub tls: Option<Tls>,
    /// Networks of reverse proxies whose `X-Forwarded-For` is believed.
    #[serde(deserialize_with = "field::networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// Refuse clients that offer no subprotocol. Off, because existing clients offer none.
    pub require_subprotocol: bool,
}

impl Default for Listen {
    fn default() -> Self {
        Listen {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 8022)),
            base_path: BasePath::default(),
            allowed_origins: Vec::new(),
            tls: None,
            trusted_proxies: Vec::new(),
            require_subprotocol: false,
        }
    }
}

/// TLS on the listener (RFC 8446). The files were readable when the configuration was loaded.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// PEM file with the certificate chain, the listener's own first.
    pub certificate: PathBuf,
    /// PEM file with the private key.
    pub key: PathBuf,
    /// PEM file with the authorities whose client certificates are accepted. A client without a certificate is
    /// still let in; one with a certificate of nobody's is not.
    #[serde(default)]
    pub client_ca: Option<PathBuf>,
}
