//! Who is at the other end of a request, beyond the reverse proxies that we were told to trust.
//!
//! `X-Forwarded-For` and `Forwarded` (RFC 7239) are read from right to left, because each proxy appends the
//! address that it saw: the entries of trusted proxies are true, the first one beyond them is the client, and
//! whatever stands further left is what that client claims.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::ConnectInfo;
use http::{Extensions, HeaderMap, HeaderName, header};

use crate::config::{Direct, Peers};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// A client as the limits and the log know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Peer {
    /// Never an IPv4 address in IPv6 clothes. Whoever comes by a unix socket has none.
    pub(super) address: Option<IpAddr>,
    /// Its port, where it is known.
    pub(super) port: Option<u16>,
    /// It reached a trusted proxy by https.
    pub(super) https: bool,
}

impl Peer {
    /// The client behind `direct`, who sent `headers`. They count only if `direct` is one of the `trusted`. A proxy that appends to only one of the two headers passes the other on as the client wrote it:
    /// where the two contradict each other, neither is believed.
    pub(super) fn of(direct: Direct, headers: &HeaderMap, trusted: &Peers) -> Self {
        let believed = trusted.contains(direct);
        let direct = Self::from(direct);
        if !believed {
            return direct;
        }
        let x_forwarded = walk(direct, trusted, x_forwarded_for(headers));
        let forwarded = walk(direct, trusted, forwarded(headers));
        let has = |name| headers.contains_key(name);
        let believed = match (has(FORWARDED_FOR), has(header::FORWARDED)) {
            (true, true) if x_forwarded.address != forwarded.address => direct,
            (true, _) => x_forwarded,
            (false, _) => forwarded,
        };
        Self { https: forwarded_proto(headers).unwrap_or(believed.https), ..believed }
    }
}

impl From<Direct> for Peer {
    fn from(direct: Direct) -> Self {
        match direct {
            Direct::Tcp(address) | Direct::Unnamed(Some(address)) => Self::from(address),
            Direct::Unix | Direct::Unnamed(None) => Self { address: None, port: None, https: false },
        }
    }
}

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Self {
        Self { address: Some(address.ip().to_canonical()), port: Some(address.port()), https: false }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.address, self.port) {
            (Some(address), Some(port)) => SocketAddr::new(address, port).fmt(f),
            (Some(address), None) => address.fmt(f),
            (None, _) => f.write_str("unix"),
        }
    }
}

/// Who is at the other end of the connection of a request: by our own listener, or by the server around us.
pub(super) fn direct(extensions: &Extensions) -> Option<Direct> {
    let around_us =
        || extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| Direct::Tcp(*peer));
    extensions.get::<Direct>().copied().or_else(around_us)
}

/// Follows the hops, the nearest first, to the first that is no trusted proxy. At one that is hidden or makes no
/// sense, whoever reported it is the last that is known.
fn walk(direct: Peer, trusted: &Peers, hops: impl Iterator<Item = Option<Peer>>) -> Peer {
    let mut known = direct;
    for hop in hops {
        let Some(hop) = hop else { return known };
        known = hop;
        if !hop.address.is_some_and(|address| trusted.contains_address(address)) {
            return known;
        }
    }
    known
}

/// The values of a header, the last first. One that is not even ASCII is `None`.
fn lines(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = Option<&str>> {
    let lines: Vec<_> = headers.get_all(name).iter().map(|line| line.to_str().ok()).collect();
    lines.into_iter().rev()
}

fn x_forwarded_for(headers: &HeaderMap) -> impl Iterator<Item = Option<Peer>> {
    lines(headers, FORWARDED_FOR).flat_map(|line| {
        let entries = line.unwrap_or_default().rsplit(',');
        entries.map(|entry| address(entry.trim_matches([' ', '\t'])))
    })
}

/// Only one value can be meant: whether the person's browser speaks https to the outermost proxy.
fn forwarded_proto(headers: &HeaderMap) -> Option<bool> {
    let mut values = headers.get_all(FORWARDED_PROTO).iter();
    let value = values.next()?;
    Some(values.next().is_none() && value.as_bytes().eq_ignore_ascii_case(b"https"))
}

fn forwarded(headers: &HeaderMap) -> impl Iterator<Item = Option<Peer>> {
    lines(headers, header::FORWARDED).flat_map(|line| match line.and_then(elements) {
        Some(mut elements) => {
            elements.reverse();
            elements
        }
        None => vec![None],
    })
}

/// The elements of one `Forwarded` header, from left to right: quoted strings cannot be found from the right.
/// `None` if any part of it breaks the grammar, so that an open quote hides nothing.
fn elements(line: &str) -> Option<Vec<Option<Peer>>> {
    let mut elements = Vec::new();
    let mut rest = line;
    loop {
        let (element, after) = element(rest)?;
        elements.push(element);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None => return after.is_empty().then_some(elements),
        }
    }
}

/// `forwarded-element = [ forwarded-pair ] *( ";" [ forwarded-pair ] )`, and what follows it.
fn element(text: &str) -> Option<(Option<Peer>, &str)> {
    let (mut node, mut https) = (None, false);
    let mut rest = text.trim_start_matches([' ', '\t']);
    loop {
        if !rest.starts_with([';', ',']) && !rest.is_empty() {
            let (name, after) = rest.split_once('=')?;
            let (value, after) = value(after)?;
            match name.to_ascii_lowercase().as_str() {
                // No name may come twice: two readers could take different ones.
                "for" if node.is_some() => return None,
                "for" => node = Some(address(&value)),
                "proto" => https = value.eq_ignore_ascii_case("https"),
                name if name.is_empty() || !name.bytes().all(is_token) => return None,
                _ => {}
            }
            rest = after;
        }
        rest = rest.trim_start_matches([' ', '\t']);
        match rest.strip_prefix(';') {
            Some(next) => rest = next.trim_start_matches([' ', '\t']),
            None => return Some((node.flatten().map(|node| Peer { https, ..node }), rest)),
        }
    }
}

/// A token or a quoted-string (RFC 9110, section 5.6), and what follows it.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.bytes().position(|byte| !is_token(byte)).unwrap_or(text.len());
        let (token, rest) = text.split_at_checked(end)?;
        return (!token.is_empty()).then(|| (token.to_owned(), rest));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, quoted.get(at + 1..)?)),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

/// RFC 9110's tchar. Colons and brackets are none: an IPv6 address, or one with a port, must be quoted. Proxies
/// that forget it are common, and nothing can be confused by it.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:[]".contains(&byte)
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`. What hides an address
/// (`unknown`, `_name`) is none.
fn address(text: &str) -> Option<Peer> {
    let bracketed = || {
        let inner = text.strip_prefix('[')?.strip_suffix(']')?;
        inner.parse::<Ipv6Addr>().ok().map(IpAddr::from)
    };
    let bare = text.parse::<IpAddr>().ok().or_else(bracketed);
    let bare = bare.map(|address| Peer { address: Some(address.to_canonical()), port: None, https: false });
    bare.or_else(|| text.parse::<SocketAddr>().ok().map(Peer::from))
}

#[cfg(test)]
mod tests;
