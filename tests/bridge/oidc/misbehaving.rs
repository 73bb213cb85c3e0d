//! Providers that are down, hang, flood, lie or change their keys.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Front, REDIRECT, assert_no_secrets, assert_refused, parameter};
use crate::support::browser::Browser;
use crate::support::fake::closed_port;
use crate::support::provider::{Liar, Reply, SigningKey};

#[test]
fn a_new_key_of_the_provider_is_looked_for_but_not_all_the_time() {
    let liar = Liar::start();
    let front = Front::of(&liar.issuer());
    let new = SigningKey::new("two");
    let mut browser = Browser::default();
    let sign_in = |browser: &mut Browser| {
        front.sign_in_at(&liar, browser, |nonce| new.sign(&liar.claims(nonce))).status
    };
    for _ in 0..5 {
        assert_eq!(sign_in(&mut browser), 502);
    }
    assert!(liar.requests("/jwks") <= 2, "asked {} times for its keys", liar.requests("/jwks"));
    liar.say("/jwks", Reply::Json(json!({ "keys": [new.public()] })));
    crate::support::wait::wait_until("the new key", Duration::from_secs(20), || sign_in(&mut browser) == 303);
}

#[test]
fn a_provider_that_is_down_hangs_floods_or_lies_is_502_or_504_in_time() {
    let down = Front::of(&format!("http://127.0.0.1:{}", closed_port()));
    assert_refused(down.bridge.get("/auth/login").send(), 502, "cannot be used");
    assert_eq!(down.bridge.get("/healthz").send().status, 200);

    let document = "/.well-known/openid-configuration";
    for (reply, status) in [
        (Reply::Silence, 504),
        (Reply::Flood, 502),
        (
            Reply::Raw(
                "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n".to_owned(),
            ),
            502,
        ),
        (Reply::Raw("nonsense\r\n\r\n".to_owned()), 502),
        (Reply::Raw("HTTP/1.1 200 OK\r\nContent-Length: 9999999999999\r\n\r\n{".to_owned()), 502),
        (Reply::Json(json!({})), 502),
        (Reply::Json(json!([[]])), 502),
    ] {
        let liar = Liar::start();
        let front = Front::of(&liar.issuer());
        liar.say(document, reply);
        let start = Instant::now();
        assert_eq!(front.bridge.get("/auth/login").send().status, status);
        assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    }
    for (member, value) in [
        ("issuer", json!("https://evil.example")),
        ("authorization_endpoint", json!("javascript:alert(1)")),
        ("authorization_endpoint", json!("http://192.0.2.1/auth")),
        ("token_endpoint", json!("http://192.0.2.1/token")),
        ("token_endpoint", json!("http://user:secret@127.0.0.1/token")),
        ("jwks_uri", json!("file:///etc/passwd")),
        ("jwks_uri", json!("")),
        ("token_endpoint", Value::Null),
    ] {
        let liar = Liar::start();
        let front = Front::of(&liar.issuer());
        liar.document(member, value.clone());
        assert_eq!(front.bridge.get("/auth/login").send().status, 502, "{member}: {value}");
    }
}

#[test]
fn of_10_wrong_codes_from_one_address_3_reach_the_provider() {
    let liar = Liar::start();
    let front = Front::configured(&liar.issuer(), "bridge", "", REDIRECT, |config| {
        config.throttle("attempts_per_address = 3").throttle(r#"window = "60s""#)
    });
    let body = json!({ "error": "invalid_grant" }).to_string();
    liar.say(
        "/token",
        Reply::Raw(format!(
            "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )),
    );
    let guess = || {
        let mut browser = Browser::default();
        let url = front.begin(&mut browser);
        front.end(&mut browser, &format!("code=guess&state={}", parameter(&url, "state")))
    };
    for _ in 0..3 {
        assert_eq!(guess().status, 403);
    }
    for _ in 3..10 {
        let answer = guess();
        let wait: u64 = answer.header("Retry-After").expect("when to come back").parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
        assert_refused(answer, 429, "try again in");
    }
    assert_eq!(liar.requests("/token"), 3);
    assert!(front.bridge.log().contains("cause=\"throttle.attempts_per_address"), "{}", front.bridge.log());
}

#[test]
fn an_exchange_that_hangs_floods_or_fails_is_502_or_504_in_time() {
    let liar = Liar::start();
    let front = Front::of(&liar.issuer());
    let error = |code: &str| {
        let body = json!({ "error": code, "error_description": "secret-of-the-provider" }).to_string();
        Reply::Raw(format!(
            "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ))
    };
    for (reply, status) in [
        (Reply::Silence, 504),
        (Reply::Flood, 502),
        (error("invalid_grant"), 403),
        (error("invalid_client"), 502),
        (Reply::Json(json!({ "access_token": "access-canary", "token_type": "Bearer" })), 502),
        (Reply::Json(json!({ "id_token": "id-token-canary", "token_type": 7 })), 502),
        (Reply::Json(json!("id-token-canary")), 502),
    ] {
        let mut browser = Browser::default();
        let url = front.begin(&mut browser);
        liar.say("/token", reply);
        let start = Instant::now();
        let answer = front.end(&mut browser, &format!("code=code-canary&state={}", parameter(&url, "state")));
        assert_eq!(answer.status, status);
        assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
        assert!(front.session(&browser).is_none());
    }
    assert_no_secrets(&front.bridge);
}
