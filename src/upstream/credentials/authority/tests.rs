use std::fs;
use std::process::Command;

use proptest::prelude::*;
use russh::keys::ssh_key::private::{EcdsaKeypair, KeypairData, RsaKeypair};
use russh::keys::{EcdsaCurve, HashAlg};

use super::*;

/// 2026-11-22T12:00:00Z.
const NOON: u64 = 1_795_348_800;

fn noon() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOON)
}

fn fresh(seed: u8) -> Fresh {
    Fresh { seed: Zeroizing::new([seed; 32]), nonce: [seed; 32], serial: 42 }
}

fn ed25519() -> PrivateKey {
    PrivateKey::from(Ed25519Keypair::from_seed(&[200; 32]))
}

/// As the configuration has it; `extra` is more keys of the upstream, in JSON.
fn settings(extra: &str) -> config::Authority {
    let written = format!(
        r#"{{"address": "host", "host_keys": [], "credentials": "certificate", "ca_key_file": "ca" {extra}}}"#
    );
    let upstream: config::Upstream = serde_json::from_str(&written).unwrap();
    match upstream.credentials {
        config::Credentials::Own { proof: config::Proof::Certificate(authority), .. } => authority,
        other => panic!("{other:?}"),
    }
}

fn authority(extra: &str) -> CertificateAuthority {
    CertificateAuthority::new(ed25519(), "main", &settings(extra))
}

/// What `ssh-keygen -L` prints of a certificate, without the line of the file's name.
fn shown(certificate: &Certificate) -> Vec<String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), certificate.to_openssh().unwrap()).unwrap();
    let output = Command::new("ssh-keygen").args(["-L", "-f"]).arg(file.path()).env("TZ", "UTC").output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().skip(1).map(|line| line.trim().to_owned()).collect()
}

#[test]
fn ssh_keygen_shows_what_the_configuration_says() {
    let authority = authority(
        r#", "certificate_validity": "10m", "certificate_principals": ["{user}", "sftp-{user}", "web"],
            "certificate_source_address": ["192.0.2.7/24", "2001:db8::/32"]"#,
    );
    let (key, certificate) = authority.issue("alice", "S1", noon(), &fresh(1)).unwrap();
    assert_eq!(
        shown(&certificate),
        [
            "Type: ssh-ed25519-cert-v01@openssh.com user certificate",
            &format!("Public key: ED25519-CERT {}", key.fingerprint(HashAlg::Sha256)),
            &format!("Signing CA: ED25519 {} (using ssh-ed25519)", ed25519().fingerprint(HashAlg::Sha256)),
            r#"Key ID: "sftpbridge user=alice session=S1 upstream=main""#,
            "Serial: 42",
            "Valid: from 2026-11-22T11:59:00 to 2026-11-22T12:10:00",
            "Principals:",
            "alice",
            "sftp-alice",
            "web",
            "Critical Options:",
            "source-address 192.0.2.0/24,2001:db8::/32",
            "Extensions: (none)",
        ]
    );
}

#[test]
fn without_more_than_a_key_a_certificate_is_for_the_person_for_five_minutes() {
    let (_, certificate) = authority("").issue("alice", "S1", noon(), &fresh(1)).unwrap();
    let shown = shown(&certificate);
    let shown: Vec<_> = shown.iter().map(String::as_str).skip(5).collect();
    assert_eq!(
        shown,
        [
            "Valid: from 2026-11-22T11:59:00 to 2026-11-22T12:05:00",
            "Principals:",
            "alice",
            "Critical Options: (none)",
            "Extensions: (none)",
        ]
    );
}

#[test]
fn any_type_of_key_signs_and_rsa_without_sha_1() {
    let mut rng = russh::keys::key::safe_rng();
    let mut keys = vec![(ed25519(), "(using ssh-ed25519)".to_owned())];
    for (curve, name) in
        [(EcdsaCurve::NistP256, "256"), (EcdsaCurve::NistP384, "384"), (EcdsaCurve::NistP521, "521")]
    {
        let pair = KeypairData::from(EcdsaKeypair::random(&mut rng, curve).unwrap());
        keys.push((pair.try_into().unwrap(), format!("(using ecdsa-sha2-nistp{name})")));
    }
    let pair = KeypairData::from(RsaKeypair::random(&mut rng, 2048).unwrap());
    keys.push((pair.try_into().unwrap(), "(using rsa-sha2-512)".to_owned()));
    for (key, using) in keys {
        let authority = CertificateAuthority::new(key, "main", &settings(""));
        let (_, certificate) = authority.issue("alice", "S1", noon(), &fresh(1)).unwrap();
        let signed = &shown(&certificate)[2];
        assert!(signed.ends_with(&using), "{signed}");
        assert!(certificate.validate_at(NOON, [&authority.key.fingerprint(HashAlg::Sha256)]).is_ok());
    }
}

#[test]
fn every_login_has_its_own_key_nonce_and_serial() {
    let authority = authority("");
    let issue = || authority.issue("alice", "S1", noon(), &Fresh::from_system().unwrap()).unwrap();
    let ((key, one), (_, two)) = (issue(), issue());
    assert_eq!(key.public_key().key_data(), one.public_key());
    assert_ne!(one.public_key(), two.public_key());
    assert_ne!(one.nonce(), two.nonce());
    assert_ne!(one.serial(), two.serial());
}

#[test]
fn a_principal_that_two_templates_give_is_named_once() {
    let authority = authority(r#", "certificate_principals": ["web", "{user}", "web"]"#);
    let (_, certificate) = authority.issue("web", "S1", noon(), &fresh(1)).unwrap();
    assert_eq!(certificate.valid_principals(), ["web"]);
}

#[test]
fn a_clock_far_off_is_no_panic() {
    let authority = authority("");
    let before = UNIX_EPOCH - Duration::from_secs(1);
    assert!(authority.issue("alice", "S1", before, &fresh(1)).is_err());
    let (_, certificate) = authority.issue("alice", "S1", UNIX_EPOCH, &fresh(1)).unwrap();
    assert_eq!((certificate.valid_after(), certificate.valid_before()), (0, 300));
}

#[test]
fn a_name_cannot_forge_a_field_of_the_key_id() {
    assert_eq!(
        key_id("a session=x (serial 1)\\\"ü%", "S1", "EU-West_2"),
        "sftpbridge user=a%20session%3Dx%20%28serial%201%29%5C%22%C3%BC%25 session=S1 upstream=EU-West_2"
    );
    assert_eq!(escaped("first.last+tag@example.org"), "first.last+tag@example.org");
}

#[test]
fn debug_shows_the_fingerprint_of_the_key_and_no_more_of_it() {
    let shown = format!("{:?}", authority(""));
    assert!(shown.contains(&ed25519().fingerprint(HashAlg::Sha256).to_string()), "{shown}");
    assert!(!shown.contains("200, 200") && !shown.to_lowercase().contains("c8c8"), "{shown}");
}

proptest! {
    #[test]
    fn a_key_id_has_always_four_words_and_no_two_names_share_one(one in ".{0,40}", two in ".{0,40}") {
        let (first, second) = (key_id(&one, "S1", "main"), key_id(&two, "S1", "main"));
        prop_assert_eq!(first.split(' ').count(), 4);
        prop_assert!(first.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '));
        prop_assert_eq!(first == second, one == two);
    }
}
