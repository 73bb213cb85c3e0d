//! Each way to forge a token is a test of its own. Claims have theirs beside them.

use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;
use crate::auth::bearer::Tokens;
use crate::auth::issuer::{SigningKey, base64, hs256, rsa_public_forms, set, unsigned};
use crate::auth::key_source::KeySource;
use crate::auth::{Denied, Person};
use crate::config::{Jwt, Secret};

const NOW: u64 = 1_800_000_000;

fn claims() -> Value {
    json!({"iss": "https://id.example", "aud": "files", "sub": "ann", "exp": NOW + 300})
}

/// What a token with these keys at the issuer is.
fn read(keys: &[Value], token: &str) -> Result<Person, TokenError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), set(keys)).unwrap();
    let rules = Jwt {
        issuer: "https://id.example".to_owned(),
        audience: "files".to_owned(),
        jwks_file: None,
        jwks_url: None,
        ca_file: None,
        user_claim: "sub".to_owned(),
        upstreams_claim: None,
        groups_claim: None,
        leeway: Duration::from_secs(60),
    };
    let tokens = Tokens::new(&rules, KeySource::file(file.path()).unwrap());
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(tokens.person(&Secret::new(token.to_owned()), now)).map_err(|denied| match denied {
        Denied::Token(error) => error,
        other => panic!("{other}"),
    })
}

#[track_caller]
fn assert_ann(keys: &[Value], token: &str) {
    assert_eq!(read(keys, token).unwrap().name(), "ann");
}

#[track_caller]
fn assert_refused(keys: &[Value], token: &str, error: TokenError) {
    assert_eq!(read(keys, token).unwrap_err(), error);
}

#[test]
fn a_token_of_each_algorithm_is_read() {
    let rsa = SigningKey::rsa();
    for algorithm in ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] {
        assert_ann(&[rsa.jwk("k")], &rsa.token(&json!({"alg": algorithm, "kid": "k"}), &claims()));
    }
    for (key, algorithm) in [
        (SigningKey::p256(), "ES256"),
        (SigningKey::p384(), "ES384"),
        (SigningKey::ed25519(), "EdDSA"),
        (SigningKey::ed25519(), "Ed25519"),
    ] {
        assert_ann(&[key.jwk("k")], &key.token(&json!({"alg": algorithm, "kid": "k"}), &claims()));
    }
}

#[test]
fn a_token_without_a_key_id_is_tried_with_each_key_that_fits() {
    let (one, other, third) = (SigningKey::ed25519(), SigningKey::ed25519(), SigningKey::p256());
    let keys = [third.jwk("c"), one.jwk("a"), other.jwk("b")];
    let header = json!({"alg": "EdDSA", "typ": "at+jwt"});
    assert_ann(&keys, &other.token(&header, &claims()));
    assert_refused(&keys, &SigningKey::ed25519().token(&header, &claims()), TokenError::Signature);
}

#[test]
fn a_forged_token_is_refused() {
    let key = SigningKey::ed25519();
    let header = json!({"alg": "EdDSA", "kid": "k"});
    assert_refused(&[key.jwk("k")], &SigningKey::ed25519().token(&header, &claims()), TokenError::Signature);
}

#[test]
fn changed_claims_are_refused() {
    let key = SigningKey::p256();
    let token = key.token(&json!({"alg": "ES256"}), &claims());
    let mut parts: Vec<&str> = token.split('.').collect();
    let other = base64(
        json!({"iss": "https://id.example", "aud": "files", "sub": "root", "exp": NOW + 300})
            .to_string()
            .as_bytes(),
    );
    parts[1] = &other;
    assert_refused(&[key.jwk("k")], &parts.join("."), TokenError::Signature);
}

#[test]
fn a_changed_header_is_refused() {
    let (rsa, claims) = (SigningKey::rsa(), claims());
    let token = rsa.token(&json!({"alg": "RS256"}), &claims);
    let (_, signature) = token.rsplit_once('.').unwrap();
    let other = format!("{}.{signature}", unsigned(&json!({"alg": "RS384"}), &claims));
    assert_refused(&[rsa.jwk("k")], &other, TokenError::Signature);
}

#[test]
fn an_expired_token_is_refused() {
    let key = SigningKey::ed25519();
    let claims = json!({"iss": "https://id.example", "aud": "files", "sub": "ann", "exp": NOW - 61});
    assert_refused(&[key.jwk("k")], &key.token(&json!({"alg": "EdDSA"}), &claims), TokenError::Expired);
}

