//! Certificates that the bridge makes itself, for people whom it knows by other means.

use std::fs;

use serde_json::json;

use super::{assert_belongs_to_user, assert_sftp_works, nobody, steps};
use crate::support::bridge::Config;
use crate::support::files::Scratch;
use crate::support::http::Request;
use crate::support::identity::{HEADER, Minting, PROXY, Tokens, trusted_header, users_file};
use crate::support::keys::Keys;
use crate::support::node::Login;
use crate::support::session::Session;
use crate::support::sshd::Sshd;
use crate::support::user::User;
use crate::support::wait::{SOON, wait_for};

fn behind_the_proxy(site: &Minting, person: &str) -> Request {
    site.bridge.anonymous().source(PROXY).header(HEADER, person)
}

#[test]
fn an_authority_of_each_kind_of_key_logs_people_in_under_their_own_names() {
    for kind in ["ed25519", "ecdsa", "rsa"] {
        let site = Minting::with(kind, |config| config.section(&trusted_header()));
        let mut session = Session::start(behind_the_proxy(&site, &site.user.name).open());
        let file = site.sshd.remote("file");
        let handle = session.create(&file);
        session.write(&handle, 0, b"mine");
        session.close(&handle);
        assert_belongs_to_user(file.as_ref());
        assert_eq!(fs::read(&file).unwrap(), b"mine");
    }
}

#[test]
fn sshd_logs_the_person_and_the_session() {
    let site = Minting::behind_a_proxy();
    let mut session = Session::start(behind_the_proxy(&site, &site.user.name).open());
    session.is_alive();
    session.ws.send_close(1000);
    let end = site.bridge.session_end();
    let accepted = site.sshd.accepted().join("\n");
    let (user, id) = (&site.user.name, end.get("session"));
    assert!(accepted.contains(&format!("Accepted publickey for {user} ")), "{accepted}");
    assert!(accepted.contains("ED25519-CERT "), "{accepted}");
    for part in [format!("user={user}"), format!("session={id}"), "upstream=main".to_owned()] {
        assert!(accepted.contains(&part), "{part} is not in: {accepted}");
    }
}

#[test]
fn each_login_has_a_key_and_a_serial_of_its_own() {
    let site = Minting::behind_a_proxy();
    for _ in 0..2 {
        Session::start(behind_the_proxy(&site, &site.user.name).open()).is_alive();
    }
    let accepted = wait_for("two logins", SOON, || Some(site.sshd.accepted()).filter(|all| all.len() == 2));
    let word = |line: &str, after: &str| {
        let rest = line.split(after).nth(1).unwrap_or_else(|| panic!("no {after} in {line}"));
        rest.split(' ').next().unwrap().to_owned()
    };
    for after in ["-CERT ", "(serial "] {
        assert_ne!(word(&accepted[0], after), word(&accepted[1], after));
    }
}

#[test]
fn somebody_whom_the_upstream_does_not_have_is_not_let_in() {
    let site = Minting::behind_a_proxy();
    for person in ["root", "no-such-person"] {
        let answer = behind_the_proxy(&site, person).send();
        assert_ne!(answer.status, 101, "{person}");
    }
    assert_eq!(site.sshd.accepted(), [""; 0]);
}

#[test]
fn a_person_of_a_users_file_logs_in_by_connect_and_by_a_login_client() {
    let (scratch, person) = (Scratch::new(), User::read().name);
    let site = Minting::with("ed25519", |config| {
        config.section(&users_file(&scratch, &[(&person, "the bridge's password")]))
    });
    let file = scratch.join("password");
    fs::write(&file, "the bridge's password\n").unwrap();
    let transport = site.bridge.connect_as(&person, &format!("--password-file {}", file.display()));
    assert_sftp_works(&transport, &nobody().variables(), &site.sshd);
    let step = json!({ "method": "password", "user": person, "password": "the bridge's password" });
    Login::run(&steps(&site.bridge, step)).assert_worked(&person);
    assert_eq!(site.sshd.accepted().len(), 2);
}

#[test]
fn a_person_with_a_token_logs_in_by_a_login_client() {
    let (scratch, person) = (Scratch::new(), User::read().name);
    let tokens = Tokens::issue(&scratch, &person);
    let site = Minting::with("ed25519", |config| config.section(&tokens.section()));
    let step = json!({ "method": "bearer", "token": tokens.get("good") });
    Login::run(&steps(&site.bridge, step)).assert_worked(&person);
    let mut by_header = steps(&site.bridge, json!({ "method": "external" }));
    by_header["headers"] = json!({ "Authorization": format!("Bearer {}", tokens.get("good")) });
    Login::run(&by_header).assert_worked(&person);
    assert_eq!(site.sshd.accepted().len(), 2);
}

#[test]
fn a_person_behind_a_proxy_logs_in_by_a_login_client() {
    let site = Minting::behind_a_proxy();
    let mut parameters = steps(&site.bridge, json!({ "method": "external" }));
    parameters["from"] = "127.0.0.2".into();
    parameters["headers"] = json!({ HEADER: site.user.name, "Origin": origin(&site) });
    let login = Login::run(&parameters);
    login.assert_worked(&site.user.name);
    assert_eq!(login.messages[0]["user"], site.user.name.as_str(), "hello says who it is");
}

fn origin(site: &Minting) -> String {
    format!("http://127.0.0.1:{}", site.bridge.port)
}

/// One account for several people; sshd has a list of those who may.
fn shared_account(more: &str) -> (Sshd, crate::support::bridge::Bridge, Keys) {
    let keys = Keys::new();
    let authority = keys.authority("ed25519");
    let sshd = Sshd::options()
        .config(&keys.trust(&authority))
        .config(&keys.principals(&["alice", "carol"]))
        .config("PasswordAuthentication no")
        .start();
    let bridge = Config::to(&sshd)
        .upstream("credentials = \"certificate\"")
        .upstream(&format!("user = {:?}", User::read().name))
        .upstream(&format!("ca_key_file = {authority:?}"))
        .upstream("certificate_principals = [\"{user}\"]")
        .upstream(more)
        .section(&trusted_header())
        .start();
    (sshd, bridge, keys)
}

#[test]
fn several_people_share_an_account_and_sshd_tells_them_apart() {
    let (sshd, bridge, _keys) = shared_account("");
    let request = |person: &str| bridge.anonymous().source(PROXY).header(HEADER, person);
    for person in ["alice", "carol"] {
        Session::start(request(person).open()).is_alive();
        assert!(sshd.accepted().last().unwrap().contains(&format!("user={person}")), "{}", sshd.log());
    }
    assert_ne!(request("bob").send().status, 101);
    assert_eq!(sshd.accepted().len(), 2);
}

#[test]
fn a_certificate_is_good_from_the_bridges_address_alone() {
    let request =
        |bridge: &crate::support::bridge::Bridge| bridge.anonymous().source(PROXY).header(HEADER, "alice");
    let (sshd, bridge, _keys) = shared_account("certificate_source_address = [\"127.0.0.1/32\"]");
    Session::start(request(&bridge).open()).is_alive();
    assert_eq!(sshd.accepted().len(), 1);
    let (sshd, bridge, _keys) = shared_account("certificate_source_address = [\"192.0.2.0/24\"]");
    assert_ne!(request(&bridge).send().status, 101);
    assert_eq!(sshd.accepted(), [""; 0]);
}
