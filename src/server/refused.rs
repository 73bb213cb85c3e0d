//! The HTTP answer for a refusal: status, sentence, and what a client may do about it.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::counted;
use super::handshake::upgrade_headers;
use crate::refusal::{Refusal, with_reference};

/// Where sftp-ws looks for a sentence to show its user.
const REASON: HeaderName = HeaderName::from_static("sftp-authenticate-info");

/// RFC 6750, section 3.1. It comes after Basic, which sftp-ws needs at the start of the first challenge; Node joins
/// several by commas.
const BAD_TOKEN: HeaderValue = HeaderValue::from_static("Bearer error=\"invalid_token\"");

/// The answer for a refusal. `session` is what its line in the log is found by, where it has one.
pub(super) fn refused(refusal: Refusal, realm: &str, session: Option<&str>) -> Response {
    counted::refused(refusal);
    let reason = refusal.reason();
    let reason = session.map(|session| with_reference(&reason, session)).unwrap_or(reason);
    let mut response = Response::new(Body::from(format!("{reason}\n")));
    *response.status_mut() = refusal.status();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(reason) = HeaderValue::try_from(reason) {
        headers.insert(REASON, reason);
    }
    if let Some(after) = refusal.retry_after() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs()));
    }
    if refusal.status() == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, challenge(realm));
    }
    if refusal == Refusal::BadToken {
        headers.append(header::WWW_AUTHENTICATE, BAD_TOKEN);
    }
    if refusal == Refusal::NotWebSocket {
        headers.extend(only_websocket());
    }
    response
}

fn only_websocket() -> HeaderMap {
    let mut headers = upgrade_headers();
    headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    headers
}

/// sftp-ws looks for `Basic realm` at the very start, in exactly this case.
fn challenge(realm: &str) -> HeaderValue {
    let realm: String =
        realm.chars().filter(|c| matches!(c, ' '..='~') && !matches!(c, '"' | '\\')).collect();
    HeaderValue::try_from(format!("Basic realm=\"{realm}\", charset=\"UTF-8\""))
        .unwrap_or_else(|_| HeaderValue::from_static("Basic realm=\"Files\", charset=\"UTF-8\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_what_sftp_ws_looks_for_whatever_the_title() {
        assert_eq!(challenge("Files"), "Basic realm=\"Files\", charset=\"UTF-8\"");
        assert_eq!(challenge("Dä\"tei\\en\n"), "Basic realm=\"Dteien\", charset=\"UTF-8\"");
    }

    #[test]
    fn a_refusal_carries_its_reason_in_the_header_and_the_body() {
        let response = refused(Refusal::Full, "x", None);
        assert_eq!(response.headers()["sftp-authenticate-info"], Refusal::Full.reason());
        assert_eq!(response.headers()["retry-after"], "5");
        assert!(!response.headers().contains_key("www-authenticate"));
        assert_eq!(refused(Refusal::NotWebSocket, "x", None).headers()["upgrade"], "websocket");
        let response = refused(Refusal::HostKey, "x", Some("0123456789abcdef"));
        let said = "The SFTP server could not prove its identity. (ref 0123456789abcdef)";
        assert_eq!(response.headers()["sftp-authenticate-info"], said);
    }

    #[test]
    fn a_bad_token_has_a_challenge_of_its_own_behind_that_of_basic() {
        let challenges = |refusal| {
            let response = refused(refusal, "x", None);
            let values = response.headers().get_all("www-authenticate").into_iter();
            values.map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let basic = "Basic realm=\"x\", charset=\"UTF-8\"";
        assert_eq!(challenges(Refusal::NotIdentified), [basic]);
        assert_eq!(challenges(Refusal::BadToken), [basic, "Bearer error=\"invalid_token\""]);
    }
}
