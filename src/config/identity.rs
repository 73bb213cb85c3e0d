//! `[identity]`: how the bridge knows who a person is, where the upstream does not decide it.

use std::path::PathBuf;
use std::time::Duration;

use http::HeaderName;
use serde::Deserialize;
use url::Url;

use super::{Peers, field};

/// Every way that is given is tried; none is on by default. Paths are complete.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Identity {
    /// `name:hash` lines, argon2id or bcrypt.
    pub users_file: Option<PathBuf>,
    /// Bearer tokens (RFC 6750) that are JSON Web Tokens (RFC 7519).
    pub jwt: Option<Jwt>,
    /// A header that a reverse proxy sets.
    pub trusted_header: Option<TrustedHeader>,
    /// The certificate of the client's end of the TLS connection.
    pub client_certificate: Option<ClientCertificate>,
    /// OpenID Connect in the browser.
    pub oidc: Option<Oidc>,
}

/// Which JSON Web Tokens are believed.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jwt {
    /// The claim `iss`, exactly.
    #[serde(deserialize_with = "field::word")]
    pub issuer: String,
    /// What the claim `aud` must contain.
    #[serde(deserialize_with = "field::word")]
    pub audience: String,
    /// The issuer's keys (RFC 7517), from a file; this or [`Jwt::jwks_url`].
    #[serde(default)]
    pub jwks_file: Option<PathBuf>,
    /// The issuer's keys, from its server: https, or http on loopback.
    #[serde(default, deserialize_with = "field::some_url")]
    pub jwks_url: Option<Url>,
    /// PEM file with the only authorities to trust for [`Jwt::jwks_url`]; without it, the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// The claim that is the person's name.
    #[serde(default = "default_user_claim", deserialize_with = "field::word")]
    pub user_claim: String,
    /// The claim that lists the upstreams the person may reach; without it, all.
    #[serde(default, deserialize_with = "field::some_word")]
    pub upstreams_claim: Option<String>,
    /// The claim that lists the groups the person is in, for policies; without it, none.
    #[serde(default, deserialize_with = "field::some_word")]
    pub groups_claim: Option<String>,
    /// How far apart the clocks may be: up to 10 minutes.
    #[serde(default = "default_leeway", deserialize_with = "field::leeway")]
    pub leeway: Duration,
}

/// A header that is believed from some peers, and stripped from everyone else.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustedHeader {
    /// Its name.
    #[serde(deserialize_with = "field::header_name")]
    pub name: HeaderName,
    /// The proxies; never empty.
    #[serde(deserialize_with = "field::peers")]
    pub from: Peers,
    /// The header with the person's groups, with commas between; believed likewise.
    #[serde(default, deserialize_with = "field::some_header_name")]
    pub groups: Option<HeaderName>,
}

/// Which part of a client's certificate is the person's name.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientCertificate {
    /// Where the name is.
    #[serde(deserialize_with = "field::certificate_name")]
    pub user: CertificateName,
}

/// A place for a name in an X.509 certificate (RFC 5280).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateName {
    /// `"cn"`: the common name of the subject; there must be exactly one.
    CommonName,
    /// `"email"`: the one rfc822Name of the subject's alternative names.
    Email,
    /// `"uri"`: the one URI of the subject's alternative names.
    Uri,
}

/// OpenID Connect: authorization code flow with PKCE (RFC 7636).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// The provider; its document is at `/.well-known/openid-configuration` under it. https, or http on loopback.
    #[serde(deserialize_with = "field::url")]
    pub issuer: Url,
    /// Our name at the provider.
    #[serde(deserialize_with = "field::word")]
    pub client_id: String,
    /// Holds our secret at the provider; without it we are a public client.
    #[serde(default)]
    pub client_secret_file: Option<PathBuf>,
    /// Where the provider sends people back to: the public URL of `auth/callback`.
    #[serde(deserialize_with = "field::url")]
    pub redirect_url: Url,
    /// Holds the key of the cookie: at least 32 bytes, the same on every replica.
    pub cookie_key_file: PathBuf,
    /// What is asked for beside `openid`.
    #[serde(default, deserialize_with = "field::words")]
    pub scopes: Vec<String>,
    /// The claim of the ID token that is the person's name.
    #[serde(default = "default_user_claim", deserialize_with = "field::word")]
    pub user_claim: String,
    /// The claim that lists the upstreams the person may reach; without it, all.
    #[serde(default, deserialize_with = "field::some_word")]
    pub upstreams_claim: Option<String>,
    /// The claim that lists the groups the person is in, for policies; without it, none.
    #[serde(default, deserialize_with = "field::some_word")]
    pub groups_claim: Option<String>,
    /// PEM file with the only authorities to trust for the provider; without it, the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// How long a person stays signed in.
    #[serde(default = "default_oidc_lifetime", deserialize_with = "field::duration")]
    pub lifetime: Duration,
}

fn default_user_claim() -> String {
    "sub".to_owned()
}

fn default_leeway() -> Duration {
    Duration::from_secs(60)
}

fn default_oidc_lifetime() -> Duration {
    Duration::from_secs(8 * 60 * 60)
}
