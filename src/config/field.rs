//! How the value of one key is read: from a string to a type, with bounds, and with a message that
//! says what was expected. Serde's own messages would name Rust types.

use std::fmt;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use bytesize::ByteSize;
use http::HeaderName;
use humantime_serde::re::humantime;
use ipnet::IpNet;
use serde::Deserializer;
use serde::de::{Error, SeqAccess, Unexpected, Visitor};
use tracing_subscriber::EnvFilter;
use url::Url;

mod listener;
mod rules;

pub(super) use listener::{domains, listen_address, mode, peers, some_listen_address};
pub(super) use rules::{path_rules, requests, some_home, some_size};

use super::credentials::Kind;
use super::{BasePath, CertificateName, HostPort, LogFormat, Malformed, Origin, Template};
use crate::fingerprint::Fingerprint;

/// Enough for every deployment, and far below what a semaphore or a counter can hold.
const MOST: u64 = 1_000_000;

/// draft-ietf-secsh-filexfer-02, section 3: packets of at least 34000 bytes are to be supported.
const SMALLEST_PACKET: u64 = 34_000;

/// A packet is held in memory as a whole, for every session.
const LARGEST_PACKET: u64 = 16 * 1024 * 1024;

/// Also keeps the sum of a limit and the present time within what the clock can express.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

const SHORTEST: Duration = Duration::from_millis(1);

const VALIDITY: RangeInclusive<Duration> = Duration::from_secs(10)..=Duration::from_secs(24 * 60 * 60);

const MOST_LEEWAY: Duration = Duration::from_secs(10 * 60);

pub(super) fn base_path<'de, D: Deserializer<'de>>(d: D) -> Result<BasePath, D::Error> {
    text(d, str::parse)
}

pub(super) fn origins<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<Origin>, D::Error> {
    texts(d, str::parse)
}

pub(super) fn host_port<'de, D: Deserializer<'de>>(d: D) -> Result<HostPort, D::Error> {
    text(d, str::parse)
}

pub(super) fn fingerprints<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<Fingerprint>, D::Error> {
    texts(d, fingerprint)
}

pub(super) fn title<'de, D: Deserializer<'de>>(d: D) -> Result<String, D::Error> {
    const EXPECTED: &str = "1 to 200 characters on one line";
    text(d, |text| {
        let fits = (1..=200).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        fits.then(|| text.to_owned()).ok_or_else(|| Malformed::new(EXPECTED, text))
    })
}

pub(super) fn some_title<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    title(d).map(Some)
}

pub(super) fn credentials<'de, D: Deserializer<'de>>(d: D) -> Result<Kind, D::Error> {
    const EXPECTED: &str = r#""user", "key", "password", "agent" or "certificate""#;
    text(d, |text| match text {
        "user" => Ok(Kind::User),
        "key" => Ok(Kind::Key),
        "password" => Ok(Kind::Password),
        "agent" => Ok(Kind::Agent),
        "certificate" => Ok(Kind::Certificate),
        _ => Err(Malformed::new(EXPECTED, text)),
    })
}

pub(super) fn some_fingerprint<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Fingerprint>, D::Error> {
    text(d, fingerprint).map(Some)
}

fn fingerprint(text: &str) -> Result<Fingerprint, Malformed> {
    const EXPECTED: &str = r#"a fingerprint "SHA256:..." as ssh-keygen -l prints it"#;
    text.parse().map_err(|_| Malformed::new(EXPECTED, text))
}

pub(super) fn some_template<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Template>, D::Error> {
    text(d, template).map(Some)
}

pub(super) fn some_templates<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Vec<Template>>, D::Error> {
    let templates = texts(d, principal)?;
    match templates.is_empty() {
        true => Err(D::Error::custom("expected a list with at least one name, found an empty one")),
        false => Ok(Some(templates)),
    }
}

fn template(text: &str) -> Result<Template, Malformed> {
    const EXPECTED: &str = r#"a name, with {user} where the person's goes"#;
    Template::new(text).ok_or_else(|| Malformed::new(EXPECTED, text))
}

/// With a comma it would be two names to some servers, and none to the others.
fn principal(text: &str) -> Result<Template, Malformed> {
    const EXPECTED: &str = r#"a name without a comma, with {user} where the person's goes"#;
    let whole = Template::new(text).filter(|_| !text.contains(','));
    whole.ok_or_else(|| Malformed::new(EXPECTED, text))
}

