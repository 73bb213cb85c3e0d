//! A private key in OpenSSH's own format (PROTOCOL.key of OpenSSH), with what the library does not take of it.
//!
//! The private number of an ECDSA key is an mpint (RFC 4251, section 5): zero bytes in front are left out. The
//! library takes no number under 32 bytes, so it refuses one P-256 key in 512. On the larger curves a number that
//! short does not come up. Every other key is read by the library alone.

use russh::keys::ssh_key::private::{EcdsaKeypair, EcdsaPrivateKey, KeypairData};
use russh::keys::ssh_key::public::{EcdsaPublicKey, KeyData};
use russh::keys::ssh_key::{self, EcdsaCurve};
use russh::keys::{Algorithm, PrivateKey, PublicKey};
use zeroize::Zeroizing;

/// What a file with one key starts with that is not encrypted: the magic, the cipher, the key derivation and its
/// options, and how many keys follow.
const PLAIN: &[u8] = b"openssh-key-v1\0\0\0\0\x04none\0\0\0\x04none\0\0\0\0\0\0\0\x01";

/// A number of P-256 in bytes.
const NUMBER: usize = 32;

/// The longest padding in bytes. OpenSSH makes blocks of 8 or 16 bytes full; PuTTY adds 16 to full ones too.
const PADDING: usize = 16;

/// The key in `file`, the bytes inside of the armour. It may be encrypted still. `None`: it is damaged.
pub(super) fn open(file: &[u8]) -> Option<PrivateKey> {
    PrivateKey::from_bytes(file).ok().or_else(|| plain_with_short_number(file))
}

/// `key`, which [`open`] made of `file` and which is encrypted, without its encryption. `None`: the passphrase is
/// wrong, or the key is damaged. This blocks for the tenth of a second that a passphrase takes, or twice that.
pub(super) fn decrypt(file: &[u8], key: &PrivateKey, passphrase: &str) -> Option<PrivateKey> {
    match key.decrypt(passphrase) {
        Ok(key) => Some(key),
        // The library came beyond the check numbers: so the passphrase was right.
        Err(ssh_key::Error::Encoding(_)) if is_p256(key) => {
            encrypted_with_short_number(file, key, passphrase)
        }
        Err(_) => None,
    }
}

fn is_p256(key: &PrivateKey) -> bool {
    matches!(key.algorithm(), Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 })
}

fn plain_with_short_number(file: &[u8]) -> Option<PrivateKey> {
    let mut rest = file.strip_prefix(PLAIN)?;
    let public = PublicKey::from_bytes(string(&mut rest)?).ok()?;
    let section = string(&mut rest)?;
    if rest.is_empty() { with_short_number(&public, section) } else { None }
}

fn encrypted_with_short_number(file: &[u8], key: &PrivateKey, passphrase: &str) -> Option<PrivateKey> {
    let cipher = key.cipher();
    let (secret, iv) = key.kdf().derive_key_and_iv(cipher, passphrase).ok()?;
    // The tag ends the file; the library holds it, and does not show it.
    let tag = if cipher.has_tag() { Some((*file.last_chunk()?).into()) } else { None };
    let mut section = Zeroizing::new(key.key_data().encrypted()?.to_vec());
    cipher.decrypt(&secret, &iv, &mut section, tag).ok()?;
    with_short_number(key.public_key(), &section)
}

/// Reads a private section: a check number twice, the public key, the private number, a comment, and padding.
fn with_short_number(public: &PublicKey, section: &[u8]) -> Option<PrivateKey> {
    let KeyData::Ecdsa(EcdsaPublicKey::NistP256(point)) = public.key_data() else { return None };
    let (check, rest) = section.split_first_chunk::<4>()?;
    let rest = rest.strip_prefix(check)?;
    let mut rest = rest.strip_prefix(public.to_bytes().ok()?.as_slice())?;
    let number = padded(string(&mut rest)?)?;
    let comment = string(&mut rest)?;
    if !is_padding(rest) {
        return None;
    }
    let pair = EcdsaKeypair::NistP256 { public: *point, private: EcdsaPrivateKey::from(*number) };
    PrivateKey::new(KeypairData::Ecdsa(pair), comment).ok()
}

/// The number with its zero bytes in front. It must be positive, and none but the one before a set sign bit is there.
fn padded(number: &[u8]) -> Option<Zeroizing<[u8; NUMBER]>> {
    if !matches!(number, [0x01..=0x7f, ..] | [0, 0x80..=0xff, ..]) {
        return None;
    }
    let mut padded = Zeroizing::new([0; NUMBER]);
    let zeros = NUMBER.checked_sub(number.len())?;
    padded.get_mut(zeros..)?.copy_from_slice(number);
    Some(padded)
}

/// 1, 2, 3 and so on.
fn is_padding(rest: &[u8]) -> bool {
    rest.len() <= PADDING && rest.iter().zip(1..).all(|(byte, place)| *byte == place)
}

/// Takes a string (RFC 4251, section 5) off the front.
fn string<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (string, after) = after.split_at_checked(length)?;
    *rest = after;
    Some(string)
}

#[cfg(test)]
mod tests;
