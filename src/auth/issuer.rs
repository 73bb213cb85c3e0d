//! For tests: an issuer of tokens, with keys of its own. It signs by another library than the one that checks.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{
    self as sign, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RsaKeyPair,
};
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// A key pair of the issuer.
pub(super) enum SigningKey {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair, &'static str),
    Ed25519(Ed25519KeyPair),
}

/// The modulus, the exponent and the private key. Making it takes long, so all tests share it.
static RSA: LazyLock<(Vec<u8>, Vec<u8>, Vec<u8>)> = LazyLock::new(|| {
    let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap();
    (key.n().to_bytes_be(), key.e().to_bytes_be(), key.to_pkcs1_der().unwrap().as_bytes().to_vec())
});

impl SigningKey {
    pub(super) fn rsa() -> SigningKey {
        SigningKey::Rsa(RsaKeyPair::from_der(&RSA.2).unwrap())
    }

    pub(super) fn p256() -> SigningKey {
        SigningKey::ec(&sign::ECDSA_P256_SHA256_FIXED_SIGNING, "P-256")
    }

    pub(super) fn p384() -> SigningKey {
        SigningKey::ec(&sign::ECDSA_P384_SHA384_FIXED_SIGNING, "P-384")
    }

    fn ec(algorithm: &'static EcdsaSigningAlgorithm, curve: &'static str) -> SigningKey {
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        SigningKey::Ec(EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).unwrap(), curve)
    }

    pub(super) fn ed25519() -> SigningKey {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        SigningKey::Ed25519(Ed25519KeyPair::from_pkcs8(key.as_ref()).unwrap())
    }

    /// The public half, as a JSON Web Key.
    pub(super) fn jwk(&self, id: &str) -> Value {
        match self {
            SigningKey::Rsa(_) => json!({"kty": "RSA", "kid": id, "n": base64(&RSA.0), "e": base64(&RSA.1)}),
            SigningKey::Ec(key, curve) => {
                let (x, y) = key.public_key().as_ref()[1..].split_at(key.public_key().as_ref().len() / 2);
                json!({"kty": "EC", "crv": curve, "kid": id, "x": base64(x), "y": base64(y)})
            }
            SigningKey::Ed25519(key) => {
                json!({"kty": "OKP", "crv": "Ed25519", "kid": id, "x": base64(key.public_key().as_ref())})
            }
        }
    }

    /// A token with this header, signed as its `alg` says if the key can do that.
    pub(super) fn token(&self, header: &Value, claims: &Value) -> String {
        let signed = unsigned(header, claims);
        let signature = self.signature(header["alg"].as_str().unwrap(), signed.as_bytes());
        format!("{signed}.{}", base64(&signature))
    }

    fn signature(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            SigningKey::Rsa(key) => {
                let padding: &dyn sign::RsaEncoding = match algorithm {
                    "RS384" => &sign::RSA_PKCS1_SHA384,
                    "RS512" => &sign::RSA_PKCS1_SHA512,
                    "PS256" => &sign::RSA_PSS_SHA256,
                    "PS384" => &sign::RSA_PSS_SHA384,
                    "PS512" => &sign::RSA_PSS_SHA512,
                    _ => &sign::RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(padding, &random, message, &mut signature).unwrap();
                signature
            }
            SigningKey::Ec(key, _) => key.sign(&random, message).unwrap().as_ref().to_vec(),
            SigningKey::Ed25519(key) => key.sign(message).as_ref().to_vec(),
        }
    }
}

/// A set of the public halves.
pub(super) fn set(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

/// A token that is signed by a shared secret.
pub(super) fn hs256(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let signed = unsigned(header, claims);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
    format!("{signed}.{}", base64(tag.as_ref()))
}

/// The first two parts of a token.
pub(super) fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.{}", base64(header.to_string().as_bytes()), base64(claims.to_string().as_bytes()))
}

pub(super) fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The public half of the RSA key in the forms that somebody may take for a secret.
pub(super) fn rsa_public_forms() -> Vec<Vec<u8>> {
    use rsa::pkcs1::EncodeRsaPublicKey;
    use rsa::pkcs8::{EncodePublicKey, LineEnding};
    let number = rsa::BigUint::from_bytes_be;
    let key = rsa::RsaPublicKey::new(number(&RSA.0), number(&RSA.1)).unwrap();
    vec![
        key.to_public_key_pem(LineEnding::LF).unwrap().into_bytes(),
        key.to_pkcs1_pem(LineEnding::LF).unwrap().into_bytes(),
        key.to_public_key_der().unwrap().as_bytes().to_vec(),
        RSA.0.clone(),
        base64(&RSA.0).into_bytes(),
    ]
}
