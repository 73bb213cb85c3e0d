//! The SHA-256 fingerprint of a host key, as `ssh-keygen -l` prints it.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use russh::keys::{HashAlg, PublicKey, ssh_key::public::KeyData};
use thiserror::Error;

/// The SHA-256 of a public key's wire format. There is no other kind here: MD5 is broken, and nobody
/// pins SHA-512.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of this key. Its comment does not count.
    pub fn of(key: &PublicKey) -> Self {
        Self::of_data(key.key_data())
    }

    pub(crate) fn of_data(key: &KeyData) -> Self {
        // The library answers in the kind that was asked for, though its type does not say so.
        Self(key.fingerprint(HashAlg::Sha256).sha256().unwrap_or_default())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SHA256:{}", STANDARD_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Fingerprint {
    type Err = NotAFingerprint;

    /// Reads `SHA256:` and 43 digits of base64; the `=` that other tools put behind them is tolerated.
    fn from_str(text: &str) -> Result<Self, NotAFingerprint> {
        let refused = || NotAFingerprint(text.to_owned());
        let digits = text.strip_prefix("SHA256:").ok_or_else(refused)?;
        let digest =
            STANDARD_NO_PAD.decode(digits.strip_suffix('=').unwrap_or(digits)).map_err(|_| refused())?;
        digest.try_into().map(Self).map_err(|_| refused())
    }
}

/// A text that is not a SHA-256 fingerprint.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0:?} is not a fingerprint as `ssh-keygen -l -E sha256` prints it, SHA256:<43 digits of base64>")]
pub struct NotAFingerprint(String);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::host_key::fixtures::{ED25519, RSA, key};

    #[test]
    fn it_is_what_ssh_keygen_prints() {
        // ssh-keygen -l -f
        assert_eq!(
            Fingerprint::of(&key(ED25519)).to_string(),
            "SHA256:DTTFEL0KvUe64HQkFQHNlB86hXehbIzdPTezaC+YLzQ"
        );
        assert_eq!(
            Fingerprint::of(&key(RSA)).to_string(),
            "SHA256:NNqicHDlk4vyekofLF1ejl/LGRflS7ZM7XkWRpfsCrc"
        );
    }

    #[test]
    fn what_is_printed_can_be_read_with_and_without_padding() {
        let fingerprint = Fingerprint::of(&key(ED25519));
        assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        assert_eq!(format!("{fingerprint}=").parse(), Ok(fingerprint));
    }

    #[test]
    fn the_comment_does_not_count() {
        let mut commented = key(ED25519);
        commented.set_comment("another");
        assert_eq!(Fingerprint::of(&commented), Fingerprint::of(&key(ED25519)));
    }

    #[test]
    fn anything_but_sha256_is_refused_by_name() {
        let whole = "DTTFEL0KvUe64HQkFQHNlB86hXehbIzdPTezaC+YLzQ";
        let bad = [
            String::new(),
            whole.to_owned(),
            "SHA256:".to_owned(),
            format!("sha256:{whole}"),
            format!("SHA512:{whole}"),
            format!("SHA256:{}", &whole[1..]),
            format!("SHA256:{whole}A"),
            format!("SHA256:{whole}=="),
            format!(" SHA256:{whole}"),
            "MD5:8a:5e:0c:15:8d:f4:4f:2a:29:3c:1b:71:cc:e4:27:aa".to_owned(),
            "SHA256:8a5e0c158df44f2a293c1b71cce427aa8a5e0c158df44f2a293c1b71cce427aa".to_owned(),
        ];
        for text in bad {
            let refusal = text.parse::<Fingerprint>().unwrap_err();
            assert!(refusal.to_string().contains(&format!("{text:?}")), "{refusal}");
        }
    }
}
