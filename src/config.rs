//! What the operator decides, read once at the start and then only passed on.
//!
//! These are the values after every check: whoever holds a [`Config`] need not look at it twice.
//! The keys, their defaults and their reasons for operators are in `proxy.toml` and
//! `docs/configuration.md`; tests hold the three together.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use url::Url;

mod address;
mod audit;
mod base_path;
mod changed;
mod check;
mod credentials;
mod env;
mod error;
mod field;
mod identity;
mod listen;
mod load;
mod origin;
mod peers;
mod policy;
#[cfg(test)]
mod reference;
mod schema;
mod secret;
mod source;
mod upstream;

pub use address::HostPort;
pub use audit::{Audit, AuditSink};
pub use base_path::BasePath;
pub use credentials::{Authority, Credentials, Proof, Template};
pub use error::{ConfigError, Malformed};
pub use identity::{CertificateName, ClientCertificate, Identity, Jwt, Oidc, TrustedHeader};
pub use listen::{Acme, Admin, Listen, ListenAddress, Tls, TlsProof};
pub use load::Overrides;
pub use origin::Origin;
pub use peers::{Direct, Peers};
pub use policy::{Access, Group, PathRule, Policy, Rules};
pub use secret::Secret;
pub use upstream::Upstream;

/// The whole configuration.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The upstream that `/sftp` without a name leads to; always one of [`Config::upstreams`].
    pub default_upstream: String,
    /// Where the bridge listens, and for whom.
    pub listen: Listen,
    /// Where the bridge tells of itself.
    pub admin: Admin,
    /// The file manager page.
    pub page: Page,
    /// The SSH servers behind the bridge by their names, never empty. A visitor picks a name;
    /// nothing in a request can change where it leads.
    pub upstreams: BTreeMap<String, Upstream>,
    /// How the bridge knows who a person is.
    pub identity: Identity,
    /// What one person or everybody together may take.
    pub limits: Limits,
    /// How often a login may fail.
    pub throttle: Throttle,
    /// Who did what with which file.
    pub audit: Audit,
    /// The log on standard error.
    pub log: Log,
    /// Spans for a collector.
    pub traces: Traces,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            default_upstream: "main".to_owned(),
            listen: Listen::default(),
            admin: Admin::default(),
            page: Page::default(),
            upstreams: BTreeMap::new(),
            identity: Identity::default(),
            limits: Limits::default(),
            throttle: Throttle::default(),
            audit: Audit::default(),
            log: Log::default(),
            traces: Traces::default(),
        }
    }
}

/// The file manager page.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Page {
    /// The name a visitor sees: 1 to 200 characters, none of them control characters.
    #[serde(deserialize_with = "field::title")]
    pub title: String,
    /// Whether it is served. Everything else is, in any case.
    pub enabled: bool,
    /// Sites whose pages may show it in a frame. None, since who frames it can have people click on what they do not
    /// see.
    #[serde(deserialize_with = "field::origins")]
    pub frame_ancestors: Vec<Origin>,
}

impl Default for Page {
    fn default() -> Self {
        Page { title: "Files".to_owned(), enabled: true, frame_ancestors: Vec::new() }
    }
}

/// What one person or everybody together may take. Durations are from 1 ms to 365 days, counts
/// from 1 to 1,000,000.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Sessions at a time in all.
    #[serde(deserialize_with = "field::count")]
    pub sessions: usize,
    /// Sessions at a time of one user.
    #[serde(deserialize_with = "field::count")]
    pub sessions_per_user: usize,
    /// Sessions at a time from one client address; all of a /64 network of IPv6 counts as one.
    #[serde(deserialize_with = "field::count")]
    pub sessions_per_address: usize,
    /// Largest SFTP packet in bytes, its length prefix included: 34,000 to 16 MiB. The default is
    /// the 256 KiB of OpenSSH's sftp-server plus the prefix, which OpenSSH does not count.
    #[serde(deserialize_with = "field::packet")]
    pub packet: usize,
    /// A session without a packet for so long is ended.
    #[serde(deserialize_with = "field::duration")]
    pub idle: Duration,
    /// A session is ended at this age, however busy it is.
    #[serde(deserialize_with = "field::duration")]
    pub lifetime: Duration,
    /// How long replies that are still owed are waited for after a client closed.
    #[serde(deserialize_with = "field::duration")]
    pub linger: Duration,
    /// A side that has data waiting and takes none of it for so long is given up.
    #[serde(deserialize_with = "field::duration")]
    pub stall: Duration,
    /// How long running sessions may go on after SIGTERM.
    #[serde(deserialize_with = "field::duration")]
    pub drain: Duration,
    /// Time between our own WebSocket pings.
    #[serde(deserialize_with = "field::duration")]
    pub keepalive: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            sessions: 1000,
            sessions_per_user: 32,
            sessions_per_address: 64,
            packet: 256 * 1024 + 4,
            idle: Duration::from_secs(15 * 60),
            lifetime: Duration::from_secs(24 * 60 * 60),
            linger: Duration::from_secs(5),
            stall: Duration::from_secs(60),
            drain: Duration::from_secs(30),
            keepalive: Duration::from_secs(25),
        }
    }
}

impl Limits {
    /// Open files that so many sessions need: two each, and some for the listener, the runtimes, and connections in
    /// their handshake.
    pub fn open_files(&self) -> u64 {
        self.sessions as u64 * 2 + 512
    }
}

/// How often a login may fail before an upstream is spared. Counts from 1 to 1,000,000.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Throttle {
    /// Failed logins from one client address within [`Throttle::window`]; further ones wait.
    #[serde(deserialize_with = "field::count")]
    pub attempts_per_address: usize,
    /// Failed logins as one user of one upstream within [`Throttle::window`]; further ones wait.
    #[serde(deserialize_with = "field::count")]
    pub attempts_per_user: usize,
    /// How long a failed login counts.
    #[serde(deserialize_with = "field::duration")]
    pub window: Duration,
    /// Logins that may be tried on one WebSocket of the subprotocol `sftp-login.v1`.
    #[serde(deserialize_with = "field::count")]
    pub login_attempts: usize,
}

impl Default for Throttle {
    fn default() -> Self {
        Throttle {
            attempts_per_address: 3,
            attempts_per_user: 3,
            window: Duration::from_secs(60),
            login_attempts: 6,
        }
    }
}

/// The log on standard error.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// The form of a line.
    #[serde(deserialize_with = "field::log_format")]
    pub format: LogFormat,
    /// A level, or the directives of a `tracing_subscriber::EnvFilter`, which accepts it for certain.
    #[serde(deserialize_with = "field::log_level")]
    pub level: String,
}

impl Default for Log {
    fn default() -> Self {
        Log { format: LogFormat::default(), level: "info".to_owned() }
    }
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For eyes.
    #[default]
    Text,
    /// One JSON object a line, for a log collector.
    Json,
}

/// Spans of logins and sessions for an OpenTelemetry collector.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Traces {
    /// Where they are sent to, by OTLP over HTTP with protobuf: https, or http on loopback. Without it there are none.
    #[serde(deserialize_with = "field::some_url")]
    pub endpoint: Option<Url>,
}