pub(super) fn some_networks<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Vec<IpNet>>, D::Error> {
    texts(d, network).map(Some)
}

/// An address by itself is a network of one.
fn network(text: &str) -> Result<IpNet, Malformed> {
    const EXPECTED: &str = r#"a network such as "10.0.0.0/8" or "::1""#;
    let address = text.parse::<IpAddr>().map(IpNet::from);
    text.parse().or(address).map_err(|_| Malformed::new(EXPECTED, text))
}

pub(super) fn url<'de, D: Deserializer<'de>>(d: D) -> Result<Url, D::Error> {
    const EXPECTED: &str = "an https:// URL (http:// on loopback only)";
    text(d, |text| {
        let parsed = text.parse::<Url>().ok().filter(is_safe);
        parsed.ok_or_else(|| Malformed::new(EXPECTED, text))
    })
}

pub(super) fn some_url<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Url>, D::Error> {
    url(d).map(Some)
}

fn is_safe(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    bare && (url.scheme() == "https" || (url.scheme() == "http" && loopback))
}

/// A name that somebody else gave something, to be compared exactly.
pub(super) fn word<'de, D: Deserializer<'de>>(d: D) -> Result<String, D::Error> {
    text(d, a_word)
}

pub(super) fn some_word<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    text(d, a_word).map(Some)
}

pub(super) fn words<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<String>, D::Error> {
    texts(d, a_word)
}

fn a_word(text: &str) -> Result<String, Malformed> {
    const EXPECTED: &str = "1 to 1000 characters on one line without white space at the ends";
    let fits = (1..=1000).contains(&text.chars().count()) && text.trim() == text;
    let fits = fits && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned()).ok_or_else(|| Malformed::new(EXPECTED, text))
}

/// The header of a person's name. One that has another meaning would be taken away from everybody whom it is not
/// believed from: without `Authorization` nobody could log in.
pub(super) fn header_name<'de, D: Deserializer<'de>>(d: D) -> Result<HeaderName, D::Error> {
    const EXPECTED: &str = r#"the name of a header such as "X-Remote-User""#;
    const OWN_MEANING: &str = "a header without another meaning, such as \"X-Remote-User\"";
    text(d, |text| {
        let name: HeaderName = text.parse().map_err(|_| Malformed::new(EXPECTED, text))?;
        let taken = TAKEN.contains(&name.as_str()) || name.as_str().starts_with("sec-");
        if taken { Err(Malformed::new(OWN_MEANING, text)) } else { Ok(name) }
    })
}

pub(super) fn some_header_name<'de, D: Deserializer<'de>>(d: D) -> Result<Option<HeaderName>, D::Error> {
    header_name(d).map(Some)
}

/// Headers that the bridge itself reads.
const TAKEN: [&str; 9] = [
    "authorization",
    "connection",
    "cookie",
    "host",
    "origin",
    "transfer-encoding",
    "upgrade",
    "x-forwarded-for",
    "x-forwarded-proto",
];

