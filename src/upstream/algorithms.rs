//! Which SSH algorithms are offered, and in which order.

use std::borrow::Cow;

use russh::keys::{Algorithm, EcdsaCurve, HashAlg};
use russh::{Preferred, cipher, compression, kex, mac};

use super::host_key::Offer;
use super::offers::Offers;

/// The order of the key exchange, best first. The names that begin with EXTENSION are not algorithms but
/// must be in the list: strict key exchange (CVE-2023-48795) is asked for by them.
const KEX: &[kex::Name] = &[
    kex::MLKEM768X25519_SHA256,
    kex::CURVE25519,
    kex::CURVE25519_PRE_RFC_8731,
    kex::ECDH_SHA2_NISTP256,
    kex::ECDH_SHA2_NISTP384,
    kex::ECDH_SHA2_NISTP521,
    kex::DH_GEX_SHA256,
    kex::DH_G16_SHA512,
    kex::DH_G18_SHA512,
    kex::DH_G14_SHA256,
    kex::EXTENSION_SUPPORT_AS_CLIENT,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT,
];

const LEGACY_KEX: &[kex::Name] = &[kex::DH_GEX_SHA1, kex::DH_G14_SHA1, kex::DH_G1_SHA1];

/// With AES in the processor, AES-128-GCM costs two thirds of ChaCha20-Poly1305, and CTR three times as much.
const CIPHERS_WITH_AES: &[cipher::Name] = &[
    cipher::AES_128_GCM,
    cipher::AES_256_GCM,
    cipher::CHACHA20_POLY1305,
    cipher::AES_128_CTR,
    cipher::AES_192_CTR,
    cipher::AES_256_CTR,
];

const CIPHERS_WITHOUT_AES: &[cipher::Name] = &[
    cipher::CHACHA20_POLY1305,
    cipher::AES_128_GCM,
    cipher::AES_256_GCM,
    cipher::AES_128_CTR,
    cipher::AES_192_CTR,
    cipher::AES_256_CTR,
];

const LEGACY_CIPHERS: &[cipher::Name] = &[cipher::AES_128_CBC, cipher::AES_192_CBC, cipher::AES_256_CBC];

const MACS: &[mac::Name] = &[mac::HMAC_SHA256_ETM, mac::HMAC_SHA512_ETM, mac::HMAC_SHA256, mac::HMAC_SHA512];

const LEGACY_MACS: &[mac::Name] = &[mac::HMAC_SHA1_ETM, mac::HMAC_SHA1];

const HOST_KEYS: &[Algorithm] = &[
    Algorithm::Ed25519,
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
    Algorithm::Rsa { hash: Some(HashAlg::Sha512) },
    Algorithm::Rsa { hash: Some(HashAlg::Sha256) },
];

const LEGACY_HOST_KEYS: &[Algorithm] = &[Algorithm::Rsa { hash: None }];

/// What is offered to an upstream. Certificates come before the key types on record, and those before the
/// rest, so that a server with several host keys shows one we can recognise. SHA-1, CBC and group 1 are
/// offered only when `legacy` says so.
pub(super) fn preferred(legacy: bool, offer: &Offer) -> Preferred {
    let ciphers = if has_aes() { CIPHERS_WITH_AES } else { CIPHERS_WITHOUT_AES };
    let host_keys = list(HOST_KEYS, LEGACY_HOST_KEYS, legacy);
    let known = offer.first.iter().filter(|algorithm| host_keys.contains(algorithm));
    let others = host_keys.iter().filter(|algorithm| !offer.first.contains(algorithm));
    let keys = known.chain(others).cloned().collect();
    Preferred {
        kex: list(KEX, LEGACY_KEX, legacy),
        key: if offer.keys { keys } else { Cow::Borrowed(&[]) },
        // The authority's own key does not tell of what type the keys are that it signs.
        host_key_certificates: if offer.certificates { host_keys } else { Cow::Borrowed(&[]) },
        cipher: list(ciphers, LEGACY_CIPHERS, legacy),
        mac: list(MACS, LEGACY_MACS, legacy),
        compression: Cow::Borrowed(&[compression::NONE]),
    }
}

/// What both sides use (RFC 4253, section 7.1): of each kind the first of ours that the server has too. Nothing where
/// they have none in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// The key exchange.
    pub kex: Option<String>,
    /// The host key.
    pub host_key: Option<String>,
    /// The cipher for what we send.
    pub cipher: Option<String>,
    /// The MAC for what we send; `implicit` where the cipher is its own.
    pub mac: Option<String>,
}

impl Agreement {
    /// Whether there is one of each kind.
    pub fn is_whole(&self) -> bool {
        let Self { kex, host_key, cipher, mac } = self;
        [kex, host_key, cipher, mac].into_iter().all(Option::is_some)
    }
}

pub(super) fn agree(ours: &Preferred, theirs: &Offers) -> Agreement {
    let certificates = ours.host_key_certificates.iter().map(Algorithm::to_certificate_type);
    let host_keys: Vec<String> =
        certificates.chain(ours.key.iter().map(|key| key.as_str().to_owned())).collect();
    let cipher = first(&ours.cipher, &theirs.ciphers);
    let is_aead = |name: &String| name.contains("gcm") || name.contains("poly1305");
    Agreement {
        kex: first(&ours.kex, &theirs.kex),
        host_key: first(&host_keys, &theirs.host_keys),
        mac: match cipher.as_ref().is_some_and(is_aead) {
            true => Some("implicit".to_owned()),
            false => first(&ours.mac, &theirs.macs),
        },
        cipher,
    }
}

