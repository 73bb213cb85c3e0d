//! Two methods one after the other: partial success (RFC 4252, section 5.1).

use std::path::Path;

use serde_json::{Value, json};

use super::{assert_sftp_works, steps};
use crate::support::Site;
use crate::support::askpass::Askpass;
use crate::support::keys::{Keys, public};
use crate::support::node::Login;
use crate::support::sshd::Sshd;

fn site(keys: &Keys, key: &Path) -> Site {
    let both = "AuthenticationMethods publickey,password";
    Site::with(Sshd::options().config(&keys.authorize(&[key])).config(both).start(), |config| config)
}

fn by_key(user: &str, key: &Path) -> Value {
    json!({ "method": "publickey", "user": user, "key": { "file": key, "public": public(key) } })
}

#[test]
fn a_key_and_then_a_password_log_sftp_in() {
    let keys = Keys::new();
    let key = keys.make("ed25519");
    let site = site(&keys, &key);
    let user = &site.bridge.user;
    let person = Askpass::new(&[("assword", &user.password)]);
    let transport = site.bridge.connect_as(&user.name, &format!("--identity {}", key.display()));
    assert_sftp_works(&transport, &person.variables(), &site.sshd);
    assert!(site.sshd.log().contains("Partial publickey for"), "{}", site.sshd.log());
}

#[test]
fn a_key_and_then_a_password_log_a_login_client_in() {
    let keys = Keys::new();
    let key = keys.make("ed25519");
    let site = site(&keys, &key);
    let user = &site.bridge.user;
    let password = json!({ "method": "password", "user": user.name, "password": user.password });
    let login = Login::run(&steps(&site.bridge, json!([by_key(&user.name, &key), password])));
    login.assert_worked(&user.name);
    let failure = login.messages.iter().find(|message| message["type"] == "failure").expect("a failure");
    assert_eq!(
        (&failure["code"], &failure["methods"]),
        (&json!("partial"), &json!(["password"])),
        "{failure}"
    );
    assert_eq!(site.sshd.connections(), 1, "both on one connection");
}

#[test]
fn a_key_alone_is_not_enough() {
    let keys = Keys::new();
    let key = keys.make("ed25519");
    let site = site(&keys, &key);
    let login = Login::run(&steps(&site.bridge, by_key(&site.bridge.user.name, &key)));
    assert_eq!(login.result["failure"], "partial", "{}", login.output);
    assert_eq!(site.sshd.accepted(), [""; 0]);
}
