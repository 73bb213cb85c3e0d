//! The origin of a page (RFC 6454), compared as a whole: scheme, host and port.

use std::fmt;
use std::str::FromStr;

use url::Host;

use super::Malformed;
use super::address::port;

const EXPECTED: &str = r#"an origin such as "https://files.example.org" or "http://localhost:8080""#;

/// `scheme://host[:port]` as a browser sends it: in lower case, without the scheme's default port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin(String);

impl Origin {
    /// The origin in its one spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        if text.contains('@') {
            return Err(Malformed::unquoted(EXPECTED, r#"a user before an "@""#));
        }
        if let Some(reason) = refusal(text) {
            return Err(Malformed::new(format!("{EXPECTED} ({reason})"), text));
        }
        parse(text).map(Origin).ok_or_else(|| Malformed::new(EXPECTED, text))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a common mistake is one.
fn refusal(text: &str) -> Option<&'static str> {
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    match scheme.to_ascii_lowercase().as_str() {
        _ if text.contains('*') => Some("a wildcard would let other people's pages in"),
        "" if text == "null" => Some(r#""null" is every sandboxed page and every local file"#),
        "" if !text.is_empty() => Some("the scheme is part of it"),
        "ws" | "wss" => Some("the page's own scheme, http or https"),
        _ if rest.ends_with('/') => Some("without the slash at its end"),
        _ if rest.contains(['/', '?', '#']) => Some("without a path"),
        _ => None,
    }
}

fn parse(text: &str) -> Option<String> {
    let (scheme, authority) = text.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    // The URL standard allows these in a host; in a header they would end the origin, and begin something else.
    let ends_it = |c: char| c.is_whitespace() || c.is_control() || ";,'".contains(c);
    if !is_scheme(&scheme) || authority.contains(ends_it) {
        return None;
    }
    let (host, digits) = split_port(authority);
    // The URL standard's own parser, so that a name in any script becomes what a browser sends.
    let host = Host::parse(host).ok()?;
    let port = digits.map_or(Some(None), |digits| port(digits).map(Some))?;
    match port.filter(|port| default_port(&scheme) != Some(*port)) {
        Some(port) => Some(format!("{scheme}://{host}:{port}")),
        None => Some(format!("{scheme}://{host}")),
    }
}

/// RFC 3986, section 3.1. Others than http and https are the pages of desktop apps and extensions.
fn is_scheme(scheme: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"+-.".contains(&b);
    scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.bytes().all(allowed)
}

/// The colons inside an IPv6 address's brackets belong to the host.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, digits)) if !digits.contains(']') => (host, Some(digits)),
        _ => (authority, None),
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_origin_has_one_spelling() {
        for (text, origin) in [
            ("HTTPS://Files.Example.ORG", "https://files.example.org"),
            ("https://a.example:443", "https://a.example"),
            ("http://a.example:80", "http://a.example"),
            ("http://a.example:443", "http://a.example:443"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://[::1]:8022", "http://[::1]:8022"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            ("tauri://localhost", "tauri://localhost"),
        ] {
            assert_eq!(text.parse::<Origin>().unwrap().as_str(), origin);
        }
    }

    #[test]
    fn what_is_no_exact_origin_is_refused_with_a_reason() {
        for (text, reason) in [
            ("null", "sandboxed"),
            ("*", "wildcard"),
            ("https://*.example.org", "wildcard"),
            ("https://a.example/", "slash at its end"),
            ("https://a.example/x", "without a path"),
            ("https://a.example?x", "without a path"),
            ("a.example", "scheme is part"),
            ("wss://a.example", "http or https"),
            ("WS://a.example", "http or https"),
            ("", "expected an origin"),
            ("https://", "expected an origin"),
            ("https://a b", "expected an origin"),
            ("https://a;script-src", "expected an origin"),
            ("https://a,b", "expected an origin"),
            ("https://'self'", "expected an origin"),
            ("https://a:0", "expected an origin"),
            ("https://a:+1", "expected an origin"),
            ("https://a:", "expected an origin"),
            ("1https://a", "expected an origin"),
        ] {
            let error = text.parse::<Origin>().unwrap_err().to_string();
            assert!(error.contains(reason), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_password_in_an_origin_is_not_repeated() {
        for text in ["https://me:canary@a.example", "https://me:canary@a.example/"] {
            let error = text.parse::<Origin>().unwrap_err().to_string();
            assert!(!error.contains("canary"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn an_accepted_origin_reads_back_as_itself(text in "[a-zA-Z]{1,5}://[a-zA-Z0-9.-]{1,12}(:[0-9]{1,5})?") {
            if let Ok(origin) = text.parse::<Origin>() {
                prop_assert_eq!(origin.as_str().parse::<Origin>(), Ok(origin));
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".*") {
            let _ = text.parse::<Origin>();
        }
    }
}
