//! `[upstreams.NAME]`: an SSH server behind the bridge, and who logs in to it.

use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;

use super::credentials::{Authority, Credentials, Kind, Proof, Template};
use super::{HostPort, Policy, field};
use crate::fingerprint::Fingerprint;

/// One SSH server behind the bridge.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Written")]
pub struct Upstream {
    /// The name a visitor sees; see [`Upstream::title_or`].
    pub title: Option<String>,
    /// Where the server listens.
    pub address: HostPort,
    /// An OpenSSH `known_hosts` file, readable when the configuration was loaded.
    pub known_hosts: Option<PathBuf>,
    /// SHA-256 fingerprints of host keys to accept. This or [`Upstream::known_hosts`] is always
    /// given: the bridge learns no key at run time.
    pub host_keys: Vec<Fingerprint>,
    /// Offer the algorithms that OpenSSH dropped (SHA-1, CBC, group1). Weakens this upstream only.
    pub legacy: bool,
    /// Whose credentials log in to the server.
    pub credentials: Credentials,
    /// For the name, the TCP connection and the server's SSH identification, together.
    pub connect_timeout: Duration,
    /// From the identification to the end of the login, without the time in which a person answers or signs. In a
    /// conversation it is the person's limit too, apart: all their time until they are logged in.
    pub login_timeout: Duration,
    /// Silence after which the server is asked whether it is still there.
    pub keepalive: Duration,
    /// How long an authenticated connection is kept for a client that lost its socket. Zero switches it off.
    pub resume: Duration,
    /// Which requests may pass.
    pub policy: Policy,
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
            resume: default_resume(),
            policy: Policy::default(),
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

fn default_resume() -> Duration {
    Duration::from_secs(60)
}

/// The section as it is written, before it is known what belongs together.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default, deserialize_with = "field::some_title")]
    title: Option<String>,
    #[serde(deserialize_with = "field::host_port")]
    address: HostPort,
    #[serde(default)]
    known_hosts: Option<PathBuf>,
    #[serde(default, deserialize_with = "field::fingerprints")]
    host_keys: Vec<Fingerprint>,
    #[serde(default)]
    legacy: bool,
    #[serde(default, deserialize_with = "field::credentials")]
    credentials: Kind,
    #[serde(default, deserialize_with = "field::some_template")]
    user: Option<Template>,
    key_file: Option<PathBuf>,
    key_passphrase_file: Option<PathBuf>,
    password_file: Option<PathBuf>,
    agent_socket: Option<PathBuf>,
    #[serde(default, deserialize_with = "field::some_fingerprint")]
    agent_key: Option<Fingerprint>,
    ca_key_file: Option<PathBuf>,
    #[serde(default, deserialize_with = "field::some_validity")]
    certificate_validity: Option<Duration>,
    #[serde(default, deserialize_with = "field::some_templates")]
    certificate_principals: Option<Vec<Template>>,
    #[serde(default, deserialize_with = "field::some_networks")]
    certificate_source_address: Option<Vec<IpNet>>,
    #[serde(default = "default_connect_timeout", deserialize_with = "field::duration")]
    connect_timeout: Duration,
    #[serde(default = "default_login_timeout", deserialize_with = "field::duration")]
    login_timeout: Duration,
    #[serde(default = "default_keepalive", deserialize_with = "field::duration")]
    keepalive: Duration,
    #[serde(default = "default_resume", deserialize_with = "field::duration_or_zero")]
    resume: Duration,
    #[serde(default)]
    policy: Policy,
}

impl TryFrom<Written> for Upstream {
    type Error = String;

    fn try_from(mut written: Written) -> Result<Upstream, String> {
        let credentials = written.credentials()?;
        Ok(Upstream {
            title: written.title,
            address: written.address,
            known_hosts: written.known_hosts,
            host_keys: written.host_keys,
            legacy: written.legacy,
            credentials,
            connect_timeout: written.connect_timeout,
            login_timeout: written.login_timeout,
            keepalive: written.keepalive,
            resume: written.resume,
            policy: written.policy,
        })
    }
}

impl Written {
    fn credentials(&mut self) -> Result<Credentials, String> {
        let needs = |key: &str| format!("these credentials need {key}");
        let proof = match self.credentials {
            Kind::User => return Ok(Credentials::User),
            Kind::Key => Proof::Key {
                file: self.key_file.take().ok_or_else(|| needs("key_file"))?,
                passphrase_file: self.key_passphrase_file.take(),
            },
            Kind::Password => {
                Proof::Password { file: self.password_file.take().ok_or_else(|| needs("password_file"))? }
            }
            Kind::Agent => Proof::Agent {
                socket: self.agent_socket.take().ok_or_else(|| needs("agent_socket"))?,
                key: self.agent_key.take(),
            },
            Kind::Certificate => Proof::Certificate(Authority {
                key_file: self.ca_key_file.take().ok_or_else(|| needs("ca_key_file"))?,
                validity: self.certificate_validity.take().unwrap_or(Duration::from_secs(300)),
                principals: self.certificate_principals.take().unwrap_or_else(|| vec![Template::user()]),
                source_address: self.certificate_source_address.take().unwrap_or_default(),
            }),
        };
        Ok(Credentials::Own { user: self.user.take().unwrap_or_else(Template::user), proof })
    }
}
