use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proptest::prelude::*;
use russh::keys::Certificate;
use russh::keys::ssh_key::certificate::{Builder, CertType};

use super::*;
use crate::upstream::host_key::fixtures::{
    SHA_1_CERTIFICATE, VALID, another_key, certificate, host_certificate,
};

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn checked(certificate: &Certificate) -> Result<(), String> {
    check(certificate, "host", at(VALID.start), false).map_err(|problem| problem.to_string())
}

fn made(say: impl FnOnce(&mut Builder)) -> Certificate {
    certificate(1, &another_key(2), |builder| {
        builder.cert_type(CertType::Host).unwrap();
        say(builder);
    })
}

fn refused(certificate: &Certificate) -> String {
    checked(certificate).unwrap_err()
}

#[test]
fn a_certificate_for_the_host_is_good_from_its_first_second_to_before_its_last() {
    let certificate = host_certificate(1, &another_key(2), "host");
    let verdict = |seconds| check(&certificate, "host", at(seconds), false);
    assert_eq!(verdict(VALID.start), Ok(()));
    assert_eq!(verdict(VALID.end - 1), Ok(()));
    let early = verdict(VALID.start - 1).unwrap_err().to_string();
    assert_eq!(early, "it is valid from 2026-09-21T14:13:20Z, and it is 2026-09-21T14:13:19Z");
    let late = verdict(VALID.end).unwrap_err().to_string();
    assert_eq!(late, "it was valid until 2026-09-21T15:13:20Z, and it is 2026-09-21T15:13:20Z");
    let never = check(&certificate, "host", UNIX_EPOCH - Duration::from_secs(1), false).unwrap_err();
    assert_eq!(never.to_string(), "it is valid from 2026-09-21T14:13:20Z, and it is 1970-01-01T00:00:00Z");
}

#[test]
fn a_time_beyond_four_digits_can_be_told() {
    assert_eq!(date(LAST_DATE), "9999-12-31T23:59:59Z");
    for seconds in [LAST_DATE + 1, i64::MAX as u64, u64::MAX] {
        assert_eq!(date(seconds), "forever");
    }
}

#[test]
fn a_user_certificate_proves_no_host() {
    let user = certificate(1, &another_key(2), |builder| {
        builder.valid_principal("host").unwrap();
    });
    assert_eq!(refused(&user), "it is a user certificate");
}

#[test]
fn a_certificate_must_name_the_host_whole_and_without_regard_to_case() {
    for name in ["host", "HOST"] {
        assert_eq!(checked(&host_certificate(1, &another_key(2), name)), Ok(()));
    }
    for name in ["hos", "host.example.org", "*", "h*", "host,other", "[host]:22", "", " host"] {
        let certificate = host_certificate(1, &another_key(2), name);
        assert_eq!(refused(&certificate), format!("it is for {name}, expected host"));
    }
    let several = made(|builder| {
        builder.valid_principal("other").unwrap().valid_principal("host").unwrap();
    });
    assert_eq!(checked(&several), Ok(()));
}

#[test]
fn a_certificate_for_everybody_is_for_nobody() {
    let everybody = made(|builder| {
        builder.all_principals_valid().unwrap();
    });
    assert_eq!(refused(&everybody), "it names no principal, expected host");
}

#[test]
fn what_an_error_shows_of_a_certificate_is_bounded_and_escaped() {
    let many = made(|builder| {
        for _ in 0..100 {
            builder.valid_principal(format!("\u{1b}[2J{}", "x".repeat(1000))).unwrap();
        }
    });
    let text = refused(&many);
    assert!(text.len() < 5000 && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn every_critical_option_is_unknown_and_an_extension_does_not_matter() {
    let conditional = made(|builder| {
        builder.valid_principal("host").unwrap().critical_option("force-command", "x").unwrap();
    });
    assert_eq!(refused(&conditional), "its critical option force-command is unknown");
    let extended = made(|builder| {
        builder.valid_principal("host").unwrap().extension("hint@example.org", "x").unwrap();
    });
    assert_eq!(checked(&extended), Ok(()));
}

#[test]
fn sha_1_is_for_legacy_upstreams_only() {
    let certificate = Certificate::from_openssh(SHA_1_CERTIFICATE).unwrap();
    assert_eq!(
        refused(&certificate),
        "it is signed with ssh-rsa, which needs SHA-1; `legacy = true` on this upstream allows that"
    );
    assert_eq!(check(&certificate, "host", at(VALID.start), true), Ok(()));
}

#[test]
fn the_authority_of_a_certificate_is_not_a_certificate() {
    let inner = host_certificate(1, &another_key(2), "host");
    let outer = host_certificate(3, &another_key(4), "host");
    let (inner, mut bytes) = (inner.to_bytes().unwrap(), outer.to_bytes().unwrap());
    let authority = another_key(3).to_bytes().unwrap();
    let start = bytes.windows(authority.len()).position(|window| window == authority).unwrap();
    let length = u32::try_from(inner.len()).unwrap().to_be_bytes();
    bytes.splice(start - 4..start + authority.len(), [&length[..], &inner].concat());
    let chained = Certificate::from_bytes(&bytes).unwrap();
    assert_eq!(refused(&chained), "its authority is a certificate, and chains of them are not allowed");
}

proptest! {
    #[test]
    fn a_changed_byte_spoils_the_certificate(at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut bytes = host_certificate(1, &another_key(2), "host").to_bytes().unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(changed) = Certificate::from_bytes(&bytes) {
            prop_assert!(checked(&changed).is_err());
        }
    }
}