#[test]
fn a_token_that_is_not_valid_yet_is_refused() {
    let key = SigningKey::ed25519();
    let mut claims = claims();
    claims["nbf"] = json!(NOW + 61);
    assert_refused(&[key.jwk("k")], &key.token(&json!({"alg": "EdDSA"}), &claims), TokenError::NotYet);
}

#[test]
fn a_token_of_another_issuer_is_refused() {
    let key = SigningKey::ed25519();
    let mut claims = claims();
    claims["iss"] = json!("https://evil.example");
    assert_refused(&[key.jwk("k")], &key.token(&json!({"alg": "EdDSA"}), &claims), TokenError::Issuer);
}

#[test]
fn a_token_for_somebody_else_is_refused() {
    let key = SigningKey::ed25519();
    let mut claims = claims();
    claims["aud"] = json!(["mail"]);
    assert_refused(&[key.jwk("k")], &key.token(&json!({"alg": "EdDSA"}), &claims), TokenError::Audience);
}

#[test]
fn missing_claims_are_refused() {
    let key = SigningKey::ed25519();
    for (claim, error) in [
        ("iss", TokenError::Issuer),
        ("aud", TokenError::Audience),
        ("exp", TokenError::Claim("exp")),
        ("sub", TokenError::Claim("of the user")),
    ] {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(claim);
        assert_refused(&[key.jwk("k")], &key.token(&json!({"alg": "EdDSA"}), &claims), error);
    }
    let nothing = key.token(&json!({"alg": "EdDSA"}), &Value::Object(Map::new()));
    assert_refused(&[key.jwk("k")], &nothing, TokenError::Issuer);
}

#[test]
fn the_algorithm_none_is_refused_in_any_spelling() {
    let keys = [SigningKey::rsa().jwk("k"), SigningKey::ed25519().jwk("l")];
    for algorithm in ["none", "None", "NONE", "nOnE", ""] {
        let unsigned = unsigned(&json!({"alg": algorithm, "kid": "k"}), &claims());
        for token in [format!("{unsigned}."), format!("{unsigned}.AAAA")] {
            assert_refused(&keys, &token, TokenError::Algorithm);
        }
    }
    let absent = format!("{}.", unsigned(&json!({"kid": "k"}), &claims()));
    assert_refused(&keys, &absent, TokenError::Malformed);
}

#[test]
fn a_public_key_is_never_taken_for_a_shared_secret() {
    let rsa = SigningKey::rsa();
    let mut secrets = rsa_public_forms();
    secrets.push(rsa.jwk("k").to_string().into_bytes());
    for secret in secrets {
        for algorithm in ["HS256", "RS256"] {
            let token = hs256(&json!({"alg": algorithm, "kid": "k"}), &claims(), &secret);
            assert!(read(&[rsa.jwk("k")], &token).is_err());
        }
    }
}

#[test]
fn a_shared_secret_among_the_keys_signs_nothing() {
    let other = SigningKey::ed25519();
    let keys = [json!({"kty": "oct", "kid": "k", "k": base64(b"secret")}), other.jwk("l")];
    let token = hs256(&json!({"alg": "HS256", "kid": "k"}), &claims(), b"secret");
    assert_refused(&keys, &token, TokenError::Algorithm);
}

#[test]
fn the_id_of_a_key_of_another_kind_is_refused() {
    let (rsa, ec) = (SigningKey::rsa(), SigningKey::p256());
    let keys = [rsa.jwk("rsa"), ec.jwk("ec")];
    let token = rsa.token(&json!({"alg": "RS256", "kid": "ec"}), &claims());
    assert_refused(&keys, &token, TokenError::UnknownKey);
    let token = ec.token(&json!({"alg": "ES256", "kid": "rsa"}), &claims());
    assert_refused(&keys, &token, TokenError::UnknownKey);
}

#[test]
fn a_key_is_used_for_its_own_algorithm_only() {
    let rsa = SigningKey::rsa();
    let mut key = rsa.jwk("k");
    key["alg"] = json!("PS256");
    assert_ann(std::slice::from_ref(&key), &rsa.token(&json!({"alg": "PS256", "kid": "k"}), &claims()));
    let token = rsa.token(&json!({"alg": "RS256", "kid": "k"}), &claims());
    assert_refused(&[key], &token, TokenError::UnknownKey);
}

