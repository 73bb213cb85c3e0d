use super::*;
use russh::keys::EcdsaCurve;
use russh::keys::key::safe_rng;
use russh::keys::ssh_key::private::RsaKeypair;

fn ed25519() -> PrivateKey {
    PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519).unwrap()
}

fn identity(key: &PrivateKey) -> AgentIdentity {
    key.public_key().clone().into()
}

/// The signature that `Held` puts behind `data`, unwrapped.
async fn signed(key: &PrivateKey, hash: Option<HashAlg>, data: &[u8]) -> Vec<u8> {
    let mut held = Held { key, hash };
    let sent = held.auth_sign(&identity(key), hash, data.to_vec()).await.unwrap();
    let mut rest = sent.strip_prefix(data).unwrap();
    let signature = Vec::decode(&mut rest).unwrap();
    assert!(rest.is_empty());
    signature
}

fn unusable(result: Result<(), NoSignature>) -> &'static str {
    match result {
        Err(NoSignature::Unusable(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_a_held_key_signs_verifies() {
    let curves = [EcdsaCurve::NistP256, EcdsaCurve::NistP384, EcdsaCurve::NistP521];
    let algorithms = curves.map(|curve| Algorithm::Ecdsa { curve }).into_iter().chain([Algorithm::Ed25519]);
    for algorithm in algorithms {
        let key = PrivateKey::random(&mut safe_rng(), algorithm.clone()).unwrap();
        let signature = signed(&key, None, b"data").await;
        verify(key.public_key().key_data(), &algorithm, b"data", &signature).unwrap();
    }
}

#[tokio::test]
async fn an_rsa_key_signs_by_the_hash_that_was_announced() {
    let pair = RsaKeypair::random(&mut safe_rng(), 2048).unwrap();
    let key = PrivateKey::from(pair);
    for hash in [Some(HashAlg::Sha512), Some(HashAlg::Sha256), None] {
        let signature = signed(&key, hash, b"data").await;
        for asked in [Some(HashAlg::Sha512), Some(HashAlg::Sha256), None] {
            let fits =
                verify(key.public_key().key_data(), &Algorithm::Rsa { hash: asked }, b"data", &signature);
            assert_eq!(fits.is_ok(), asked == hash, "{asked:?} {hash:?}");
        }
    }
}

#[tokio::test]
async fn a_signature_for_other_data_or_by_another_key_does_not_verify() {
    let (key, other) = (ed25519(), ed25519());
    let signature = signed(&key, None, b"data").await;
    let verify = |key: &PrivateKey, data: &[u8], signature: &[u8]| {
        verify(key.public_key().key_data(), &Algorithm::Ed25519, data, signature)
    };
    verify(&key, b"data", &signature).unwrap();
    assert_eq!(unusable(verify(&key, b"date", &signature)), "it does not verify");
    assert_eq!(unusable(verify(&other, b"data", &signature)), "it does not verify");
    assert_eq!(unusable(verify(&key, b"data", &[&signature[..], b"x"].concat())), "something follows it");
    assert_eq!(unusable(verify(&key, b"data", &signature[..40])), "it cannot be read");
    assert_eq!(unusable(verify(&key, b"data", b"")), "it cannot be read");
    assert_eq!(unusable(verify(&key, b"data", &[0; 5000])), "it is too long");
}

#[tokio::test]
async fn a_signature_wrapped_once_more_is_unusable() {
    let key = ed25519();
    let signature = signed(&key, None, b"data").await;
    let mut wrapped = Vec::new();
    signature.encode(&mut wrapped).unwrap();
    assert!(verify(key.public_key().key_data(), &Algorithm::Ed25519, b"data", &wrapped).is_err());
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic_or_pass(bytes: Vec<u8>) {
        let key = KeyData::Ed25519(russh::keys::ssh_key::public::Ed25519PublicKey([7; 32]));
        assert!(verify(&key, &Algorithm::Ed25519, b"data", &bytes).is_err());
    }
}
