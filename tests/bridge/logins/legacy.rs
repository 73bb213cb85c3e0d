//! A server of 2010: RSA with SHA-1, group 14 with SHA-1, CBC, HMAC with SHA-1. For passwords that is OpenSSH, told to
//! offer nothing else. But it still says that it knows better signatures of people, as no old server does; so for those it
//! is ssh2.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{assert_sftp_works, nobody, sftp_fails, steps};
use crate::support::Site;
use crate::support::bridge::Config;
use crate::support::host_keys::HostKeys;
use crate::support::identity::{HEADER, PROXY, trusted_header};
use crate::support::keys::{Keys, public};
use crate::support::node::{Login, node};
use crate::support::process::Running;
use crate::support::session::Session;
use crate::support::sshd::Sshd;
use crate::support::user::User;

const OLD: &str = "HostKeyAlgorithms ssh-rsa\nKexAlgorithms diffie-hellman-group14-sha1\n\
                   Ciphers aes128-cbc\nMACs hmac-sha1";

fn old() -> Sshd {
    Sshd::options().config(OLD).start()
}

fn legacy(sshd: Sshd) -> Site {
    Site::with(sshd, |config| config.upstream("legacy = true"))
}

/// ssh2 as an old server, which takes one RSA key and no password.
struct Old {
    port: u16,
    process: Running,
    key: PathBuf,
    _keys: Keys,
}

impl Old {
    fn start() -> Old {
        let keys = Keys::new();
        let key = keys.make("rsa");
        let host = HostKeys::named("main").private_keys().find(|file| file.ends_with("rsa")).unwrap();
        let parameters = json!({ "key": host, "authorized": key });
        let mut process = node("old_server.js", &parameters);
        let port = process.line("the port", |line| line.strip_prefix("port ")?.parse().ok());
        Old { port, process, key, _keys: keys }
    }

    /// The algorithms of the signatures that let somebody in.
    fn accepted(&self) -> Vec<String> {
        self.process
            .stdout()
            .lines()
            .filter_map(|line| Some(line.strip_prefix("accepted ")?.to_owned()))
            .collect()
    }
}

fn password(user: &User) -> Value {
    json!({ "method": "password", "user": user.name, "password": user.password })
}

fn by_key(user: &str, key: &Path) -> Value {
    json!({ "method": "publickey", "user": user, "key": { "file": key, "public": public(key) } })
}

#[test]
fn an_old_server_is_refused_in_the_conversation_and_the_log_names_legacy() {
    let site = Site::with(old(), |config| config);
    let login = Login::run(&steps(&site.bridge, password(&site.bridge.user)));
    assert_eq!(login.result["failure"], "upstream-failed", "{}", login.output);
    // What an operator can do about it is no business of a visitor.
    assert!(!login.output.contains("legacy"), "{}", login.output);
    let said = sftp_fails(&site.bridge.connect_line(), &nobody().variables());
    assert!(said.stderr.contains("sftpbridge: "), "{}", said.stderr);
    let log = site.bridge.log();
    let causes = log.lines().filter(|line| line.contains("no common") && line.contains("legacy = true"));
    assert_eq!(causes.count(), 2, "{log}");
    assert_eq!(site.sshd.accepted(), [""; 0]);
}

#[test]
fn with_legacy_a_password_logs_in_to_an_old_server() {
    let site = legacy(old());
    Login::run(&steps(&site.bridge, password(&site.bridge.user))).assert_worked(&site.bridge.user.name);
    assert_sftp_works(&site.bridge.connect_line(), &nobody().variables(), &site.sshd);
    assert_eq!(site.sshd.accepted().len(), 2);
}

#[test]
fn with_legacy_an_rsa_key_logs_in_to_an_old_server_by_sha_1() {
    let old = Old::start();
    let bridge = Config::to_port(old.port).upstream("legacy = true").start();
    let user = &bridge.user.name;
    let login = Login::run(&steps(&bridge, by_key(user, &old.key)));
    login.assert_worked(user);
    assert_eq!(algorithms(&login), ["ssh-rsa"]);
    assert_eq!(old.accepted(), ["ssh-rsa"]);
}

#[test]
fn with_legacy_an_rsa_key_signs_by_sha_2_where_the_server_knows_it() {
    let keys = Keys::new();
    let key = keys.make("rsa");
    let site = legacy(Sshd::options().config(&keys.authorize(&[&key])).start());
    let login = Login::run(&steps(&site.bridge, by_key(&site.bridge.user.name, &key)));
    login.assert_worked(&site.bridge.user.name);
    assert_eq!(algorithms(&login), ["rsa-sha2-512"]);
}

#[test]
fn without_legacy_no_signature_by_sha_1_is_asked_for() {
    // Only the signatures of people are old there.
    let keys = Keys::new();
    let key = keys.make("rsa");
    let only = "PubkeyAcceptedAlgorithms ssh-rsa";
    let sshd = Sshd::options().config(&keys.authorize(&[&key])).config(only).start();
    let site = Site::with(sshd, |config| config);
    let login = Login::run(&steps(&site.bridge, by_key(&site.bridge.user.name, &key)));
    assert_eq!(login.result["failure"], "refused", "{}", login.output);
    assert!(!algorithms(&login).contains(&"ssh-rsa"), "{}", login.output);
    assert_eq!(site.sshd.accepted(), [""; 0]);
}

#[test]
fn with_legacy_the_bridges_own_rsa_key_logs_in_to_an_old_server() {
    let old = Old::start();
    let bridge = Config::to_port(old.port)
        .upstream(&format!("legacy = true\ncredentials = \"key\"\nkey_file = {:?}", old.key))
        .section(&trusted_header())
        .start();
    let request = bridge.anonymous().source(PROXY).header(HEADER, &bridge.user.name);
    Session::start(request.open()).is_alive();
    assert_eq!(old.accepted(), ["ssh-rsa"]);
}

#[test]
fn connect_signs_nothing_by_sha_1() {
    let old = Old::start();
    let bridge = Config::to_port(old.port).upstream("legacy = true").start();
    let transport = bridge.connect_as(&bridge.user.name, &format!("--identity {}", old.key.display()));
    sftp_fails(&transport, &nobody().variables());
    assert_eq!(old.accepted(), [""; 0]);
}

/// By which the client was asked to sign.
fn algorithms(login: &Login) -> Vec<&str> {
    login.messages.iter().filter_map(|message| message["algorithm"].as_str()).collect()
}
