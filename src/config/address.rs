//! The address of an upstream: a host and a port, in one spelling only, because host keys belong
//! to that name and that port.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use super::Malformed;

const EXPECTED: &str = r#"an address such as "files.example.org:22" or "[2001:db8::1]:22""#;

/// The port of RFC 4253.
const SSH: u16 = 22;

/// The host and port of an SSH server, from `host`, `host:port`, `[IPv6]` or `[IPv6]:port`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HostPort {
    /// A DNS name in lower case, an IPv4 address, or an IPv6 address in its shortest form, without
    /// brackets and perhaps with a zone (`fe80::1%eth0`).
    pub host: String,
    /// Never 0; 22 where none was given.
    pub port: u16,
}

impl FromStr for HostPort {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        if text.contains('@') {
            return Err(Malformed::unquoted(
                EXPECTED,
                r#"a user before an "@" (people bring their own login)"#,
            ));
        }
        parse(text).ok_or_else(|| Malformed::new(EXPECTED, text))
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

fn parse(text: &str) -> Option<HostPort> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        let port = if rest.is_empty() { SSH } else { port(rest.strip_prefix(':')?)? };
        return Some(HostPort { host: ipv6(host)?, port });
    }
    // An IPv6 address without brackets has further colons, which no host name and no port has.
    let (host, port) = match text.split_once(':') {
        Some((host, digits)) => (host, port(digits)?),
        None => (text, SSH),
    };
    is_name(host).then(|| HostPort { host: host.to_ascii_lowercase(), port })
}

/// A port that one can connect to, in digits (`u16`'s own parser would take a plus sign).
pub(super) fn port(digits: &str) -> Option<u16> {
    let number = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?;
    number.filter(|port| *port != 0)
}

fn ipv6(text: &str) -> Option<String> {
    let (address, zone) = match text.split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (text, None),
    };
    let address: Ipv6Addr = address.parse().ok()?;
    match zone {
        None => Some(address.to_string()),
        Some(zone) if is_label(zone) => Some(format!("{address}%{zone}")),
        Some(_) => None,
    }
}

/// A DNS name (underscores are common in container networks) or an IPv4 address. Names that end in
/// a number must be the latter: resolvers read `127.1` or `1` as addresses too.
fn is_name(host: &str) -> bool {
    let labels = host.strip_suffix('.').unwrap_or(host);
    let last = labels.rsplit('.').next().unwrap_or_default();
    let numeric = !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit());
    host.len() <= 253 && labels.split('.').all(is_label) && (!numeric || host.parse::<Ipv4Addr>().is_ok())
}

fn is_label(label: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (1..=63).contains(&label.len()) && !label.starts_with('-') && label.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_spelling() {
        for (text, shown) in [
            ("Files.Example.ORG", "files.example.org:22"),
            ("sftp_1:2222", "sftp_1:2222"),
            ("127.0.0.1:22", "127.0.0.1:22"),
            ("[2001:DB8:0::1]", "[2001:db8::1]:22"),
            ("[fe80::1%eth0]:2222", "[fe80::1%eth0]:2222"),
            ("example.org.:22", "example.org.:22"),
        ] {
            let parsed: HostPort = text.parse().unwrap();
            assert_eq!(parsed.to_string(), shown);
            assert_eq!(parsed.to_string().parse(), Ok(parsed));
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            ":22",
            "host:",
            "host:0",
            "host:+22",
            "host:65536",
            "::1",
            "[::1",
            "[::1]22",
            "[host]:22",
            "ssh://host",
            "host/x",
            "a b",
            "a..b",
            "-oProxyCommand=x",
            "127.1",
            "1",
            "bücher.example",
            "h\n",
        ] {
            let error = text.parse::<HostPort>().unwrap_err().to_string();
            assert!(error.contains("expected an address such as"), "{error}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_not_repeated() {
        let error = "me:canary@host".parse::<HostPort>().unwrap_err().to_string();
        assert!(!error.contains("canary"), "{error}");
    }
}
