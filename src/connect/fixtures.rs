//! Keys that ssh-keygen made for these tests, and that open nothing.

use russh::keys::PrivateKey;

pub(super) const ED25519: &str = include_str!("fixtures/ed25519");
pub(super) const ECDSA: &str = include_str!("fixtures/ecdsa");
pub(super) const RSA: &str = include_str!("fixtures/rsa");

/// Valid from 2020 to 2030, for [`ED25519`].
pub(super) const CERTIFICATE: &str = include_str!("fixtures/ed25519-cert.pub");

/// In OpenSSH's form: the public half can be read without the passphrase.
pub(super) const LOCKED: &str = include_str!("fixtures/locked");

/// PKCS #8: nothing can be read without the passphrase.
pub(super) const LOCKED_PEM: &str = include_str!("fixtures/locked.pem");

pub(super) const PASSPHRASE: &str = "open sesame";

pub(super) fn private(text: &str) -> PrivateKey {
    PrivateKey::from_openssh(text).unwrap()
}

/// The wire form of its public half.
pub(super) fn blob(text: &str) -> Vec<u8> {
    private(text).public_key().to_bytes().unwrap()
}

pub(super) fn string_of(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes(), bytes].concat()
}

/// RFC 4252, section 7: what is to be signed.
pub(super) fn request(user: &str, algorithm: &str, key: &[u8]) -> Vec<u8> {
    let names = [user.as_bytes(), b"ssh-connection", b"publickey"].map(string_of).concat();
    [string_of(&[7; 32]), vec![50], names, vec![1], string_of(algorithm.as_bytes()), string_of(key)].concat()
}