pub(super) fn certificate_name<'de, D: Deserializer<'de>>(d: D) -> Result<CertificateName, D::Error> {
    text(d, |text| match text {
        "cn" => Ok(CertificateName::CommonName),
        "email" => Ok(CertificateName::Email),
        "uri" => Ok(CertificateName::Uri),
        _ => Err(Malformed::new(r#""cn", "email" or "uri""#, text)),
    })
}

pub(super) fn log_format<'de, D: Deserializer<'de>>(d: D) -> Result<LogFormat, D::Error> {
    text(d, |text| match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(Malformed::new(r#""text" or "json""#, text)),
    })
}

/// `EnvFilter` would take a misspelt level for the name of a module, and log nothing: a word by
/// itself must be a level.
pub(super) fn log_level<'de, D: Deserializer<'de>>(d: D) -> Result<String, D::Error> {
    const EXPECTED: &str = r#"error, warn, info, debug, trace, off or directives such as "info,russh=debug""#;
    const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];
    text(d, |text| {
        // A space after a comma would become part of the next module's name.
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        let known = |part: &str| {
            part.contains(['=', '[', '{', '}', ']']) || LEVELS.iter().any(|l| l.eq_ignore_ascii_case(part))
        };
        let level = parts.join(",");
        let valid = parts.iter().all(|part| known(part)) && EnvFilter::builder().parse(&level).is_ok();
        valid.then_some(level).ok_or_else(|| Malformed::new(EXPECTED, text))
    })
}

pub(super) fn duration<'de, D: Deserializer<'de>>(d: D) -> Result<Duration, D::Error> {
    d.deserialize_any(Parsed {
        expected: r#"a duration from 1ms to 365days such as "90s", "15m" or "24h""#,
        from_text: |text| {
            humantime::parse_duration(text).ok().filter(|parsed| (SHORTEST..=LONGEST).contains(parsed))
        },
        from_number: |_| None,
    })
}

/// Shorter than a login, a certificate is of no use; longer than a day, it is a key that somebody keeps.
pub(super) fn some_validity<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Duration>, D::Error> {
    d.deserialize_any(Parsed {
        expected: r#"a duration from 10s to 24h such as "5m""#,
        from_text: |text| humantime::parse_duration(text).ok().filter(|parsed| VALIDITY.contains(parsed)),
        from_number: |_| None,
    })
    .map(Some)
}

/// More than the clocks of computers differ by would make an expiry mean little.
pub(super) fn leeway<'de, D: Deserializer<'de>>(d: D) -> Result<Duration, D::Error> {
    d.deserialize_any(Parsed {
        expected: r#"a duration from 0s to 10m such as "60s""#,
        from_text: |text| humantime::parse_duration(text).ok().filter(|parsed| *parsed <= MOST_LEEWAY),
        from_number: |_| None,
    })
}

/// As [`duration`], and `"0s"`.
pub(super) fn duration_or_zero<'de, D: Deserializer<'de>>(d: D) -> Result<Duration, D::Error> {
    d.deserialize_any(Parsed {
        expected: r#"a duration up to 365days such as "90s", or "0s" for none"#,
        from_text: |text| humantime::parse_duration(text).ok().filter(|parsed| *parsed <= LONGEST),
        from_number: |_| None,
    })
}

pub(super) fn count<'de, D: Deserializer<'de>>(d: D) -> Result<usize, D::Error> {
    d.deserialize_any(Parsed {
        expected: "a whole number from 1 to 1000000",
        from_text: |_| None,
        from_number: |number| within(number, 1, MOST),
    })
}

pub(super) fn packet<'de, D: Deserializer<'de>>(d: D) -> Result<usize, D::Error> {
    d.deserialize_any(Parsed {
        expected: r#"a size from 34000 bytes to 16 MiB such as 262148 or "1 MiB""#,
        from_text: |text| {
            text.parse()
                .ok()
                .and_then(|size: ByteSize| within(size.as_u64(), SMALLEST_PACKET, LARGEST_PACKET))
        },
        from_number: |number| within(number, SMALLEST_PACKET, LARGEST_PACKET),
    })
}

fn within(number: u64, least: u64, most: u64) -> Option<usize> {
    (least..=most).contains(&number).then(|| usize::try_from(number).ok())?
}

fn text<'de, D, T>(d: D, parse: fn(&str) -> Result<T, Malformed>) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
{
    d.deserialize_str(Text(parse))
}

fn texts<'de, D, T>(d: D, parse: fn(&str) -> Result<T, Malformed>) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
{
    d.deserialize_seq(Texts(parse))
}

struct Text<T>(fn(&str) -> Result<T, Malformed>);

impl<T> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string in quotes")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).map_err(E::custom)
    }
}

struct Texts<T>(fn(&str) -> Result<T, Malformed>);

impl<'de, T> Visitor<'de> for Texts<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of strings in brackets")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
        let mut values = Vec::new();
        while let Some(text) = seq.next_element::<String>()? {
            values.push((self.0)(&text).map_err(A::Error::custom)?);
        }
        Ok(values)
    }
}

/// A value that may be written as a number, as a string, or as both.
struct Parsed<T> {
    expected: &'static str,
    from_text: fn(&str) -> Option<T>,
    from_number: fn(u64) -> Option<T>,
}

impl<T> Visitor<'_> for Parsed<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.from_text)(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        (self.from_number)(number).ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        let value = u64::try_from(number).ok().and_then(self.from_number);
        value.ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
    }
}
