//! A header in which a reverse proxy says whom it has let in. Only what comes from the proxy itself counts.

use std::net::IpAddr;

use http::HeaderMap;

use super::Denied;
use super::person::{Person, Proved, Reach};
use crate::config::TrustedHeader;

/// What is wrong with the header of a trusted proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Perhaps one of the visitor's own beside the proxy's: which is which cannot be told.
    #[error("several values")]
    Several,
    /// The proxy asked nobody.
    #[error("an empty value")]
    Empty,
    /// Bytes that are no text.
    #[error("not UTF-8")]
    NotText,
}

/// The person whom the header names, if the request comes from a listed peer. From everybody else the header is
/// taken away, so that nothing further in can believe it.
///
/// `peer` is the other end of the TCP connection and never an address out of a forwarding header: the header is
/// as true as the one who sent it.
pub(super) fn person(
    trusted: &TrustedHeader,
    headers: &mut HeaderMap,
    peer: Option<IpAddr>,
) -> Result<Option<Person>, Denied> {
    let peer = peer.map(|peer| peer.to_canonical());
    if !peer.is_some_and(|peer| trusted.from.iter().any(|network| network.contains(&peer))) {
        headers.remove(&trusted.name);
        return Ok(None);
    }
    let mut values = headers.get_all(&trusted.name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let name = std::str::from_utf8(value.as_bytes()).map_err(|_| HeaderError::NotText)?.trim();
    // RFC 9110, section 5.3: lines may be joined by commas on their way.
    if values.next().is_some() || name.contains(',') {
        return Err(HeaderError::Several.into());
    }
    if name.is_empty() {
        return Err(HeaderError::Empty.into());
    }
    Person::new(name, Proved::Header, Reach::All).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use proptest::prelude::*;

    const PROXY: &str = "10.1.2.3";

    fn trusted() -> TrustedHeader {
        TrustedHeader {
            name: "x-remote-user".parse().unwrap(),
            from: vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()],
        }
    }

    fn headers(values: &[&[u8]]) -> HeaderMap {
        let values = values.iter().map(|value| HeaderValue::from_bytes(value).unwrap());
        values.map(|value| ("X-Remote-User".parse().unwrap(), value)).collect()
    }

    fn read(values: &[&[u8]], peer: &str) -> Result<Option<String>, Denied> {
        let person = person(&trusted(), &mut headers(values), Some(peer.parse().unwrap()))?;
        Ok(person.map(|person| person.name().to_owned()))
    }

    #[test]
    fn a_listed_proxy_is_believed() {
        for peer in [PROXY, "::ffff:10.1.2.3", "fd00::1"] {
            assert_eq!(read(&[b"ann"], peer), Ok(Some("ann".to_owned())), "{peer}");
        }
        assert_eq!(read(&["jürgen".as_bytes()], PROXY), Ok(Some("jürgen".to_owned())));
        assert_eq!(read(&[], PROXY), Ok(None));
    }

    #[test]
    fn everybody_elses_header_is_taken_away_whatever_it_says() {
        for peer in [None, Some("11.0.0.1"), Some("127.0.0.1"), Some("::1"), Some("fe80::1")] {
            let peer = peer.map(|peer| peer.parse().unwrap());
            for values in [&[&b"ann"[..]][..], &[b""], &[b"ann", b"bob"], &[b"\xff"]] {
                let mut headers = headers(values);
                assert_eq!(person(&trusted(), &mut headers, peer), Ok(None), "{peer:?}");
                assert!(headers.is_empty(), "{peer:?}");
            }
        }
    }

    #[test]
    fn several_names_or_an_empty_one_are_denied() {
        for values in [&[&b"ann"[..], b"bob"][..], &[b"ann", b"ann"], &[b"bob, ann"], &[b"", b"ann"]] {
            assert_eq!(read(values, PROXY), Err(HeaderError::Several.into()), "{values:?}");
        }
        assert_eq!(read(&[b""], PROXY), Err(HeaderError::Empty.into()));
        assert_eq!(read(&[b"  "], PROXY), Err(HeaderError::Empty.into()));
        assert_eq!(read(&[b"\xff"], PROXY), Err(HeaderError::NotText.into()));
        assert_eq!(read(&[b"-oX"], PROXY), Err(Denied::Name));
    }

    proptest! {
        #[test]
        fn a_stranger_is_never_known(value in "[ -~]{0,40}", address in any::<[u8; 4]>()) {
            prop_assume!(address[0] != 10);
            let mut headers = headers(&[value.as_bytes()]);
            prop_assert_eq!(person(&trusted(), &mut headers, Some(address.into())), Ok(None));
            prop_assert!(headers.is_empty());
        }
    }
}
