//! The opening handshake of RFC 6455, section 4.2.1, and where it comes from.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version, header};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::config::Origin;
use crate::login;
use crate::refusal::Refusal;

/// What is spoken after the 101.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subprotocol {
    /// One SFTP packet a binary message, and credentials in the handshake.
    Sftp,
    /// The same after a conversation about the login.
    Login,
}

impl Subprotocol {
    /// Every one that this bridge speaks.
    pub(super) const NAMES: &[&str] = &[Self::Sftp.name(), Self::Login.name()];

    const fn name(self) -> &'static str {
        match self {
            Self::Sftp => "sftp",
            Self::Login => login::SUBPROTOCOL,
        }
    }

    fn of_name(name: &str) -> Option<Self> {
        [Self::Sftp, Self::Login].into_iter().find(|subprotocol| subprotocol.name() == name)
    }
}

/// A handshake that may be answered with 101.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Handshake {
    accept: String,
    /// What the client wants; none is the same as `sftp`, without an echo.
    pub(super) subprotocol: Option<Subprotocol>,
}

impl Handshake {
    /// Checks the request.
    pub(super) fn check(request: &Parts, require_subprotocol: bool) -> Result<Self, Refusal> {
        let headers = &request.headers;
        let upgrades = request.method == Method::GET
            && request.version == Version::HTTP_11
            && has_token(headers, header::CONNECTION, "upgrade")
            && has_token(headers, header::UPGRADE, "websocket");
        if !upgrades {
            return Err(Refusal::NotWebSocket);
        }
        if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
            return Err(Refusal::NotWebSocket);
        }
        let length = headers.get(header::CONTENT_LENGTH);
        if headers.contains_key(header::TRANSFER_ENCODING) || length.is_some_and(|length| length != "0") {
            // A proxy and we could disagree where it ends and the frames begin.
            return Err(Refusal::BadHandshake("An opening handshake has no body."));
        }
        let key = headers.get(header::SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes).unwrap_or_default();
        if STANDARD.decode(key).map_or(0, |nonce| nonce.len()) != 16 {
            return Err(Refusal::BadHandshake("Sec-WebSocket-Key must be the base64 of 16 bytes."));
        }
        Ok(Self { accept: derive_accept_key(key), subprotocol: subprotocol(headers, require_subprotocol)? })
    }

    /// The headers of the 101.
    pub(super) fn headers(&self) -> HeaderMap {
        let mut headers = upgrade_headers();
        if let Ok(accept) = HeaderValue::from_str(&self.accept) {
            headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        }
        if let Some(subprotocol) = self.subprotocol {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(subprotocol.name()));
        }
        headers
    }
}

/// What a 101 and a 426 have in common.
pub(super) fn upgrade_headers() -> HeaderMap {
    HeaderMap::from_iter([
        (header::CONNECTION, HeaderValue::from_static("Upgrade")),
        (header::UPGRADE, HeaderValue::from_static("websocket")),
    ])
}

/// The first in the client's order that is spoken here. Only what was offered may be echoed. `websocket-sftp`
/// offers nothing and expects nothing back.
fn subprotocol(headers: &HeaderMap, required: bool) -> Result<Option<Subprotocol>, Refusal> {
    let mut offers = tokens(headers, header::SEC_WEBSOCKET_PROTOCOL).peekable();
    if offers.peek().is_none() && !required {
        return Ok(None);
    }
    offers.find_map(Subprotocol::of_name).map(Some).ok_or(Refusal::NoSubprotocol)
}

/// Whether a page of the request's Origin may connect: the bridge's own pages and those that are listed. A
/// request without an Origin is from no browser, and must bring its credentials along anyway. The bridge's own
/// pages have the origin that the person's browser sees: `https` says whether it came by https.
pub(super) fn origin_allowed(headers: &HeaderMap, https: bool, allowed: &[Origin]) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = origins.next() else {
        return true;
    };
    let Some(origin) = origin.to_str().ok().and_then(|origin| origin.parse::<Origin>().ok()) else {
        return false; // `null`, or not an origin at all
    };
    let own = || {
        let host = headers.get(header::HOST)?.to_str().ok()?;
        let scheme = if https { "https" } else { "http" };
        format!("{scheme}://{host}").parse::<Origin>().ok()
    };
    origins.next().is_none() && (allowed.contains(&origin) || own().is_some_and(|own| own == origin))
}

fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    tokens(headers, name).any(|found| found.eq_ignore_ascii_case(token))
}

fn tokens(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(changes: &[(&'static str, &'static str)]) -> Parts {
        let mut headers = vec![
            ("host", "files.example:8022"),
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "WebSocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-protocol", "sftp"),
        ];
        for change in changes {
            headers.retain(|(name, _)| name != &change.0);
            headers.push(*change);
        }
        let mut request = http::Request::get("/sftp");
        for (name, value) in headers.into_iter().filter(|(_, value)| !value.is_empty()) {
            request = request.header(name, value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn the_example_of_the_rfc_gets_its_accept_key() {
        let handshake = Handshake::check(&request(&[]), true).unwrap();
        let headers = handshake.headers();
        assert_eq!(headers["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(headers["sec-websocket-protocol"], "sftp");
        assert_eq!(headers["connection"], "Upgrade");
    }

    #[test]
    fn what_is_no_websocket_request_is_told_to_upgrade() {
        for change in [
            ("connection", "close"),
            ("upgrade", "h2c"),
            ("upgrade", ""),
            ("sec-websocket-version", "8"),
            ("sec-websocket-version", ""),
        ] {
            assert_eq!(
                Handshake::check(&request(&[change]), false),
                Err(Refusal::NotWebSocket),
                "{change:?}"
            );
        }
        let mut post = request(&[]);
        post.method = Method::POST;
        assert_eq!(Handshake::check(&post, false), Err(Refusal::NotWebSocket));
    }

    #[test]
    fn a_key_that_is_not_16_bytes_is_refused() {
        for key in ["", "short", "dGhlIHNhbXBsZSBub25jZQ"] {
            let refusal = Handshake::check(&request(&[("sec-websocket-key", key)]), false).unwrap_err();
            assert!(matches!(refusal, Refusal::BadHandshake(_)), "{key:?}");
        }
    }

    #[test]
    fn only_an_offered_subprotocol_is_echoed() {
        let offered = |offer, required| {
            let request = request(&[("sec-websocket-protocol", offer)]);
            Handshake::check(&request, required).map(|handshake| handshake.subprotocol)
        };
        let (sftp, login) = (Ok(Some(Subprotocol::Sftp)), Ok(Some(Subprotocol::Login)));
        assert_eq!(offered("sftp", true), sftp);
        assert_eq!(offered("chat, sftp", true), sftp);
        assert_eq!(offered("sftp-login.v1", true), login);
        assert_eq!(offered("sftp-login.v2, sftp-login.v1, sftp", true), login, "the client's order");
        assert_eq!(offered("sftp, sftp-login.v1", true), sftp, "the client's order");
        assert_eq!(offered("", false), Ok(None));
        assert_eq!(offered("", true), Err(Refusal::NoSubprotocol));
        assert_eq!(offered("SFTP", false), Err(Refusal::NoSubprotocol));
        assert_eq!(offered("chat", false), Err(Refusal::NoSubprotocol));
    }

    #[test]
    fn an_origin_must_match_to_the_port() {
        let allowed = ["https://files.example.org".parse().unwrap()];
        let check = |origin| origin_allowed(&request(&[("origin", origin)]).headers, false, &allowed);
        for good in
            ["", "http://files.example:8022", "https://files.example.org", "https://files.example.org:443"]
        {
            assert!(check(good), "{good:?}");
        }
        for bad in [
            "null",
            "https://files.example:8022",
            "http://files.example",
            "http://files.example:8023",
            "http://files.example.org",
            "https://files.example.org.evil.example",
            "https://files.example.org@evil.example",
            "file://",
            "x",
        ] {
            assert!(!check(bad), "{bad:?}");
        }
    }

    #[test]
    fn two_origins_are_no_origin() {
        let mut headers = request(&[("origin", "http://files.example:8022")]).headers;
        headers.append("origin", HeaderValue::from_static("http://files.example:8022"));
        assert!(!origin_allowed(&headers, false, &[]));
    }

    #[test]
    fn our_own_page_has_the_scheme_that_its_browser_sees() {
        let allowed = |origin, https| origin_allowed(&request(&[("origin", origin)]).headers, https, &[]);
        assert!(allowed("https://files.example:8022", true));
        assert!(!allowed("http://files.example:8022", true));
        assert!(!allowed("https://files.example:8022", false));
    }
}
