//! The keys of an issuer: a JSON Web Key Set (RFC 7517). What is no public key for signatures is passed over,
//! so that an issuer may add keys of kinds that nobody here knows.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// Largest set in bytes.
pub(super) const LARGEST: usize = 256 * 1024;

/// Most keys in a set. A token without a key id is tried with all that fit.
const MOST: usize = 64;

/// Sizes of RSA moduli in bytes: below, numbers have been factored; above, a check takes too long.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=512;

const RSA: &[Algorithm] = &[
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
];

/// The keys that an issuer signs tokens with.
#[derive(Debug)]
pub(super) struct Keys(Vec<Key>);

struct Key {
    id: Option<String>,
    /// What a token may say it is signed by. The key decides that, never the token: else a public key could be
    /// taken for a shared secret.
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("id", &self.id).field("algorithms", &self.algorithms).finish()
    }
}

#[derive(Deserialize)]
struct WrittenSet {
    keys: Vec<Value>,
}

/// RFC 7517, section 4, and RFC 7518, section 6. A private part is not even looked at.
#[derive(Deserialize)]
struct Written {
    kty: String,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    kid: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Keys {
    /// Reads a set.
    ///
    /// # Errors
    /// Says what is wrong, without anything of the content: a set may hold private keys by mistake.
    pub(super) fn parse(json: &[u8]) -> Result<Keys, String> {
        let set: WrittenSet = serde_json::from_slice(json).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            format!("not a JSON Web Key Set: see line {line}, column {column}")
        })?;
        if set.keys.len() > MOST {
            return Err(format!("more than {MOST} keys"));
        }
        let written = set.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok());
        let keys: Vec<Key> = written.filter_map(key).collect();
        match keys.is_empty() {
            true => Err("no key in it can sign tokens".to_owned()),
            false => Ok(Keys(keys)),
        }
    }

    /// The keys that a token of this algorithm and key id may be signed by. One without a key id may be by any.
    pub(super) fn fitting(
        &self,
        algorithm: Algorithm,
        id: Option<&str>,
    ) -> impl Iterator<Item = &DecodingKey> {
        let fits = move |key: &&Key| {
            key.algorithms.contains(&algorithm) && id.is_none_or(|id| key.id.as_deref() == Some(id))
        };
        self.0.iter().filter(fits).map(|key| &key.key)
    }

    /// Whether a key has this id, whatever it may sign.
    pub(super) fn has(&self, id: &str) -> bool {
        self.0.iter().any(|key| key.id.as_deref() == Some(id))
    }
}

/// The algorithm that a token or a key names, if it is one with a public key.
pub(super) fn algorithm(name: &str) -> Option<Algorithm> {
    match name {
        "ES256" => Some(Algorithm::ES256),
        "ES384" => Some(Algorithm::ES384),
        // RFC 8037, and the exact name that RFC 9864 gives it.
        "EdDSA" | "Ed25519" => Some(Algorithm::EdDSA),
        "RS256" => Some(Algorithm::RS256),
        "RS384" => Some(Algorithm::RS384),
        "RS512" => Some(Algorithm::RS512),
        "PS256" => Some(Algorithm::PS256),
        "PS384" => Some(Algorithm::PS384),
        "PS512" => Some(Algorithm::PS512),
        _ => None,
    }
}

fn key(written: Written) -> Option<Key> {
    let signs = written.purpose.as_deref().is_none_or(|purpose| purpose == "sig");
    let verifies = written.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
    if !signs || !verifies {
        return None;
    }
    let (family, key) = match (written.kty.as_str(), written.crv.as_deref()) {
        ("RSA", None) => (RSA, rsa(&written)?),
        ("EC", Some("P-256")) => (&[Algorithm::ES256][..], point(&written, 32)?),
        ("EC", Some("P-384")) => (&[Algorithm::ES384][..], point(&written, 48)?),
        ("OKP", Some("Ed25519")) => (&[Algorithm::EdDSA][..], edwards(&written)?),
        _ => return None,
    };
    let algorithms = match &written.alg {
        None => family.to_vec(),
        Some(name) => vec![algorithm(name).filter(|algorithm| family.contains(algorithm))?],
    };
    Some(Key { id: written.kid, algorithms, key })
}

