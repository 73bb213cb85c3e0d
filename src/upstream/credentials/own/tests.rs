use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::STANDARD};
use russh::keys::ssh_key::private::KeypairData;

use super::*;
use crate::config;

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_348_800)
}

/// The files of an upstream's credentials, gone on Drop.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Files {
        Files(tempfile::tempdir().unwrap())
    }

    fn key(&self, passphrase: &str) -> PathBuf {
        let path = self.0.path().join("key");
        let options = ["-q", "-C", "", "-t", "ed25519", "-N", passphrase, "-f"];
        let output = Command::new("ssh-keygen").args(options).arg(&path).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        path
    }

    fn secret(&self, text: &str) -> PathBuf {
        let path = self.0.path().join("secret");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        path
    }
}

/// The credentials of an upstream with these keys, in JSON.
fn load(keys: &str) -> Result<Own, OwnError> {
    let written = format!(r#"{{"address": "host", {keys}}}"#);
    let upstream: config::Upstream = serde_json::from_str(&written).unwrap();
    match upstream.credentials {
        config::Credentials::Own { user, proof } => Own::load("main", &user, &proof),
        config::Credentials::User => panic!("{keys}"),
    }
}

#[test]
fn a_key_logs_in_by_the_name_of_the_template() {
    let files = Files::new();
    let path = files.key("");
    let own =
        load(&format!(r#""credentials": "key", "key_file": {path:?}, "user": "web-{{user}}""#)).unwrap();
    let (user, credentials) = own.login("alice", "S1", now()).unwrap();
    assert_eq!(user, "web-alice");
    let Credentials::Key { key, certificate: None } = credentials else { panic!("{credentials:?}") };
    assert_eq!(*key, read_key_file(&path, || None).unwrap());
}

#[test]
fn an_encrypted_key_takes_its_passphrase_from_a_file() {
    let files = Files::new();
    let (key, right) = (files.key("correct horse"), files.secret("correct horse\n"));
    let keys = format!(r#""credentials": "key", "key_file": {key:?}"#);
    let with_passphrase = format!(r#"{keys}, "key_passphrase_file": {right:?}"#);
    assert!(load(&with_passphrase).is_ok());
    let missing = load(&keys).unwrap_err().to_string();
    assert_eq!(missing, format!("the key file {key:?} is encrypted, and there is no passphrase for it"));
    files.secret("wrong horse");
    let wrong = load(&with_passphrase).unwrap_err();
    assert_eq!(wrong.to_string(), format!("the key file {key:?} is encrypted, and the passphrase is wrong"));
    assert!(!format!("{wrong:?}").contains("horse"));
    fs::remove_file(&right).unwrap();
    let absent = load(&with_passphrase).unwrap_err().to_string();
    assert!(absent.starts_with(&format!("{}: ", right.display())), "{absent}");
}

#[test]
fn a_password_and_an_agent_are_handed_on() {
    let files = Files::new();
    let file = files.secret("canary-canary\n");
    let own = load(&format!(r#""credentials": "password", "password_file": {file:?}"#)).unwrap();
    let (user, credentials) = own.login("alice", "S1", now()).unwrap();
    assert!(!format!("{own:?} {credentials:?}").contains("canary"));
    let Credentials::Password(password) = credentials else { panic!("{credentials:?}") };
    assert_eq!((user.as_str(), password.expose()), ("alice", "canary-canary"));

    let own = load(r#""credentials": "agent", "agent_socket": "/run/agent""#).unwrap();
    let (_, credentials) = own.login("alice", "S1", now()).unwrap();
    let Credentials::Agent { socket, key: None } = credentials else { panic!("{credentials:?}") };
    assert_eq!(socket, Path::new("/run/agent"));
}

#[test]
fn a_certificate_is_made_for_each_login() {
    let files = Files::new();
    let path = files.key("");
    let own = load(&format!(r#""credentials": "certificate", "ca_key_file": {path:?}"#)).unwrap();
    let authority = read_key_file(&path, || None).unwrap();
    let login = |person: &str, session: &str| {
        let (user, credentials) = own.login(person, session, now()).unwrap();
        let Credentials::Key { key, certificate: Some(certificate) } = credentials else {
            panic!("{credentials:?}")
        };
        assert_eq!(user, person);
        assert_eq!(certificate.public_key(), key.public_key().key_data());
        assert_eq!(certificate.signature_key(), authority.public_key().key_data());
        assert_eq!(certificate.valid_principals(), [person]);
        (key, certificate.key_id().to_owned())
    };
    let (one, id) = login("alice", "S1");
    assert_eq!(id, "sftpbridge user=alice session=S1 upstream=main");
    let (two, id) = login("bob", "S2");
    assert_eq!(id, "sftpbridge user=bob session=S2 upstream=main");
    assert_ne!(one, two);
}

#[test]
fn nobodys_name_is_cut_down_to_somebody_elses() {
    let files = Files::new();
    let path = files.key("");
    let certificate = format!(r#""credentials": "certificate", "ca_key_file": {path:?}"#);
    let key = format!(r#""credentials": "key", "key_file": {path:?}"#);
    let refused = |keys: &str, person: &str| match load(keys).unwrap().login(person, "S1", now()) {
        Ok((user, _)) => panic!("{person} is {user}"),
        Err(error) => assert!(matches!(error, OwnError::Name { .. }), "{error}"),
    };
    for person in ["root:x", "root:", "root/sysadm_r", ":root"] {
        refused(&certificate, person);
        refused(&key, person);
        refused(&format!(r#"{key}, "user": "web-{{user}}""#), person);
        // Nothing of the name gets there.
        assert!(load(&format!(r#"{key}, "user": "web""#)).unwrap().login(person, "S1", now()).is_ok());
    }
    for person in ["x,root", "root,"] {
        refused(&format!(r#"{certificate}, "user": "web""#), person);
        let fixed = format!(r#"{certificate}, "user": "web", "certificate_principals": ["web"]"#);
        assert!(load(&fixed).unwrap().login(person, "S1", now()).is_ok());
        assert!(load(&key).unwrap().login(person, "S1", now()).is_ok());
    }
}

#[test]
fn the_key_of_an_authority_must_not_be_encrypted() {
    let files = Files::new();
    let path = files.key("correct horse");
    let error = load(&format!(r#""credentials": "certificate", "ca_key_file": {path:?}"#)).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("the key file {path:?} is encrypted, and there is no passphrase for it")
    );
}

/// All that a careless Debug or error could show of an Ed25519 key, in all the ways it could.
fn canaries(path: &Path, key: &PrivateKey) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let mut canaries: Vec<String> = text
        .lines()
        .filter(|line| !line.starts_with('-'))
        .map(|line| line[line.len() / 2..].to_owned())
        .collect();
    let KeypairData::Ed25519(pair) = key.key_data() else { panic!("{key:?}") };
    let seed = pair.private.as_ref();
    canaries.push(STANDARD.encode(seed)[..20].to_owned());
    for bytes in seed.windows(6) {
        let numbers: Vec<String> = bytes.iter().map(u8::to_string).collect();
        canaries.push(numbers.join(", "));
        canaries.push(numbers.join(",\n"));
        canaries.push(bytes.iter().map(|byte| format!("{byte:02x}")).collect());
        canaries.push(bytes.iter().map(|byte| format!("{byte:02X}")).collect());
    }
    canaries
}

#[track_caller]
fn shows_none(canaries: &[String], shown: &str) {
    let bare: String = shown.split_whitespace().collect();
    for canary in canaries {
        let bare_canary: String = canary.split_whitespace().collect();
        assert!(!shown.contains(canary.as_str()) && !bare.contains(&bare_canary), "{canary:?} in {shown}");
    }
}

#[test]
fn debug_shows_nothing_of_any_private_key() {
    let files = Files::new();
    let path = files.key("");
    let key = read_key_file(&path, || None).unwrap();
    let canaries = canaries(&path, &key);
    for keys in [
        format!(r#""credentials": "certificate", "ca_key_file": {path:?}"#),
        format!(r#""credentials": "key", "key_file": {path:?}"#),
    ] {
        let own = load(&keys).unwrap();
        shows_none(&canaries, &format!("{own:?} {own:#?}"));
        let login = own.login("alice", "S1", now()).unwrap();
        shows_none(&canaries, &format!("{login:?} {login:#?}"));
    }
}

#[test]
fn errors_show_nothing_of_a_private_key() {
    let files = Files::new();
    let path = files.key("");
    let key = read_key_file(&path, || None).unwrap();
    let canaries = canaries(&path, &key);
    let text = fs::read_to_string(&path).unwrap();
    let own = load(&format!(r#""credentials": "certificate", "ca_key_file": {path:?}"#)).unwrap();
    let early = own.login("alice", "S1", UNIX_EPOCH - Duration::from_secs(1)).unwrap_err();
    shows_none(&canaries, &format!("{early} {early:?} {early:#?}"));
    // A damaged key is still most of a key.
    for damaged in [text.replacen("b3BlbnNza", "b3BlbnNzb", 1), text.replace("-----BEGIN", "----BEGIN")] {
        fs::write(&path, damaged).unwrap();
        let error = load(&format!(r#""credentials": "certificate", "ca_key_file": {path:?}"#)).unwrap_err();
        shows_none(&canaries, &format!("{error} {error:?} {error:#?}"));
    }
}
