//! Public keys (RFC 4252, section 7) whose private half never leaves the client.

use std::path::Path;

use serde_json::json;

use super::{assert_sftp_works, nobody, sftp_fails, steps};
use crate::support::Site;
use crate::support::askpass::Askpass;
use crate::support::keys::{Keys, public};
use crate::support::node::Login;
use crate::support::sshd::Sshd;

const KINDS: [&str; 3] = ["ed25519", "ecdsa", "rsa"];

fn site(keys: &Keys, these: &[&Path]) -> Site {
    let only_keys = "PasswordAuthentication no";
    Site::with(Sshd::options().config(&keys.authorize(these)).config(only_keys).start(), |config| config)
}

fn connect_by(site: &Site, key: &Path) -> String {
    site.bridge.connect_as(&site.bridge.user.name, &format!("--identity {}", key.display()))
}

#[test]
fn a_key_of_each_kind_logs_sftp_in() {
    let keys = Keys::new();
    let files = KINDS.map(|kind| keys.make(kind));
    let site = site(&keys, &files.each_ref().map(|file| file.as_path()));
    let nobody = nobody();
    for file in &files {
        assert_sftp_works(&connect_by(&site, file), &nobody.variables(), &site.sshd);
    }
    assert_eq!(nobody.asked(), [""; 0]);
    assert_eq!(site.sshd.accepted().len(), KINDS.len());
}

#[test]
fn a_key_of_each_kind_logs_a_login_client_in() {
    let keys = Keys::new();
    let files = KINDS.map(|kind| keys.make(kind));
    let site = site(&keys, &files.each_ref().map(|file| file.as_path()));
    let user = &site.bridge.user.name;
    for file in &files {
        let key = json!({ "file": file, "public": public(file) });
        let step = json!({ "method": "publickey", "user": user, "key": key });
        let login = Login::run(&steps(&site.bridge, step));
        login.assert_worked(user);
        assert_eq!(login.count("sign"), 1, "{}", login.output);
    }
    let log = site.sshd.log();
    assert!(!log.contains("ssh-rsa SHA1"), "{log}");
}

#[test]
fn an_ecdsa_key_with_a_short_number_logs_sftp_in() {
    let keys = Keys::new();
    let key = keys.short_ecdsa();
    let site = site(&keys, &[&key]);
    assert_sftp_works(&connect_by(&site, &key), &nobody().variables(), &site.sshd);
}

#[test]
fn an_encrypted_key_logs_sftp_in_after_its_passphrase() {
    let keys = Keys::new();
    let key = keys.encrypted("ed25519", "a passphrase");
    let site = site(&keys, &[&key]);
    let person = Askpass::new(&[("assphrase", "a passphrase")]);
    assert_sftp_works(&connect_by(&site, &key), &person.variables(), &site.sshd);
    assert_eq!(person.asked().len(), 1, "{:?}", person.asked());
}

#[test]
fn an_encrypted_key_without_its_passphrase_does_not_let_sftp_in() {
    let keys = Keys::new();
    let key = keys.encrypted("ed25519", "a passphrase");
    let site = site(&keys, &[&key]);
    sftp_fails(&connect_by(&site, &key), &Askpass::new(&[("assphrase", "another")]).variables());
    assert_eq!(site.sshd.accepted(), [""; 0]);
}

#[test]
fn an_encrypted_key_in_pem_logs_a_login_client_in() {
    let keys = Keys::new();
    let file = keys.encrypted_pem("ecdsa", "a passphrase");
    let site = site(&keys, &[&file]);
    let key = json!({ "file": file, "public": public(&file), "passphrase": "a passphrase" });
    let step = json!({ "method": "publickey", "user": site.bridge.user.name, "key": key });
    Login::run(&steps(&site.bridge, step)).assert_worked(&site.bridge.user.name);
}

#[test]
fn a_key_that_the_server_does_not_know_is_refused_without_a_signature() {
    let keys = Keys::new();
    let (known, unknown) = (keys.make("ed25519"), keys.make("ecdsa"));
    let site = site(&keys, &[&known]);
    let key = json!({ "file": unknown, "public": public(&unknown) });
    let step = json!({ "method": "publickey", "user": site.bridge.user.name, "key": key });
    let login = Login::run(&steps(&site.bridge, step));
    assert_eq!(login.result["failure"], "refused", "{}", login.output);
    sftp_fails(&connect_by(&site, &unknown), &nobody().variables());
    assert_eq!(site.sshd.accepted(), [""; 0]);
}

#[test]
fn a_signature_by_another_key_is_refused() {
    let keys = Keys::new();
    let (known, other) = (keys.make("ed25519"), keys.authority("ed25519"));
    let site = site(&keys, &[&known]);
    let key = json!({ "file": other, "public": public(&known) });
    let step = json!({ "method": "publickey", "user": site.bridge.user.name, "key": key });
    let login = Login::run(&steps(&site.bridge, step));
    assert_eq!(login.result["failure"], "refused", "{}", login.output);
    assert_eq!(site.sshd.accepted(), [""; 0]);
}