fn rsa(written: &Written) -> Option<DecodingKey> {
    let (n, e) = (number(&written.n)?, number(&written.e)?);
    RSA_BYTES.contains(&n.len()).then(|| DecodingKey::from_rsa_raw_components(&n, &e))
}

/// A number of RFC 7518, section 2, without the zeros at its front that some issuers write.
fn number(text: &Option<String>) -> Option<Vec<u8>> {
    let bytes = decoded(text)?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).filter(|number| !number.is_empty()).map(<[u8]>::to_vec)
}

/// An uncompressed point of SEC 1, section 2.3.3. The lengths are fixed by RFC 7518, section 6.2.1.2.
fn point(written: &Written, length: usize) -> Option<DecodingKey> {
    let (x, y) = (decoded(&written.x)?, decoded(&written.y)?);
    let fits = x.len() == length && y.len() == length;
    fits.then(|| DecodingKey::from_ec_der(&[&[4], x.as_slice(), y.as_slice()].concat()))
}

/// The length is checked here, for the verifier takes 32 bytes without looking.
fn edwards(written: &Written) -> Option<DecodingKey> {
    let x = decoded(&written.x)?;
    (x.len() == 32).then(|| DecodingKey::from_ed_der(&x))
}

fn decoded(text: &Option<String>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text.as_deref()?.trim_end_matches('=')).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn base64(bytes: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn ed25519(fields: Value) -> Value {
        with(json!({"kty": "OKP", "crv": "Ed25519", "x": base64(&[7; 32]), "kid": "k"}), fields)
    }

    fn rsa(fields: Value) -> Value {
        with(json!({"kty": "RSA", "n": base64(&[0xc1; 256]), "e": "AQAB", "kid": "k"}), fields)
    }

    fn ec(fields: Value) -> Value {
        with(json!({"kty": "EC", "crv": "P-256", "x": base64(&[1; 32]), "y": base64(&[2; 32])}), fields)
    }

    fn with(mut key: Value, fields: Value) -> Value {
        key.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        key
    }

    fn keys(keys: &[Value]) -> Result<Keys, String> {
        Keys::parse(json!({ "keys": keys }).to_string().as_bytes())
    }

    /// The algorithms that the only key of a set may sign by.
    fn algorithms(key: Value) -> Vec<Algorithm> {
        keys(&[key]).map(|keys| keys.0[0].algorithms.clone()).unwrap_or_default()
    }

    #[test]
    fn the_kind_of_a_key_decides_its_algorithms() {
        assert_eq!(algorithms(rsa(json!({}))), RSA);
        assert_eq!(algorithms(rsa(json!({"alg": "PS384", "use": "sig"}))), [Algorithm::PS384]);
        assert_eq!(algorithms(ec(json!({}))), [Algorithm::ES256]);
        let p384 = json!({"crv": "P-384", "x": base64(&[1; 48]), "y": base64(&[2; 48])});
        assert_eq!(algorithms(ec(p384)), [Algorithm::ES384]);
        assert_eq!(algorithms(ed25519(json!({"key_ops": ["verify"]}))), [Algorithm::EdDSA]);
        assert_eq!(algorithms(ed25519(json!({"alg": "Ed25519"}))), [Algorithm::EdDSA]);
    }

    #[test]
    fn a_key_for_something_else_is_not_used() {
        for key in [
            rsa(json!({"use": "enc"})),
            rsa(json!({"key_ops": ["encrypt", "wrapKey"]})),
            rsa(json!({"alg": "RSA-OAEP"})),
            rsa(json!({"alg": "HS256"})),
            rsa(json!({"alg": "ES256"})),
            rsa(json!({"alg": "none"})),
            ec(json!({"alg": "ES384"})),
            ec(json!({"alg": "RS256"})),
            ec(json!({"crv": "secp256k1"})),
            ed25519(json!({"crv": "X25519"})),
            json!({"kty": "oct", "k": base64(b"a shared secret"), "kid": "k"}),
            json!({"kty": "oct", "k": base64(b"a shared secret"), "alg": "RS256"}),
        ] {
            assert_eq!(algorithms(key.clone()), [], "{key}");
        }
    }

    #[test]
    fn a_key_of_the_wrong_size_is_not_used() {
        for key in [
            rsa(json!({"n": base64(&[0xc1; 128])})),
            rsa(json!({"n": base64(&[0xc1; 513])})),
            rsa(json!({"n": base64(&[&[0; 200][..], &[0xc1; 128]].concat())})),
            rsa(json!({"e": ""})),
            rsa(json!({"n": null})),
            ec(json!({"x": base64(&[1; 31])})),
            ec(json!({"y": base64(&[1; 33])})),
            ec(json!({"crv": "P-384"})),
            ed25519(json!({"x": base64(&[7; 31])})),
            ed25519(json!({"x": ""})),
            ed25519(json!({"x": "#"})),
        ] {
            assert_eq!(algorithms(key.clone()), [], "{key}");
        }
        assert_eq!(algorithms(rsa(json!({"n": base64(&[&[0][..], &[0xc1; 256]].concat())}))), RSA);
    }

    #[test]
    fn a_key_is_found_by_its_id_and_algorithm() {
        let set = keys(&[rsa(json!({})), ed25519(json!({})), ed25519(json!({"kid": "other"}))]).unwrap();
        let count = |algorithm, id| set.fitting(algorithm, id).count();
        assert_eq!(count(Algorithm::EdDSA, Some("k")), 1);
        assert_eq!(count(Algorithm::EdDSA, Some("other")), 1);
        assert_eq!(count(Algorithm::EdDSA, None), 2);
        assert_eq!(count(Algorithm::RS256, Some("other")), 0);
        assert_eq!(count(Algorithm::ES256, None), 0);
        assert_eq!(count(Algorithm::HS256, None), 0);
        assert_eq!(count(Algorithm::EdDSA, Some("K")), 0);
        assert!(set.has("k") && set.has("other") && !set.has("x"));
    }

    #[test]
    fn strangers_in_a_set_are_passed_over() {
        let strangers = [json!({"kty": "AKP", "alg": "ML-DSA-65"}), json!(7), json!({}), json!({"kty": 1})];
        let set = [&strangers[..], &[ed25519(json!({"x5c": ["?"], "new": 1}))]].concat();
        assert_eq!(keys(&set).unwrap().0.len(), 1);
        assert_eq!(keys(&strangers).unwrap_err(), "no key in it can sign tokens");
    }

    #[test]
    fn a_set_that_cannot_be_used_is_refused_without_its_content() {
        assert_eq!(keys(&vec![ed25519(json!({})); MOST + 1]).unwrap_err(), "more than 64 keys");
        for json in ["", "[]", "{}", "{\"keys\": \"canary\"}", "canary", "{\"keys\": [}", "{\"keys\": {}}"] {
            let error = Keys::parse(json.as_bytes()).unwrap_err();
            assert!(error.starts_with("not a JSON Web Key Set: see line 1"), "{error}");
            assert!(!error.contains("canary"), "{error}");
        }
        assert!(!format!("{:?}", keys(&[ed25519(json!({}))])).contains(&base64(&[7; 32])));
    }

    #[test]
    fn only_algorithms_with_a_public_key_have_a_name() {
        for name in ["none", "None", "NONE", "", "HS256", "HS384", "HS512", "ES512", "rs256", "RSA-OAEP"] {
            assert_eq!(algorithm(name), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_set_panics(text in "\\PC{0,200}", x in "[A-Za-z0-9_=-]{0,90}") {
            let _ = Keys::parse(text.as_bytes());
            let _ = keys(&[ed25519(json!({"x": x})), ec(json!({"x": x})), rsa(json!({"n": x, "e": x}))]);
        }
    }
}
