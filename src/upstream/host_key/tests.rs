mod certificates;

use super::*;
use crate::upstream::host_key::fixtures::{DSA, ECDSA_256, ED25519, RSA, another_key, key, text};

fn trusted(known_hosts: &str, pinned: &[&PublicKey]) -> TrustedHostKeys {
    let known_hosts = KnownHosts::parse(known_hosts.as_bytes()).unwrap();
    TrustedHostKeys::new(Some(known_hosts), pinned.iter().map(|key| Fingerprint::of(key)).collect())
}

fn pinned(keys: &[&PublicKey]) -> TrustedHostKeys {
    TrustedHostKeys::new(None, keys.iter().map(|key| Fingerprint::of(key)).collect())
}

fn mismatch(name: &str, found: &PublicKey, expected: &[&PublicKey]) -> HostKeyRefusal {
    HostKeyRefusal::Mismatch {
        name: name.into(),
        found: Fingerprint::of(found),
        expected: expected.iter().map(|key| Fingerprint::of(key)).collect(),
        authorities: Vec::new(),
    }
}

fn unknown(name: &str, found: &PublicKey) -> HostKeyRefusal {
    HostKeyRefusal::Unknown { name: name.into(), found: Fingerprint::of(found) }
}

fn revoked(name: &str, found: &PublicKey) -> HostKeyRefusal {
    HostKeyRefusal::Revoked { name: name.into(), found: Fingerprint::of(found) }
}

#[test]
fn any_key_on_record_for_the_host_is_trusted() {
    let (one, two) = (another_key(1), another_key(2));
    let trust = trusted(&format!("host {}\nhost {}\nhost {RSA}", text(&one), text(&two)), &[]);
    for key in [&one, &two, &key(RSA)] {
        assert_eq!(trust.verify("host", 22, key), Ok(()));
        assert_eq!(trust.verify("HOST", 22, key), Ok(()));
    }
}

#[test]
fn the_comments_of_keys_are_not_compared() {
    let mut presented = key(ED25519);
    presented.set_comment("presented");
    assert_eq!(trusted(&format!("host {ED25519} on record"), &[]).verify("host", 22, &presented), Ok(()));
}

#[test]
fn another_key_than_those_on_record_is_a_mismatch_that_names_them() {
    let (one, two, found) = (another_key(1), another_key(2), another_key(3));
    let trust =
        trusted(&format!("h* {}\nother {RSA}\nhost {}\nhost {}", text(&one), text(&two), text(&one)), &[]);
    let refusal = trust.verify("host", 22, &found).unwrap_err();
    assert_eq!(refusal, mismatch("host", &found, &[&one, &two]));
    let sha256 = [&found, &one, &two].map(|key| key.fingerprint(HashAlg::Sha256).to_string());
    assert_eq!(
        refusal.to_string(),
        format!("host key mismatch for host: found {}, expected {}, {}", sha256[0], sha256[1], sha256[2])
    );
}

#[test]
fn a_key_of_another_type_is_a_mismatch_too() {
    let trust = trusted(&format!("host {RSA}"), &[]);
    assert_eq!(trust.verify("host", 22, &key(ED25519)), Err(mismatch("host", &key(ED25519), &[&key(RSA)])));
}

#[test]
fn a_host_without_a_line_is_unknown() {
    let refusal = trusted(&format!("host {RSA}"), &[]).verify("other", 22, &key(RSA)).unwrap_err();
    assert_eq!(refusal, unknown("other", &key(RSA)));
    assert_eq!(
        refusal.to_string(),
        format!(
            "unknown host key for other: found {}, nothing is trusted for this host",
            key(RSA).fingerprint(HashAlg::Sha256)
        )
    );
}

#[test]
fn whether_a_host_can_be_recognised_at_all_is_known_beforehand() {
    let file =
        format!("[host]:2222 {RSA}\n@cert-authority *.org {ED25519}\n@revoked * {RSA}\nother {ED25519}");
    let trust = trusted(&file, &[]);
    for (host, port, any) in
        [("other", 22, true), ("other", 2222, false), ("a.org", 22, true), ("host", 2222, false)]
    {
        assert_eq!(trust.trusts_any(host, port), any, "{host} {port}");
    }
    assert!(pinned(&[&key(RSA)]).trusts_any("host", 22));
}

