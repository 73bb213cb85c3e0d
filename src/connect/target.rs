//! Where the bridge is.

use std::fmt;
use std::str::FromStr;

use url::Url;

/// The address of a bridge's endpoint, from a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Whether TLS is spoken.
    pub tls: bool,
    /// A name or an address, IPv6 without brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// Path and query; `/sftp` where the URL has none.
    pub path: String,
    /// The user in the URL.
    pub user: Option<String>,
    /// The value of the Host header.
    pub authority: String,
}

/// Why a URL is no address of a bridge.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Not a URL.
    #[error("{0:?} is not a URL: {1}; expected wss://host/sftp")]
    NotAUrl(String, url::ParseError),
    /// Another scheme.
    #[error("the scheme {0:?} is not known here; expected wss://, ws://, https:// or http://")]
    Scheme(String),
    /// No host.
    #[error("the URL names no host; expected wss://host/sftp")]
    NoHost,
    /// A password in the URL: it would be seen in the list of processes.
    #[error(
        "the URL holds a password, where every process of this machine can read it; use --password-file or SFTPBRIDGE_PASSWORD"
    )]
    Password,
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        // Never quotes a text that may hold a password.
        let shown = if text.contains('@') { "…" } else { text };
        let url = Url::parse(text).map_err(|error| TargetError::NotAUrl(shown.to_owned(), error))?;
        let tls = match url.scheme() {
            "wss" | "https" => true,
            "ws" | "http" => false,
            other => return Err(TargetError::Scheme(other.to_owned())),
        };
        if url.password().is_some() {
            return Err(TargetError::Password);
        }
        let host = url.host().ok_or(TargetError::NoHost)?;
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        };
        let path = match (url.path(), url.query()) {
            ("/" | "", None) => "/sftp".to_owned(),
            (path, None) => path.to_owned(),
            (path, Some(query)) => format!("{path}?{query}"),
        };
        Ok(Self {
            tls,
            host: host.to_string().trim_matches(['[', ']']).to_owned(),
            port: url.port_or_known_default().unwrap_or(if tls { 443 } else { 80 }),
            path,
            user: decoded_user(&url),
            authority,
        })
    }
}

fn decoded_user(url: &Url) -> Option<String> {
    // The form decoder of `url` undoes percent escapes, but also reads `+` as a space.
    let encoded = url.username().replace('+', "%2B");
    let user = url::form_urlencoded::parse(encoded.as_bytes()).next()?.0.into_owned();
    (!user.is_empty()).then_some(user)
}

impl Target {
    /// Whether what is sent stays on this machine.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self.host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
    }

    pub(super) fn url(&self) -> String {
        format!("{}://{}{}", if self.tls { "wss" } else { "ws" }, self.authority, self.path)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Target {
        text.parse().unwrap()
    }

    #[test]
    fn schemes_ports_and_paths_have_the_usual_defaults() {
        for (url, tls, host, port, path) in [
            ("wss://files.example", true, "files.example", 443, "/sftp"),
            ("ws://127.0.0.1:8022/", false, "127.0.0.1", 8022, "/sftp"),
            ("https://a/x/sftp/main", true, "a", 443, "/x/sftp/main"),
            ("http://[::1]:80/sftp?x=1", false, "::1", 80, "/sftp?x=1"),
        ] {
            let found = target(url);
            assert_eq!((found.tls, &*found.host, found.port, &*found.path), (tls, host, port, path), "{url}");
        }
        assert_eq!(target("ws://[::1]:8022").url(), "ws://[::1]:8022/sftp");
    }

    #[test]
    fn a_user_may_be_in_the_url_and_a_password_may_not() {
        assert_eq!(target("wss://j%C3%BCr+gen@host").user.as_deref(), Some("jür+gen"));
        let refused = "wss://u:canary@host".parse::<Target>().unwrap_err();
        assert_eq!(refused, TargetError::Password);
        assert!(!refused.to_string().contains("canary"));
        let broken = "wss://u:canary@ho st".parse::<Target>().unwrap_err();
        assert!(!broken.to_string().contains("canary"), "{broken}");
    }

    #[test]
    fn other_schemes_are_refused_by_name() {
        assert_eq!("ssh://host".parse::<Target>(), Err(TargetError::Scheme("ssh".to_owned())));
        assert!(matches!("host".parse::<Target>(), Err(TargetError::NotAUrl(..))));
    }

    #[test]
    fn loopback_is_known_by_its_names() {
        assert!(target("ws://localhost").is_loopback() && target("ws://[::1]").is_loopback());
        assert!(!target("ws://example.org").is_loopback());
    }
}
