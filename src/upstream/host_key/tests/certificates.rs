use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::upstream::host_key::fixtures::{VALID, host_certificate};

/// The seed of the authority that most of these trust.
const AUTHORITY: u8 = 100;

fn authority() -> String {
    text(&another_key(AUTHORITY))
}

fn verdict(trust: &TrustedHostKeys, host: &str, port: u16, certificate: &Certificate) -> Result<(), String> {
    let now = UNIX_EPOCH + Duration::from_secs(VALID.start);
    trust.verify_certificate(host, port, certificate, now, false).map_err(|refusal| refusal.to_string())
}

fn fingerprint(seed: u8) -> String {
    Fingerprint::of(&another_key(seed)).to_string()
}

#[test]
fn a_certificate_by_an_authority_of_the_host_is_trusted() {
    let certificate = host_certificate(AUTHORITY, &another_key(1), "ssh.example.com");
    // `ssh-keygen -H` made this of ssh.example.com.
    let hashed = "|1|nZJGUGxn7NHbOYLDDVTJusgZRgs=|yHEvW6T59cwBvexiscsL4ngUqeE=";
    for names in ["ssh.example.com", "*.example.com,!other.example.com", "*", hashed] {
        let trust = trusted(&format!("@cert-authority {names} {}", authority()), &[]);
        assert_eq!(verdict(&trust, "ssh.example.com", 22, &certificate), Ok(()), "{names}");
        assert_eq!(verdict(&trust, "SSH.Example.Com", 22, &certificate), Ok(()), "{names}");
    }
}

#[test]
fn an_authority_belongs_to_a_name_and_a_port_and_a_principal_to_a_name() {
    let certificate = host_certificate(AUTHORITY, &another_key(1), "host");
    let trust = trusted(&format!("@cert-authority [host]:2222 {}", authority()), &[]);
    assert_eq!(verdict(&trust, "host", 2222, &certificate), Ok(()));
    for port in [22, 2223] {
        let refusal = verdict(&trust, "host", port, &certificate).unwrap_err();
        assert!(refusal.ends_with("none is trusted for this host"), "{refusal}");
    }
}

#[test]
fn an_authority_of_another_host_is_unknown_here() {
    let certificate = host_certificate(AUTHORITY, &another_key(1), "host");
    for names in ["other", "*,!host", "!host,*"] {
        let trust = trusted(&format!("@cert-authority {names} {}", authority()), &[]);
        assert_eq!(
            verdict(&trust, "host", 22, &certificate).unwrap_err(),
            format!(
                "unknown authority of the host certificate for host: found {}, none is trusted for this host",
                fingerprint(AUTHORITY)
            )
        );
    }
}

#[test]
fn another_authority_is_refused_with_those_expected() {
    let certificate = host_certificate(7, &another_key(1), "host");
    let lines = format!("@cert-authority host {0}\n@cert-authority h* {0}\n", authority());
    let trust = trusted(&format!("{lines}@cert-authority * {RSA}"), &[]);
    assert_eq!(
        verdict(&trust, "host", 22, &certificate).unwrap_err(),
        format!(
            "unknown authority of the host certificate for host: found {}, expected {}, {}",
            fingerprint(7),
            fingerprint(AUTHORITY),
            Fingerprint::of(&key(RSA))
        )
    );
}

#[test]
fn the_host_key_of_a_line_signs_no_certificates() {
    let certificate = host_certificate(AUTHORITY, &another_key(1), "host");
    let trust = trusted(&format!("host {}", authority()), &[&another_key(AUTHORITY)]);
    assert!(verdict(&trust, "host", 22, &certificate).is_err());
}

#[test]
fn a_certificate_that_is_no_good_is_refused_with_its_authority() {
    let trust = trusted(&format!("@cert-authority * {}", authority()), &[]);
    let certificate = host_certificate(AUTHORITY, &another_key(1), "other");
    assert_eq!(
        verdict(&trust, "host", 2222, &certificate).unwrap_err(),
        format!(
            "the host certificate for [host]:2222 by the authority {} is no good: it is for other, expected host",
            fingerprint(AUTHORITY)
        )
    );
}