#[test]
fn with_nothing_configured_every_key_is_unknown() {
    let trust = TrustedHostKeys::new(None, Vec::new());
    assert_eq!(trust.verify("host", 22, &key(RSA)), Err(unknown("host", &key(RSA))));
    assert_eq!(trust.algorithms_on_record("host", 22, true), []);
    assert_eq!(trust.warnings(), []);
}

#[test]
fn a_host_key_belongs_to_a_name_and_a_port() {
    let (plain, other) = (another_key(1), another_key(2));
    let trust = trusted(&format!("host {}\n[host]:2222 {}", text(&plain), text(&other)), &[]);
    assert_eq!(trust.verify("host", 22, &plain), Ok(()));
    assert_eq!(trust.verify("host", 2222, &other), Ok(()));
    assert_eq!(trust.verify("host", 22, &other), Err(mismatch("host", &other, &[&plain])));
    assert_eq!(trust.verify("host", 2222, &plain), Err(mismatch("[host]:2222", &plain, &[&other])));
    assert_eq!(trust.verify("host", 2223, &plain), Err(unknown("[host]:2223", &plain)));
}

#[test]
fn a_pinned_key_is_trusted_for_any_host_and_another_is_a_mismatch() {
    let (one, two, found) = (another_key(1), another_key(2), another_key(3));
    let trust = pinned(&[&one, &two]);
    assert_eq!(trust.verify("host", 22, &one), Ok(()));
    assert_eq!(trust.verify("other", 2222, &two), Ok(()));
    assert_eq!(trust.verify("host", 22, &found), Err(mismatch("host", &found, &[&one, &two])));
}

#[test]
fn pinned_keys_and_keys_on_record_add_up() {
    let (on_record, pinned, found) = (another_key(1), another_key(2), another_key(3));
    let trust = trusted(&format!("host {}", text(&on_record)), &[&pinned, &on_record]);
    assert_eq!(trust.verify("host", 22, &on_record), Ok(()));
    assert_eq!(trust.verify("host", 22, &pinned), Ok(()));
    assert_eq!(trust.verify("host", 22, &found), Err(mismatch("host", &found, &[&on_record, &pinned])));
}

#[test]
fn revoked_wins_wherever_it_stands_and_however_it_names_the_host() {
    let (stolen, good) = (another_key(1), another_key(2));
    // `ssh-keygen -H` made this of ssh.example.com.
    let hashed = "|1|nZJGUGxn7NHbOYLDDVTJusgZRgs=|yHEvW6T59cwBvexiscsL4ngUqeE=";
    let host = "ssh.example.com";
    let lines = format!("{host} {}\n{host} {}\n", text(&stolen), text(&good));
    for names in [host, "*", "*.Example.com,!other", hashed] {
        let revocation = format!("@revoked {names} {} stolen\n", text(&stolen));
        for file in [format!("{revocation}{lines}"), format!("{lines}{revocation}")] {
            let trust = trusted(&file, &[&stolen]);
            let refusal = trust.verify(host, 22, &stolen).unwrap_err();
            assert_eq!(refusal, revoked(host, &stolen), "{file}");
            let found = stolen.fingerprint(HashAlg::Sha256);
            assert_eq!(refusal.to_string(), format!("revoked host key for {host}: found {found}"));
            assert_eq!(trust.verify(host, 22, &good), Ok(()), "{file}");
        }
    }
}

#[test]
fn a_revocation_for_another_host_changes_nothing() {
    let stolen = another_key(1);
    let trust = trusted(&format!("*,!host {0}\n@revoked *,!host {0}\nhost {0}", text(&stolen)), &[]);
    assert_eq!(trust.verify("host", 22, &stolen), Ok(()));
    assert_eq!(trust.verify("other", 22, &stolen), Err(revoked("other", &stolen)));
}

