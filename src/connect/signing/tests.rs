use proptest::prelude::*;
use russh::keys::signature::Verifier;
use russh::keys::ssh_key::Signature;

use super::*;
use crate::connect::fixtures::{ECDSA, ED25519, RSA, private, request, string_of};

fn blob(key: &PrivateKey) -> Vec<u8> {
    key.public_key().to_bytes().unwrap()
}

#[test]
fn a_request_of_ours_is_signed_so_that_the_key_verifies_it() {
    for (text, algorithm) in [
        (ED25519, "ssh-ed25519"),
        (ECDSA, "ecdsa-sha2-nistp256"),
        (RSA, "rsa-sha2-256"),
        (RSA, "rsa-sha2-512"),
    ] {
        let key = private(text);
        let data = request("ann", algorithm, &blob(&key));
        let signable = check(data.clone(), algorithm, "ann", &blob(&key)).unwrap();
        let bytes = sign(&key, &signable).unwrap();
        assert!(is_by(&bytes, signable.algorithm));
        let signature = Signature::try_from(&bytes[..]).unwrap();
        assert_eq!(signature.algorithm().as_str(), algorithm);
        key.public_key().key_data().verify(&data, &signature).unwrap();
    }
}

#[test]
fn a_certificate_has_names_of_its_own() {
    // The names are what counts: nothing else of a certificate is read here.
    let key = [string_of(b"ssh-rsa-cert-v01@openssh.com"), vec![1, 2, 3]].concat();
    let data = request("ann", "rsa-sha2-512-cert-v01@openssh.com", &key);
    for said in ["rsa-sha2-512", "rsa-sha2-512-cert-v01@openssh.com"] {
        let signable = check(data.clone(), said, "ann", &key).unwrap();
        assert_eq!(signable.algorithm.name(), "rsa-sha2-512");
    }
    let plain_name = request("ann", "rsa-sha2-512", &key);
    assert_eq!(check(plain_name, "rsa-sha2-512", "ann", &key), Err(Unsignable::Algorithm));
    assert!(is_usable(&key) && is_certificate(&key));
    assert!(is_usable(&string_of(b"sk-ssh-ed25519-cert-v01@openssh.com")));
    assert!(!is_usable(&string_of(b"ssh-dss")));
}

#[test]
fn another_user_key_or_algorithm_is_refused() {
    let (key, other) = (blob(&private(ED25519)), blob(&private(ECDSA)));
    let refused = |data: Vec<u8>, algorithm: &str| check(data, algorithm, "ann", &key).unwrap_err();
    assert_eq!(refused(request("root", "ssh-ed25519", &key), "ssh-ed25519"), Unsignable::User);
    assert_eq!(refused(request("ann", "ssh-ed25519", &other), "ssh-ed25519"), Unsignable::Key);
    assert_eq!(refused(request("ann", "ssh-ed25519", &key), "rsa-sha2-512"), Unsignable::Algorithm);
    assert_eq!(refused(request("ann", "ssh-rsa", &key), "ssh-ed25519"), Unsignable::Algorithm);
}

#[test]
fn sha1_is_never_signed() {
    let key = blob(&private(RSA));
    for said in ["ssh-rsa", "rsa-sha2-512"] {
        let data = request("ann", "ssh-rsa", &key);
        assert_eq!(check(data, said, "ann", &key), Err(Unsignable::Algorithm));
    }
    // An agent that does not heed the flags.
    assert!(!is_by(&string_of(b"ssh-rsa"), Algorithm("rsa-sha2-512")));
}

#[test]
fn documents_other_messages_and_other_methods_are_refused() {
    let key = blob(&private(ED25519));
    let session = string_of(&[7; 32]);
    let with = |code: u8, service: &[u8], method: &[u8], signed: u8| {
        let mut data = session.clone();
        data.push(code);
        data.extend([string_of(b"ann"), string_of(service), string_of(method)].concat());
        data.push(signed);
        data.extend([string_of(b"ssh-ed25519"), string_of(&key)].concat());
        data
    };
    assert!(check(with(50, b"ssh-connection", b"publickey", 1), "ssh-ed25519", "ann", &key).is_ok());
    for data in [
        with(51, b"ssh-connection", b"publickey", 1),
        with(50, b"ssh-userauth", b"publickey", 1),
        with(50, b"ssh-connection", b"publickey", 0),
        with(50, b"ssh-connection", b"hostbased", 1),
        b"SSHSIG\0\0\0\x04file".to_vec(),
        b"I owe you everything".to_vec(),
        Vec::new(),
    ] {
        assert_eq!(check(data, "ssh-ed25519", "ann", &key), Err(Unsignable::Form));
    }
}

#[test]
fn a_wrong_signature_is_wrong_in_content_only() {
    let bytes = wrong(Algorithm("ssh-ed25519"));
    assert!(Signature::try_from(&bytes[..]).is_ok());
}

proptest! {
    /// Whatever one edit makes of a good request, it is refused, unless the edit is inside the session identifier.
    #[test]
    fn no_mutation_of_a_request_passes(at in any::<prop::sample::Index>(), byte in any::<u8>(), kind in 0..3) {
        let key = blob(&private(ED25519));
        let mut data = request("ann", "ssh-ed25519", &key);
        let at = at.index(data.len());
        let before = data.clone();
        match kind {
            0 => data[at] = byte,
            1 => data.insert(at, byte),
            _ => drop(data.drain(at..)),
        }
        let in_session = kind == 0 && (4..36).contains(&at);
        let verdict = check(data.clone(), "ssh-ed25519", "ann", &key);
        prop_assert_eq!(verdict.is_ok(), data == before || in_session);
    }

    #[test]
    fn arbitrary_bytes_are_refused(data in prop::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(check(data, "ssh-ed25519", "ann", &blob(&private(ED25519))).is_err());
    }
}
