//! What the operator decides, read once at the start and then only passed on.
//!
//! These are the values after every check: whoever holds a [`Config`] need not look at it twice.
//! The keys, their defaults and their reasons for operators are in `proxy.toml` and
//! `docs/configuration.md`; tests hold the three together.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::fingerprint::Fingerprint;

mod address;
mod base_path;
mod check;
mod env;
mod error;
mod field;
mod load;
mod origin;
#[cfg(test)]
mod reference;
mod schema;
mod secret;
mod source;

pub use address::HostPort;
pub use base_path::BasePath;
pub use error::{ConfigError, Malformed};
pub use load::Overrides;
pub use origin::Origin;
pub use secret::Secret;

/// The whole configuration.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The upstream that `/sftp` without a name leads to; always one of [`Config::upstreams`].
    pub default_upstream: String,
    /// Where the bridge listens, and for whom.
    pub listen: Listen,
    /// The file manager page.
    pub page: Page,
    /// The SSH servers behind the bridge by their names, never empty. A visitor picks a name;
    /// nothing in a request can change where it leads.
    pub upstreams: BTreeMap<String, Upstream>,
    /// What one person or everybody together may take.
    pub limits: Limits,
    /// The log on standard error.
    pub log: Log,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            default_upstream: "main".to_owned(),
            listen: Listen::default(),
            page: Page::default(),
            upstreams: BTreeMap::new(),
            limits: Limits::default(),
            log: Log::default(),
        }
    }
}

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
    /// Refuse clients that offer no subprotocol. Off, because existing clients offer none.
    pub require_subprotocol: bool,
}

impl Default for Listen {
    fn default() -> Self {
        Listen {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 8022)),
            base_path: BasePath::default(),
            allowed_origins: Vec::new(),
            require_subprotocol: false,
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
}

impl Default for Page {
    fn default() -> Self {
        Page { title: "Files".to_owned() }
    }
}

/// One SSH server behind the bridge.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// The name a visitor sees; see [`Upstream::title_or`].
    #[serde(default, deserialize_with = "field::some_title")]
    pub title: Option<String>,
    /// Where the server listens.
    #[serde(deserialize_with = "field::host_port")]
    pub address: HostPort,
    /// An OpenSSH `known_hosts` file, readable when the configuration was loaded.
    #[serde(default)]
    pub known_hosts: Option<PathBuf>,
    /// SHA-256 fingerprints of host keys to accept. This or [`Upstream::known_hosts`] is always
    /// given: the bridge learns no key at run time.
    #[serde(default, deserialize_with = "field::fingerprints")]
    pub host_keys: Vec<Fingerprint>,
    /// Offer the algorithms that OpenSSH dropped (SHA-1, CBC, group1). Weakens this upstream only.
    #[serde(default)]
    pub legacy: bool,
    /// Whose credentials log in to the server.
    #[serde(default, deserialize_with = "field::credentials")]
    pub credentials: Credentials,
    /// From the first packet of the TCP connection to the server's SSH banner.
    #[serde(default = "default_connect_timeout", deserialize_with = "field::duration")]
    pub connect_timeout: Duration,
    /// From the banner to the end of the login, prompts to the user included.
    #[serde(default = "default_login_timeout", deserialize_with = "field::duration")]
    pub login_timeout: Duration,
    /// Silence after which the server is asked whether it is still there.
    #[serde(default = "default_keepalive", deserialize_with = "field::duration")]
    pub keepalive: Duration,
}

impl Upstream {
    /// An upstream with every default. It trusts no host key yet.
    pub fn at(address: HostPort) -> Upstream {
        Upstream {
            title: None,
            address,
            known_hosts: None,
            host_keys: Vec::new(),
            legacy: false,
            credentials: Credentials::default(),
            connect_timeout: default_connect_timeout(),
            login_timeout: default_login_timeout(),
            keepalive: default_keepalive(),
        }
    }

    /// The name a visitor sees: the title, or else the upstream's `name` in the configuration.
    pub fn title_or<'a>(&'a self, name: &'a str) -> &'a str {
        self.title.as_deref().unwrap_or(name)
    }
}

fn default_connect_timeout() -> Duration {
    Duration::from_secs(10)
}

fn default_login_timeout() -> Duration {
    Duration::from_secs(30)
}

fn default_keepalive() -> Duration {
    Duration::from_secs(20)
}

/// Whose credentials log in to an upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Credentials {
    /// The person's own SSH login is passed through; the bridge has none.
    #[default]
    User,
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
    /// Sessions at a time from one client address.
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