fn first<T: AsRef<str>>(ours: &[T], theirs: &[String]) -> Option<String> {
    ours.iter().map(AsRef::as_ref).find(|name| theirs.iter().any(|other| other == name)).map(str::to_owned)
}

fn list<T: Clone>(safe: &'static [T], old: &[T], legacy: bool) -> Cow<'static, [T]> {
    if legacy { [safe, old].concat().into() } else { Cow::Borrowed(safe) }
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
fn has_aes() -> bool {
    std::arch::is_x86_feature_detected!("aes")
}

#[cfg(target_arch = "aarch64")]
fn has_aes() -> bool {
    std::arch::is_aarch64_feature_detected!("aes")
}

#[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
fn has_aes() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: Offer = Offer { first: Vec::new(), keys: true, certificates: false };

    fn names<T: AsRef<str>>(names: &[T]) -> Vec<String> {
        names.iter().map(|name| name.as_ref().to_owned()).collect()
    }

    #[test]
    fn old_algorithms_are_offered_only_when_asked_for() {
        let safe = preferred(false, &KEYS);
        let old = preferred(true, &KEYS);
        let offered = |preferred: &Preferred| {
            [names(&preferred.kex), names(&preferred.cipher), names(&preferred.mac)].concat()
        };
        let weak = |name: &String| name.ends_with("sha1") || name.contains("cbc");
        assert!(!offered(&safe).iter().any(weak));
        assert!(offered(&old).iter().filter(|name| weak(name)).count() >= 7);
        assert!(!safe.key.contains(&Algorithm::Rsa { hash: None }));
        assert!(old.key.contains(&Algorithm::Rsa { hash: None }));
    }

    #[test]
    fn no_list_offers_to_do_without() {
        for legacy in [false, true] {
            let preferred = preferred(legacy, &KEYS);
            for name in [names(&preferred.kex), names(&preferred.cipher), names(&preferred.mac)].concat() {
                assert!(name != "none" && name != "clear");
            }
            assert_eq!(names(&preferred.compression), ["none"]);
        }
    }

    #[test]
    fn strict_key_exchange_is_asked_for() {
        for legacy in [false, true] {
            assert!(preferred(legacy, &KEYS).kex.contains(&kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT));
        }
    }

    #[test]
    fn the_first_of_ours_that_the_server_has_is_agreed_on() {
        let names = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
        let theirs = Offers {
            kex: names("diffie-hellman-group14-sha1,curve25519-sha256"),
            host_keys: names("ssh-rsa,rsa-sha2-256,ssh-ed25519-cert-v01@openssh.com"),
            ciphers: names("aes128-cbc,aes256-ctr"),
            macs: names("hmac-sha1,hmac-sha2-512"),
        };
        let agreed = agree(&preferred(false, &Offer { certificates: true, ..KEYS }), &theirs);
        assert!(agreed.is_whole());
        assert_eq!(agreed.kex.as_deref(), Some("curve25519-sha256"));
        assert_eq!(agreed.host_key.as_deref(), Some("ssh-ed25519-cert-v01@openssh.com"));
        assert_eq!(
            (agreed.cipher.as_deref(), agreed.mac.as_deref()),
            (Some("aes256-ctr"), Some("hmac-sha2-512"))
        );
        let old = Offers { kex: names("diffie-hellman-group14-sha1"), ..theirs.clone() };
        assert!(!agree(&preferred(false, &KEYS), &old).is_whole());
        assert!(agree(&preferred(true, &KEYS), &old).is_whole());
        let aead = Offers { ciphers: names("aes256-gcm@openssh.com"), macs: Vec::new(), ..theirs };
        assert_eq!(agree(&preferred(false, &KEYS), &aead).mac.as_deref(), Some("implicit"));
    }

    #[test]
    fn the_key_types_on_record_come_first_and_once() {
        let rsa = Algorithm::Rsa { hash: Some(HashAlg::Sha256) };
        let preferred = preferred(false, &Offer { first: vec![rsa.clone()], ..KEYS });
        assert_eq!(preferred.key.first(), Some(&rsa));
        assert_eq!(preferred.key.len(), HOST_KEYS.len());
    }

    #[test]
    fn certificates_and_keys_are_offered_as_there_is_a_record_to_hold_them_against() {
        for (keys, certificates) in [(true, false), (false, true), (true, true)] {
            let preferred = preferred(false, &Offer { first: Vec::new(), keys, certificates });
            assert_eq!(preferred.key.is_empty(), !keys);
            assert_eq!(preferred.host_key_certificates.is_empty(), !certificates);
        }
        let both = |legacy| preferred(legacy, &Offer { certificates: true, ..KEYS });
        assert_eq!(*both(false).host_key_certificates, *HOST_KEYS);
        assert!(both(true).host_key_certificates.contains(&Algorithm::Rsa { hash: None }));
    }
}
