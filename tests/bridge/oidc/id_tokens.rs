//! ID tokens (OpenID Connect Core 1.0, section 3.1.3.7) that prove nothing.

use serde_json::{Value, json};

use super::{Front, assert_no_secrets, assert_refused};
use crate::support::browser::Browser;
use crate::support::provider::{Liar, SigningKey};

/// A lying provider is believed, and then, with a token that differs from the good one as `change` makes it, no more:
/// for the reason that the log tells.
#[track_caller]
fn assert_not_believed(reason: &str, change: impl FnOnce(&Liar, Value) -> String) {
    let liar = Liar::start();
    let front = Front::of(&liar.issuer());
    let mut browser = Browser::default();
    let good = front.sign_in_at(&liar, &mut browser, |nonce| liar.signed(&liar.claims(nonce)));
    assert_eq!(good.status, 303, "{}", front.bridge.log());
    assert!(front.session(&browser).is_some());

    let mut browser = Browser::default();
    let answer = front.sign_in_at(&liar, &mut browser, |nonce| change(&liar, liar.claims(nonce)));
    assert_refused(answer, 502, "can be believed");
    assert!(front.session(&browser).is_none());
    let log = front.bridge.log();
    assert!(log.lines().last().unwrap().contains(reason), "{log}");
    assert_no_secrets(&front.bridge);
}

/// The same claims but for one, signed by the provider's own key.
#[track_caller]
fn assert_claim_not_believed(reason: &str, member: &str, value: Value) {
    assert_not_believed(reason, |liar, mut claims| {
        claims[member] = value;
        liar.signed(&claims)
    });
}

#[test]
fn a_forged_id_token_is_refused() {
    let stranger = SigningKey::new("one");
    assert_not_believed("Signature was wrong", |_, claims| stranger.sign(&claims));
}

#[test]
fn an_id_token_that_was_changed_is_refused() {
    assert_not_believed("Signature was wrong", |liar, mut claims| {
        let token = liar.signed(&claims);
        claims["sub"] = json!("root");
        let [head, _, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("{token}") };
        format!("{head}.{}.{signature}", part(&claims))
    });
}

#[test]
fn an_expired_id_token_is_refused() {
    assert_claim_not_believed("Expired", "exp", json!(jsonwebtoken::get_current_timestamp() - 1));
}

#[test]
fn an_id_token_for_another_audience_is_refused() {
    assert_claim_not_believed("must contain `bridge`", "aud", json!("other"));
}

#[test]
fn an_id_token_of_another_issuer_is_refused() {
    assert_claim_not_believed("Invalid issuer", "iss", json!("https://evil.example"));
}

#[test]
fn an_id_token_of_another_sign_in_is_refused() {
    assert_claim_not_believed("nonce mismatch", "nonce", json!("another"));
}

#[test]
fn an_id_token_by_the_algorithm_none_is_refused() {
    assert_not_believed("No signature found", |_, claims| {
        format!("{}.{}.", part(&json!({ "alg": "none" })), part(&claims))
    });
}

/// An ID token for a nonce.
type Token<'a> = Box<dyn Fn(&str) -> String + 'a>;

#[test]
fn an_id_token_that_is_none_or_not_for_us_alone_is_refused() {
    let liar = Liar::start();
    let front = Front::of(&liar.issuer());
    let with = |nonce: &str, member: &str, value: Value| {
        let mut claims = liar.claims(nonce);
        claims[member] = value;
        liar.signed(&claims)
    };
    let unsigned =
        |alg: &str, nonce: &str| format!("{}.{}.", part(&json!({ "alg": alg })), part(&liar.claims(nonce)));
    let mut browser = Browser::default();
    // First that the liar can be believed, or the rest would show nothing.
    let good = front.sign_in_at(&liar, &mut browser, |nonce| liar.signed(&liar.claims(nonce)));
    assert_eq!(good.status, 303, "{}", front.bridge.log());

    // What the log says shows that each is refused for its own fault.
    let tokens: [(&str, Token<'_>); 14] = [
        ("not a trusted audience", Box::new(|nonce| with(nonce, "aud", json!(["bridge", "other"])))),
        ("Expired", Box::new(|nonce| with(nonce, "exp", json!(-1)))),
        ("missing nonce", Box::new(|nonce| with(nonce, "nonce", Value::Null))),
        ("No matching key", Box::new(|nonce| SigningKey::new("two").sign(&liar.claims(nonce)))),
        ("Invalid signature", Box::new(|nonce| cut(&liar.signed(&liar.claims(nonce))))),
        ("no token response", Box::new(|nonce| unsigned("None", nonce))),
        ("no token response", Box::new(|nonce| unsigned("NONE", nonce))),
        ("no token response", Box::new(|_| String::new())),
        ("no token response", Box::new(|_| "....".to_owned())),
        ("no token response", Box::new(|nonce| with(nonce, "exp", json!(1e300)))),
        ("no token response", Box::new(|nonce| with(nonce, "exp", json!(u64::MAX)))),
        ("no token response", Box::new(|nonce| with(nonce, "exp", json!("tomorrow")))),
        ("no token response", Box::new(|nonce| with(nonce, "iat", json!(f64::MIN)))),
        ("no token response", Box::new(|nonce| with(nonce, "aud", json!([[]])))),
    ];
    for (reason, token) in tokens {
        let mut browser = Browser::default();
        let answer = front.sign_in_at(&liar, &mut browser, |nonce| token(nonce));
        assert_eq!(answer.status, 502, "{reason}");
        assert!(front.session(&browser).is_none(), "{reason}");
        let log = front.bridge.log();
        assert!(log.lines().last().unwrap().contains(reason), "{reason}: {log}");
    }
    let mut browser = Browser::default();
    let answer = front.sign_in_at(&liar, &mut browser, |nonce| with(nonce, "azp", json!("other")));
    assert_refused(answer, 403, "cannot be used");
    for name in ["", "-oProxyCommand=x", "a\nb"] {
        let answer = front.sign_in_at(&liar, &mut browser, |nonce| with(nonce, "sub", json!(name)));
        assert_refused(answer, 403, "cannot be used");
    }
    assert_no_secrets(&front.bridge);
}

/// Without its signature.
fn cut(token: &str) -> String {
    token.trim_end_matches(|c| c != '.').to_owned()
}

/// A part of a token.
fn part(value: &Value) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string())
}
