//! How the value of one key is read: from a string to a type, with bounds, and with a message that
//! says what was expected. Serde's own messages would name Rust types.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use bytesize::ByteSize;
use humantime_serde::re::humantime;
use serde::Deserializer;
use serde::de::{Error, SeqAccess, Unexpected, Visitor};
use tracing_subscriber::EnvFilter;

use super::{BasePath, Credentials, HostPort, LogFormat, Malformed, Origin};
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

pub(super) fn socket_address<'de, D: Deserializer<'de>>(d: D) -> Result<SocketAddr, D::Error> {
    const EXPECTED: &str = r#"an IP address and a port such as "127.0.0.1:8022" or "[::]:8022""#;
    text(d, |text| text.parse().map_err(|_| Malformed::new(EXPECTED, text)))
}

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
    const EXPECTED: &str = r#"a fingerprint "SHA256:..." as ssh-keygen -l prints it"#;
    texts(d, |text| {
        let parsed = text.parse::<Fingerprint>();
        parsed.map_err(|_| Malformed::new(EXPECTED, text))
    })
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

pub(super) fn credentials<'de, D: Deserializer<'de>>(d: D) -> Result<Credentials, D::Error> {
    const EXPECTED: &str =
        r#""user", the only kind that is supported (the person's own login is passed through)"#;
    text(d, |text| match text {
        "user" => Ok(Credentials::User),
        _ => Err(Malformed::new(EXPECTED, text)),
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