#[test]
fn a_certified_key_that_is_trusted_by_itself_needs_no_certificate() {
    let certificate = host_certificate(7, &another_key(1), "elsewhere");
    let line = format!("host {}", text(&another_key(1)));
    let trust = trusted(&format!("{line}\n@cert-authority * {}", authority()), &[]);
    assert_eq!(verdict(&trust, "host", 22, &certificate), Ok(()));
    assert_eq!(verdict(&pinned(&[&another_key(1)]), "host", 22, &certificate), Ok(()));
    assert!(verdict(&pinned(&[&another_key(2)]), "host", 22, &certificate).is_err());
}

#[test]
fn a_pin_is_of_a_host_key_and_never_of_an_authority() {
    let certificate = host_certificate(AUTHORITY, &another_key(1), "host");
    assert!(verdict(&pinned(&[&another_key(AUTHORITY)]), "host", 22, &certificate).is_err());
}

#[test]
fn revoked_wins_over_certificates_wherever_it_stands() {
    let certificate = host_certificate(AUTHORITY, &another_key(1), "host");
    let line = format!("@cert-authority * {}", authority());
    for (seed, refusal) in [
        (1, "revoked host key for host: found "),
        (AUTHORITY, "revoked authority of the host certificate for host: found "),
    ] {
        let revocation = format!("@revoked host {}", text(&another_key(seed)));
        for file in [format!("{line}\n{revocation}"), format!("{revocation}\n{line}")] {
            let trust = trusted(&file, &[&another_key(1)]);
            let expected = format!("{refusal}{}", fingerprint(seed));
            assert_eq!(verdict(&trust, "host", 22, &certificate), Err(expected));
        }
    }
}

#[test]
fn an_authority_revoked_for_a_name_is_revoked_on_all_its_ports() {
    let certificate = host_certificate(AUTHORITY, &another_key(1), "host");
    let trust = trusted(&format!("@cert-authority * {0}\n@revoked host {0}", authority()), &[]);
    assert!(verdict(&trust, "host", 2222, &certificate).unwrap_err().starts_with("revoked authority"));
}

#[test]
fn certificates_and_keys_are_offered_only_when_they_can_be_recognised() {
    let (ca, key) = (format!("@cert-authority host {}\n", authority()), format!("host {ED25519}\n"));
    let revoked = format!("{ca}@revoked * {}\n", authority());
    let pin = another_key(1);
    let ed25519 = || vec![Algorithm::Ed25519];
    for (file, pins, first, keys, certificates) in [
        (&key, vec![], ed25519(), true, false),
        (&ca, vec![], vec![], false, true),
        (&format!("{key}{ca}"), vec![], ed25519(), true, true),
        (&ca, vec![&pin], vec![], true, true),
        (&revoked, vec![], vec![], true, false),
    ] {
        assert_eq!(trusted(file, &pins).offer("host", 22, false), Offer { first, keys, certificates });
    }
    let other = trusted(&ca, &[]).offer("other", 22, false);
    assert_eq!(other, Offer { first: vec![], keys: true, certificates: false });
}

#[test]
fn a_server_without_a_certificate_is_told_apart_when_only_that_would_do() {
    let ca = format!("@cert-authority host {}\n", authority());
    let offered = ["ssh-ed25519".to_owned(), "rsa-sha2-512\n".to_owned()];
    let refusal = trusted(&ca, &[]).no_certificate("host", 22, &offered).unwrap();
    assert_eq!(
        refusal.to_string(),
        format!(
            "no host certificate for host: it has only ssh-ed25519,rsa-sha2-512\\n, expected a certificate by {}",
            fingerprint(AUTHORITY)
        )
    );
    assert_eq!(trusted(&ca, &[]).no_certificate("other", 22, &offered), None);
    assert_eq!(trusted(&format!("{ca}host {RSA}"), &[]).no_certificate("host", 22, &offered), None);
}
