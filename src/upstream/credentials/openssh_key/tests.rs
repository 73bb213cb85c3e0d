use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use base64::{Engine, engine::general_purpose::STANDARD};
use proptest::prelude::*;
use russh::keys::signature::{Signer, Verifier};
use russh::keys::ssh_key::Signature;

use super::*;

/// Keys that ssh-keygen made, each with a private number that is a byte too short for its curve.
const SHORT: [(&str, &str); 3] = [
    (include_str!("fixtures/short-p256"), include_str!("fixtures/short-p256.pub")),
    (include_str!("fixtures/short-p384"), include_str!("fixtures/short-p384.pub")),
    (include_str!("fixtures/short-p521"), include_str!("fixtures/short-p521.pub")),
];

/// The first of them, encrypted.
const LOCKED: &str = include_str!("fixtures/short-p256-locked");

/// Where [`LOCKED`] has the rounds of its key derivation: millions of them take long.
const ROUNDS: std::ops::Range<usize> = 63..67;

const PASSPHRASE: &str = "correct horse";

fn inside(text: &str) -> Vec<u8> {
    let lines: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(lines).unwrap()
}

fn public() -> PublicKey {
    PublicKey::from_openssh(SHORT[0].1).unwrap()
}

/// It is the private half of `public`.
fn assert_is(key: &PrivateKey, public: &str) {
    let public = PublicKey::from_openssh(public).unwrap();
    assert_eq!(key.public_key(), &public, "the comment too");
    let signature: Signature = key.key_data().sign(b"message");
    public.key_data().verify(b"message", &signature).unwrap();
}

fn of(numbers: &[u8]) -> Vec<u8> {
    [&(numbers.len() as u32).to_be_bytes(), numbers].concat()
}

fn section(number: &[u8], comment: &[u8], padding: &[u8]) -> Vec<u8> {
    let public = public().to_bytes().unwrap();
    [&[7; 8], public.as_slice(), &of(number), &of(comment), padding].concat()
}

fn plain(section: &[u8]) -> Vec<u8> {
    [PLAIN, &of(&public().to_bytes().unwrap()), &of(section)].concat()
}

fn number_of(key: &PrivateKey) -> Vec<u8> {
    key.key_data().ecdsa().unwrap().private_key_bytes().to_vec()
}

#[test]
fn a_short_number_is_read_on_every_curve() {
    for (private, public) in SHORT {
        assert_is(&open(&inside(private)).unwrap(), public);
    }
}

#[test]
fn the_library_still_needs_help() {
    let file = inside(SHORT[0].0);
    assert!(PrivateKey::from_bytes(&file).is_err(), "this module can go");
    let locked = PrivateKey::from_bytes(&inside(LOCKED)).unwrap();
    assert!(matches!(locked.decrypt(PASSPHRASE), Err(ssh_key::Error::Encoding(_))));
}

#[test]
fn an_encrypted_short_number_is_read_with_its_passphrase_only() {
    let file = inside(LOCKED);
    let key = open(&file).unwrap();
    assert!(key.is_encrypted());
    assert_is(&decrypt(&file, &key, PASSPHRASE).unwrap(), SHORT[0].1);
    for wrong in ["", "wrong horse"] {
        assert!(decrypt(&file, &key, wrong).is_none());
    }
}

/// As `file` is now, with this cipher.
fn encrypt(file: &Path, cipher: &str) -> Vec<u8> {
    let options = ["-q", "-p", "-a", "1", "-P", "", "-N", PASSPHRASE, "-Z", cipher, "-f"];
    assert!(Command::new("ssh-keygen").args(options).arg(file).output().unwrap().status.success());
    inside(&fs::read_to_string(file).unwrap())
}

#[test]
fn an_encrypted_short_number_is_read_whatever_the_cipher() {
    let folder = tempfile::tempdir().unwrap();
    for cipher in ["aes128-cbc", "aes256-ctr", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com"] {
        let path = folder.path().join(cipher);
        fs::write(&path, SHORT[0].0).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let mut file = encrypt(&path, cipher);
        let key = open(&file).unwrap();
        assert_eq!(key.cipher().as_str(), cipher);
        assert_is(&decrypt(&file, &key, PASSPHRASE).unwrap(), SHORT[0].1);
        // The end of the section, or the tag.
        *file.last_mut().unwrap() ^= 1;
        let key = open(&file).unwrap();
        assert!(decrypt(&file, &key, PASSPHRASE).is_none(), "{cipher}");
    }
}

#[test]
fn a_number_is_taken_in_the_one_form_it_has() {
    let padded = |number: &[u8]| padded(number).map(|padded| *padded);
    let mut one = [0; NUMBER];
    one[31] = 1;
    assert_eq!(padded(&[1]), Some(one));
    let mut high = [0; NUMBER];
    high[31] = 0x80;
    assert_eq!(padded(&[0, 0x80]), Some(high));
    for wrong in [&[][..], &[0], &[0, 1], &[0x80], &[0xff; 31], &[1; 33]] {
        assert_eq!(padded(wrong), None, "{wrong:?}");
    }
}

#[test]
fn a_section_that_is_not_whole_or_does_not_agree_is_refused() {
    let padding: Vec<u8> = (1..=17).collect();
    let good = section(&[5; 31], b"comment", &padding[..3]);
    assert!(open(&plain(&good)).is_some());
    let mut other_check = good.clone();
    other_check[4] ^= 1;
    let mut other_public = good.clone();
    other_public[100] ^= 1;
    for wrong in [
        other_check,
        other_public,
        section(&[], b"", &[]),
        section(&[0; 31], b"", &[]),
        section(&[5; 31], b"", &padding),
        section(&[5; 31], b"", &[1, 3]),
        section(&[5; 31], b"", &[0]),
        good[..good.len() - 4].to_vec(),
    ] {
        assert!(open(&plain(&wrong)).is_none());
    }
    assert!(open(&[plain(&good), vec![0]].concat()).is_none());
    let whole = plain(&good);
    for cut in 0..whole.len() {
        assert!(open(&whole[..cut]).is_none(), "{cut}");
    }
}

proptest! {
    #[test]
    fn every_number_is_read_whatever_its_length(
        first in 1..0x80u8, more in prop::collection::vec(any::<u8>(), 0..31), comment in ".{0,40}",
    ) {
        let number = [&[first], more.as_slice()].concat();
        let mut section = section(&number, comment.as_bytes(), &[]);
        section.extend(1..=((8 - section.len() % 8) % 8) as u8);
        let key = open(&plain(&section)).unwrap();
        let whole = number_of(&key);
        prop_assert_eq!(whole.len(), NUMBER);
        prop_assert!(whole.ends_with(&number));
        prop_assert!(whole[..NUMBER - number.len()].iter().all(|byte| *byte == 0));
        prop_assert_eq!(key.comment().as_bytes(), comment.as_bytes());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let public = public();
        let _ = with_short_number(&public, &bytes);
        let _ = with_short_number(&public, &[section(&[], b"", &[])[..112].to_vec(), bytes.clone()].concat());
        let _ = open(&[PLAIN, &bytes].concat());
        let _ = open(&plain(&bytes));
        let _ = open(&bytes);
    }

    #[test]
    fn no_damage_makes_it_panic(locked in any::<bool>(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut file = inside(if locked { LOCKED } else { SHORT[0].0 });
        let at = at.index(file.len());
        prop_assume!(!(locked && ROUNDS.contains(&at)));
        file[at] = byte;
        if let Some(key) = open(&file).filter(PrivateKey::is_encrypted) {
            let _ = decrypt(&file, &key, PASSPHRASE);
        }
    }
}
