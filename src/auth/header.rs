//! A header in which a reverse proxy says whom it has let in. Only what comes from the proxy itself counts.

use http::{HeaderMap, HeaderName};

use super::Denied;
use super::person::{Person, Proved, Reach};
use crate::config::{Direct, TrustedHeader};

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

/// The person whom the header names, with the groups in the other one, if the request comes from a listed peer. From
/// everybody else both are taken away, so that nothing further in can believe them.
///
/// `peer` is the other end of the connection and never an address out of a forwarding header: the header is as true
/// as the one who sent it. Where the PROXY protocol names the client, that client has sent it: a balancer that
/// speaks this protocol looks into no request, and takes no header away.
pub(super) fn person(
    trusted: &TrustedHeader,
    headers: &mut HeaderMap,
    peer: Option<Direct>,
) -> Result<Option<Person>, Denied> {
    if !peer.is_some_and(|peer| trusted.from.contains(peer)) {
        headers.remove(&trusted.name);
        if let Some(groups) = &trusted.groups {
            headers.remove(groups);
        }
        return Ok(None);
    }
    let Some(name) = only(headers, &trusted.name)? else {
        return Ok(None);
    };
    // RFC 9110, section 5.3: lines may be joined by commas on their way.
    if name.contains(',') {
        return Err(HeaderError::Several.into());
    }
    if name.is_empty() {
        return Err(HeaderError::Empty.into());
    }
    let groups = trusted.groups.as_ref().map(|header| groups(headers, header)).transpose()?;
    Ok(Some(Person::new(name, Proved::Header, Reach::All)?.in_groups(groups.unwrap_or_default())))
}

/// The names in a header with commas between; none without it, or if it is empty.
fn groups(headers: &HeaderMap, header: &HeaderName) -> Result<Vec<String>, HeaderError> {
    let names = only(headers, header)?.unwrap_or_default().split(',').map(str::trim);
    Ok(names.filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

/// The value of a header that may be there once.
fn only<'a>(headers: &'a HeaderMap, header: &HeaderName) -> Result<Option<&'a str>, HeaderError> {
    let mut values = headers.get_all(header).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            let text = std::str::from_utf8(value.as_bytes()).map_err(|_| HeaderError::NotText)?;
            Ok(Some(text.trim()))
        }
        (Some(_), Some(_)) => Err(HeaderError::Several),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Peers;
    use http::HeaderValue;
    use proptest::prelude::*;
    use std::net::{IpAddr, SocketAddr};

    const PROXY: &str = "10.1.2.3";

    fn trusted() -> TrustedHeader {
        TrustedHeader {
            name: "x-remote-user".parse().unwrap(),
            from: Peers {
                networks: vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()],
                unix: false,
            },
            groups: None,
        }
    }

    fn headers(values: &[&[u8]]) -> HeaderMap {
        let values = values.iter().map(|value| HeaderValue::from_bytes(value).unwrap());
        values.map(|value| ("X-Remote-User".parse().unwrap(), value)).collect()
    }

    fn tcp(address: impl Into<IpAddr>) -> Direct {
        Direct::Tcp(SocketAddr::new(address.into(), 4000))
    }

    fn read(values: &[&[u8]], peer: &str) -> Result<Option<String>, Denied> {
        let person = person(&trusted(), &mut headers(values), Some(tcp(peer.parse::<IpAddr>().unwrap())))?;
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
            let peer = peer.map(|peer| tcp(peer.parse::<IpAddr>().unwrap()));
            for values in [&[&b"ann"[..]][..], &[b""], &[b"ann", b"bob"], &[b"\xff"]] {
                let mut headers = headers(values);
                assert_eq!(person(&trusted(), &mut headers, peer), Ok(None), "{peer:?}");
                assert!(headers.is_empty(), "{peer:?}");
            }
        }
    }

    #[test]
    fn the_unix_socket_is_believed_where_it_is_listed() {
        let by_unix = |unix| {
            let trusted = TrustedHeader { from: Peers { unix, ..trusted().from }, ..trusted() };
            let person = person(&trusted, &mut headers(&[b"ann"]), Some(Direct::Unix)).unwrap();
            person.is_some()
        };
        assert!(by_unix(true) && !by_unix(false));
    }

    #[test]
    fn whoever_a_listed_balancer_does_not_name_is_a_stranger() {
        let balancer = SocketAddr::new(PROXY.parse().unwrap(), 4000);
        let mut headers = headers(&[b"ann"]);
        assert_eq!(person(&trusted(), &mut headers, Some(Direct::Unnamed(Some(balancer)))), Ok(None));
        assert!(headers.is_empty());
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

    fn with_groups(values: &[&[u8]], peer: &str) -> (Result<Option<Vec<String>>, Denied>, HeaderMap) {
        let trusted = TrustedHeader { groups: Some("x-remote-groups".parse().unwrap()), ..trusted() };
        let mut headers = headers(&[b"ann"]);
        for value in values {
            headers.append("X-Remote-Groups", HeaderValue::from_bytes(value).unwrap());
        }
        let person = person(&trusted, &mut headers, Some(tcp(peer.parse::<IpAddr>().unwrap())));
        (person.map(|person| person.map(|person| person.groups().to_vec())), headers)
    }

    #[test]
    fn a_listed_proxy_names_the_groups_too() {
        let groups = |values: &[&[u8]]| with_groups(values, PROXY).0;
        assert_eq!(groups(&[b" staff , a b,,staff"]), Ok(Some(vec!["a b".to_owned(), "staff".to_owned()])));
        assert_eq!(groups(&[]), Ok(Some(vec![])));
        assert_eq!(groups(&[b""]), Ok(Some(vec![])));
        assert_eq!(groups(&[b"a", b"b"]), Err(HeaderError::Several.into()));
        assert_eq!(groups(&[b"\xff"]), Err(HeaderError::NotText.into()));
    }

    #[test]
    fn everybody_elses_groups_are_taken_away() {
        let (person, headers) = with_groups(&[b"staff", b"admin"], "11.0.0.1");
        assert_eq!(person, Ok(None));
        assert!(headers.is_empty(), "{headers:?}");
    }

    proptest! {
        #[test]
        fn a_stranger_is_never_known(value in "[ -~]{0,40}", address in any::<[u8; 4]>()) {
            prop_assume!(address[0] != 10);
            let mut headers = headers(&[value.as_bytes()]);
            prop_assert_eq!(person(&trusted(), &mut headers, Some(tcp(address))), Ok(None));
            prop_assert!(headers.is_empty());
        }
    }
}
