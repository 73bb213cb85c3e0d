//! Values of `[listen]`.

use std::path::Path;

use serde::Deserializer;
use serde::de::Error;

use super::{network, text, texts};
use crate::config::{ListenAddress, Malformed, Peers};

pub(in crate::config) fn listen_address<'de, D: Deserializer<'de>>(d: D) -> Result<ListenAddress, D::Error> {
    text(d, a_listen_address)
}

/// An empty text switches the listener off.
pub(in crate::config) fn some_listen_address<'de, D: Deserializer<'de>>(
    d: D,
) -> Result<Option<ListenAddress>, D::Error> {
    text(d, |text| if text.is_empty() { Ok(None) } else { a_listen_address(text).map(Some) })
}

/// Longest path of a unix socket in bytes: `sun_path` of Linux, and its zero.
const LONGEST_SOCKET: usize = 107;

pub(super) fn a_listen_address(text: &str) -> Result<ListenAddress, Malformed> {
    const EXPECTED: &str =
        r#"an IP address and a port such as "127.0.0.1:8022" or "[::]:8022", or "unix:/path/of/a/socket""#;
    let malformed = || Malformed::new(EXPECTED, text);
    let path = text.strip_prefix(ListenAddress::UNIX);
    match path {
        Some(path) if (1..=LONGEST_SOCKET).contains(&path.len()) && !path.contains('\0') => {
            Ok(ListenAddress::Unix(Path::new(path).to_owned()))
        }
        Some(_) => Err(malformed()),
        None => text.parse().map(ListenAddress::Tcp).map_err(|_| malformed()),
    }
}

/// Permissions, as chmod(1) takes them.
pub(in crate::config) fn mode<'de, D: Deserializer<'de>>(d: D) -> Result<u32, D::Error> {
    const EXPECTED: &str = r#"permissions in octal digits such as "0660""#;
    text(d, |text| {
        let digits = (3..=4).contains(&text.len()) && text.bytes().all(|b| (b'0'..=b'7').contains(&b));
        let mode = u32::from_str_radix(text, 8).ok().filter(|mode| digits && *mode <= 0o777);
        mode.ok_or_else(|| Malformed::new(EXPECTED, text))
    })
}

pub(in crate::config) fn peers<'de, D: Deserializer<'de>>(d: D) -> Result<Peers, D::Error> {
    let entries = texts(d, |text| match text {
        "unix" => Ok(None),
        text => network(text).map(Some),
    })?;
    let unix = entries.contains(&None);
    Ok(Peers { networks: entries.into_iter().flatten().collect(), unix })
}

pub(in crate::config) fn domains<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<String>, D::Error> {
    const EXPECTED: &str = r#"the name of a host such as "files.example.org", without wildcards"#;
    let domains = texts(d, |text| {
        let label = |label: &str| {
            let bytes = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            (1..=63).contains(&label.len()) && label.bytes().all(bytes) && !label.starts_with('-')
        };
        let sound = text.len() <= 253 && text.split('.').all(label);
        sound.then(|| text.to_owned()).ok_or_else(|| Malformed::new(EXPECTED, text))
    })?;
    match domains.is_empty() {
        true => Err(D::Error::custom("expected a list with at least one name, found an empty one")),
        false => Ok(domains),
    }
}
