//! User certificates (PROTOCOL.certkeys of OpenSSH) that people bring.

use std::path::Path;

use serde_json::{Value, json};

use super::{assert_sftp_works, nobody, steps};
use crate::support::Site;
use crate::support::agent::Agent;
use crate::support::keys::Keys;
use crate::support::node::Login;
use crate::support::sshd::Sshd;
use crate::support::user::User;

const KINDS: [&str; 3] = ["ed25519", "ecdsa", "rsa"];

fn site(keys: &Keys, authority: &Path) -> Site {
    let only_keys = "PasswordAuthentication no";
    Site::with(Sshd::options().config(&keys.trust(authority)).config(only_keys).start(), |config| config)
}

fn step(key: &Path, certificate: &Path) -> Value {
    let user = User::read().name;
    json!({ "method": "publickey", "user": user, "key": { "file": key, "public": certificate } })
}

#[test]
fn a_certificate_beside_the_key_logs_sftp_in() {
    let keys = Keys::new();
    let authority = keys.authority("ed25519");
    let site = site(&keys, &authority);
    let user = &site.bridge.user.name;
    let nobody = nobody();
    for kind in KINDS {
        let key = keys.make(kind);
        keys.certify(&authority, &key, user);
        let transport = site.bridge.connect_as(user, &format!("--identity {}", key.display()));
        assert_sftp_works(&transport, &nobody.variables(), &site.sshd);
    }
    let accepted = site.sshd.accepted();
    assert!(
        accepted.iter().all(|line| line.contains("-CERT ") && line.contains("CA ED25519")),
        "{accepted:?}"
    );
}

#[test]
fn a_certificate_in_an_agent_logs_sftp_in() {
    let keys = Keys::new();
    let authority = keys.authority("ed25519");
    let site = site(&keys, &authority);
    let user = &site.bridge.user.name;
    let key = keys.make("ecdsa");
    keys.certify(&authority, &key, user);
    let agent = Agent::start().add(&key);
    let nobody = nobody();
    let mut variables = nobody.variables().to_vec();
    variables.push(("SSH_AUTH_SOCK", agent.socket()));
    assert_sftp_works(&site.bridge.connect_as(user, ""), &variables, &site.sshd);
}

#[test]
fn a_certificate_logs_a_login_client_in() {
    let keys = Keys::new();
    let authority = keys.authority("rsa");
    let site = site(&keys, &authority);
    for kind in KINDS {
        let key = keys.make(kind);
        let certificate = keys.certify(&authority, &key, &site.bridge.user.name);
        Login::run(&steps(&site.bridge, step(&key, &certificate))).assert_worked(&site.bridge.user.name);
    }
}

#[test]
fn a_certificate_for_somebody_else_is_refused() {
    let keys = Keys::new();
    let authority = keys.authority("ed25519");
    let site = site(&keys, &authority);
    let key = keys.make("ed25519");
    let certificate = keys.certify(&authority, &key, "somebody-else");
    let login = Login::run(&steps(&site.bridge, step(&key, &certificate)));
    assert_eq!(login.result["failure"], "refused", "{}", login.output);
    assert!(site.sshd.log().contains("name is not a listed principal"), "{}", site.sshd.log());
}