#[test]
fn a_key_for_encryption_signs_nothing() {
    let (rsa, other) = (SigningKey::rsa(), SigningKey::ed25519());
    let mut key = rsa.jwk("k");
    key["use"] = json!("enc");
    let token = rsa.token(&json!({"alg": "RS256", "kid": "k"}), &claims());
    assert_refused(&[key, other.jwk("l")], &token, TokenError::UnknownKey);
}

#[test]
fn a_key_that_the_token_brings_along_counts_for_nothing() {
    let (key, forger) = (SigningKey::ed25519(), SigningKey::ed25519());
    for header in [
        json!({"alg": "EdDSA", "kid": "k", "jwk": forger.jwk("k")}),
        json!({"alg": "EdDSA", "kid": "k", "jku": "https://evil.example/keys"}),
        json!({"alg": "EdDSA", "kid": "k", "x5u": "https://evil.example/keys"}),
    ] {
        assert_refused(&[key.jwk("k")], &forger.token(&header, &claims()), TokenError::Signature);
    }
}

#[test]
fn what_must_be_understood_and_is_not_is_refused() {
    let key = SigningKey::ed25519();
    for header in
        [json!({"alg": "EdDSA", "crit": ["b64"], "b64": false}), json!({"alg": "EdDSA", "crit": []})]
    {
        assert_refused(&[key.jwk("k")], &key.token(&header, &claims()), TokenError::Critical);
    }
}

#[test]
fn a_token_for_another_purpose_is_refused() {
    let key = SigningKey::ed25519();
    for typ in ["JWT", "jwt", "at+jwt", "application/at+jwt"] {
        assert_ann(&[key.jwk("k")], &key.token(&json!({"alg": "EdDSA", "typ": typ}), &claims()));
    }
    for typ in ["logout+jwt", "dpop+jwt", "secevent+jwt", "JOSE", ""] {
        let token = key.token(&json!({"alg": "EdDSA", "typ": typ}), &claims());
        assert_refused(&[key.jwk("k")], &token, TokenError::Type);
    }
}

#[test]
fn a_huge_token_is_refused_before_anything_is_read() {
    let key = SigningKey::ed25519();
    let mut claims = claims();
    claims["padding"] = json!("x".repeat(LONGEST));
    let token = key.token(&json!({"alg": "EdDSA"}), &claims);
    assert_refused(&[key.jwk("k")], &token, TokenError::TooLong);
    assert_refused(&[key.jwk("k")], &"a".repeat(LONGEST + 1), TokenError::TooLong);
    assert_refused(&[key.jwk("k")], &"a".repeat(LONGEST), TokenError::Malformed);
}

#[test]
fn a_torn_token_is_malformed() {
    let key = SigningKey::ed25519();
    let token = key.token(&json!({"alg": "EdDSA"}), &claims());
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let header = signed.split('.').next().unwrap();
    for torn in ["", ".", "..", "...", "a.b.c", signed, header] {
        assert_refused(&[key.jwk("k")], torn, TokenError::Malformed);
    }
    for signature in ["", "AAAA", &signature[1..], &format!("{signature}="), "\u{fc}"] {
        assert_refused(&[key.jwk("k")], &format!("{signed}.{signature}"), TokenError::Signature);
    }
    let twice = format!("{}.e30.", base64(br#"{"alg":"none","alg":"EdDSA"}"#));
    assert_refused(&[key.jwk("k")], &twice, TokenError::Malformed);
}

proptest! {
    #[test]
    fn no_text_panics_or_gets_in(text in "[A-Za-z0-9._-]{0,200}") {
        let key = SigningKey::ed25519();
        let keys = Keys::parse(set(&[key.jwk("k")]).as_bytes()).unwrap();
        if let Ok(token) = Token::parse(&text) {
            prop_assert!(token.claims(&keys).is_err());
        }
    }

}

proptest! {
    // A signature takes its time without optimisation.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_token_with_one_byte_changed_never_gets_in(at in 0usize..300, to in "[A-Za-z0-9_-]") {
        let key = SigningKey::ed25519();
        let keys = Keys::parse(set(&[key.jwk("k")]).as_bytes()).unwrap();
        let token = key.token(&json!({"alg": "EdDSA", "kid": "k"}), &claims());
        let at = at % token.len();
        prop_assume!(token[at..=at] != to && &token[at..=at] != ".");
        let changed = format!("{}{to}{}", &token[..at], &token[at + 1..]);
        prop_assert!(Token::parse(&changed).and_then(|token| token.claims(&keys)).is_err());
    }
}
