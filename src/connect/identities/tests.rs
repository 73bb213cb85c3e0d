use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use super::*;
use crate::connect::fixtures::{CERTIFICATE, ECDSA, ED25519, LOCKED, PASSPHRASE, RSA, blob, request};

/// A home directory.
struct Home(tempfile::TempDir);

impl Home {
    fn with(files: &[(&str, &str)]) -> Home {
        let home = Home(tempfile::tempdir().unwrap());
        std::fs::create_dir(home.0.path().join(".ssh")).unwrap();
        for (name, text) in files {
            std::fs::write(home.path(name), text).unwrap();
            std::fs::set_permissions(home.path(name), std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn choice(&self, files: &[&str]) -> KeyChoice {
        let files = files.iter().map(|file| self.path(file)).collect();
        KeyChoice { files, home: Some(self.0.path().to_owned()), ..KeyChoice::default() }
    }
}

fn certificate() -> Vec<u8> {
    let home = Home::with(&[("c", CERTIFICATE)]);
    key_file::certificate(&home.path("c")).unwrap()
}

/// 2026: the certificate is valid.
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_790_000_000)
}

fn listed(choice: &KeyChoice, agent: &[Vec<u8>]) -> (Vec<(Vec<u8>, bool)>, Vec<String>) {
    let mut warnings = Vec::new();
    let list = order(&KeyFiles::read(choice).unwrap(), agent, now(), &mut warnings);
    let list = list.into_iter().map(|it| (it.blob, matches!(it.holder, Holder::Agent(_)))).collect();
    (list, warnings)
}

#[test]
fn what_is_named_comes_before_the_agent_and_certificates_before_keys() {
    let home = Home::with(&[("id", ED25519), ("id-cert.pub", CERTIFICATE), ("other", RSA)]);
    let (list, warnings) = listed(&home.choice(&["id", "other"]), &[blob(ECDSA)]);
    let expected = [(certificate(), false), (blob(ED25519), false), (blob(RSA), false), (blob(ECDSA), true)];
    assert_eq!((list, warnings.len()), (expected.to_vec(), 0));
}

#[test]
fn the_usual_files_come_after_the_agent_and_only_where_nothing_was_named() {
    let usual =
        [(".ssh/id_rsa", RSA), (".ssh/id_ed25519", ED25519), (".ssh/id_ecdsa", "broken"), ("id", LOCKED)];
    let home = Home::with(&usual);
    let (list, _) = listed(&home.choice(&[]), &[blob(ECDSA)]);
    assert_eq!(list, [(blob(ECDSA), true), (blob(ED25519), false), (blob(RSA), false)]);
    let (list, _) = listed(&home.choice(&["id"]), &[]);
    assert_eq!(list, [(blob(LOCKED), false)]);
}

#[test]
fn the_agents_certificates_come_before_its_keys() {
    let home = Home::with(&[]);
    let (list, _) = listed(&home.choice(&[]), &[blob(ECDSA), certificate(), b"\0\0\0\x07ssh-dss".to_vec()]);
    assert_eq!(list, [(certificate(), true), (blob(ECDSA), true)]);
}

#[test]
fn only_what_is_named_still_uses_the_agent_for_it() {
    let home = Home::with(&[("id.pub", &public(ECDSA)), ("id", ED25519), ("id-cert.pub", CERTIFICATE)]);
    let choice = KeyChoice { only: true, ..home.choice(&["id.pub", "id"]) };
    let (list, warnings) = listed(&choice, &[blob(RSA), blob(ECDSA), blob(ED25519)]);
    assert_eq!(list, [(certificate(), true), (blob(ECDSA), true), (blob(ED25519), true)]);
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[test]
fn what_cannot_be_used_is_said() {
    let home = Home::with(&[("id.pub", &public(ECDSA)), ("lone-cert.pub", CERTIFICATE)]);
    let choice = KeyChoice { certificates: vec![home.path("lone-cert.pub")], ..home.choice(&["id.pub"]) };
    let (list, warnings) = listed(&choice, &[]);
    assert!(list.is_empty());
    assert!(
        warnings[0].contains("no private key") && warnings[1].contains("not in the agent"),
        "{warnings:?}"
    );
    let late = UNIX_EPOCH + Duration::from_secs(2_000_000_000);
    assert_eq!(certified_key(&certificate(), late), Err("the certificate has expired"));
    assert_eq!(certified_key(&certificate(), now()), Ok(blob(ED25519)));
}

#[test]
fn a_named_file_that_is_missing_is_named() {
    let home = Home::with(&[]);
    assert!(KeyFiles::read(&home.choice(&["missing"])).unwrap_err().to_string().contains("missing"));
}

#[tokio::test]
async fn a_locked_key_is_opened_by_whoever_is_asked_when_it_is_to_sign() {
    let home = Home::with(&[("id", LOCKED), ("askpass", &format!("#!/bin/sh\necho '{PASSPHRASE}'"))]);
    std::fs::set_permissions(home.path("askpass"), std::fs::Permissions::from_mode(0o700)).unwrap();
    let choice = home.choice(&["id"]);
    let signable =
        signing::check(request("ann", "ssh-ed25519", &blob(LOCKED)), "ssh-ed25519", "ann", &blob(LOCKED))
            .unwrap();
    for (person, opens) in [(Person::Askpass(home.path("askpass")), true), (Person::Nobody, false)] {
        let mut identities = KeyFiles::read(&choice).unwrap().collect(&person, now()).await;
        assert_eq!(identities.public(), [blob(LOCKED)]);
        assert_eq!(identities.sign(0, &signable, &person).await.is_ok(), opens, "{person:?}");
    }
}

fn public(key: &str) -> String {
    crate::connect::fixtures::private(key).public_key().to_openssh().unwrap()
}