#[test]
fn a_key_revoked_for_a_name_is_revoked_on_all_its_ports() {
    let stolen = another_key(1);
    let trust = trusted(&format!("[host]:2222 {0}\n@revoked host {0}", text(&stolen)), &[&stolen]);
    assert_eq!(trust.verify("host", 2222, &stolen), Err(revoked("[host]:2222", &stolen)));
    let trust = trusted(&format!("host {0}\n@revoked [host]:2222 {0}", text(&stolen)), &[]);
    assert_eq!(trust.verify("host", 22, &stolen), Ok(()));
}

#[test]
fn a_revoked_key_is_not_among_those_expected() {
    let (stolen, good, found) = (another_key(1), another_key(2), another_key(3));
    let file = format!("host {0}\nhost {1}\n@revoked * {0}", text(&stolen), text(&good));
    assert_eq!(trusted(&file, &[]).verify("host", 22, &found), Err(mismatch("host", &found, &[&good])));
    let file = format!("host {0}\n@revoked * {0}", text(&stolen));
    let both = trusted(&file, &[&stolen, &good]);
    assert_eq!(both.verify("host", 22, &found), Err(mismatch("host", &found, &[&good])));
    let gone = trusted(&file, &[&stolen]);
    assert_eq!(gone.verify("host", 22, &found), Err(unknown("host", &found)));
    assert_eq!(trusted(&file, &[]).verify("host", 22, &found), Err(unknown("host", &found)));
}

#[test]
fn the_key_of_a_certificate_authority_is_not_a_host_key() {
    let (authority, good) = (another_key(1), another_key(2));
    let trust = trusted(&format!("@cert-authority * {}\nhost {}", text(&authority), text(&good)), &[]);
    let found = Fingerprint::of(&authority);
    assert_eq!(
        trust.verify("host", 22, &authority).unwrap_err().to_string(),
        format!(
            "host key mismatch for host: found {found}, expected {}, or a certificate by {found}",
            Fingerprint::of(&good)
        )
    );
    assert_eq!(
        trust.verify("other", 22, &authority).unwrap_err().to_string(),
        format!("host key mismatch for other: found {found}, expected a certificate by {found}")
    );
    assert_eq!(trust.warnings(), []);
}

fn names_on_record(file: &str, host: &str, port: u16, legacy: bool) -> Vec<String> {
    let algorithms = trusted(file, &[]).algorithms_on_record(host, port, legacy);
    algorithms.iter().map(|algorithm| algorithm.as_str().to_owned()).collect()
}

#[test]
fn algorithms_on_record_are_those_of_the_host_and_port_in_file_order_once() {
    let (one, two) = (text(&another_key(1)), text(&another_key(2)));
    let file = format!("host {ECDSA_256}\nhost {one}\nHOST {two}\n[host]:2222 {RSA}\nother {RSA}");
    assert_eq!(names_on_record(&file, "host", 22, true), ["ecdsa-sha2-nistp256", "ssh-ed25519"]);
    assert_eq!(names_on_record(&file, "unknown", 22, true), [""; 0]);
    assert_eq!(names_on_record(&file, "host", 2222, false), ["rsa-sha2-512", "rsa-sha2-256"]);
}

#[test]
fn an_rsa_key_offers_sha_1_only_to_a_legacy_upstream() {
    let file = format!("host {RSA}\nhost {ED25519}");
    assert_eq!(names_on_record(&file, "host", 22, false), ["rsa-sha2-512", "rsa-sha2-256", "ssh-ed25519"]);
    assert_eq!(
        names_on_record(&file, "host", 22, true),
        ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa", "ssh-ed25519"]
    );
}

#[test]
fn algorithms_of_revoked_keys_and_of_keys_that_cannot_be_verified_are_not_offered() {
    let file = format!("host {DSA}\nhost {ED25519}\nhost {ECDSA_256}\n@revoked * {ED25519}");
    assert_eq!(names_on_record(&file, "host", 22, true), ["ecdsa-sha2-nistp256"]);
}

#[test]
fn fingerprints_do_not_tell_which_algorithm_to_offer() {
    assert_eq!(pinned(&[&key(RSA)]).algorithms_on_record("host", 22, true), []);
}
