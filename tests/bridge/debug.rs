//! What `{:?}` of the public types says, which is what ends in a log or a panic: no secret that they hold.

use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::SystemTime;

use russh::keys::ssh_key::private::KeypairData;
use sftpbridge::auth::{Begun, Ended, Identities, SignInError, hash_password};
use sftpbridge::config::{self, Config, Overrides, Secret};
use sftpbridge::connect::{self, KeyFiles, Target, Token, Trust};
use sftpbridge::login::{
    Action, Attempt, ClientMessage, Event, Machine, Method, Proof, Reply, Resume, ServerMessage, Terms,
    VisibleUpstream,
};
use sftpbridge::server::Bridge;
use sftpbridge::upstream::{Credentials, OnlyPassword, Own, read_key_file};

use crate::logs::assert_hidden;
use crate::support::files::Scratch;
use crate::support::host_keys::HostKeys;
use crate::support::identity::Tokens;
use crate::support::keys::Keys;
use crate::support::process::{run, tool};
use crate::support::wait::SOON;

/// Long enough for the key of a cookie.
const CANARY: &str = "canary-0123456789-canary-0123456789-canary";

fn secret() -> Secret {
    Secret::new(CANARY.to_owned())
}

/// On one line and on several.
fn shown(value: &impl Debug) -> [String; 2] {
    // Bytes stand in a line each there.
    let lines = format!("{value:#?}");
    [format!("{value:?}"), lines.split_whitespace().collect::<Vec<_>>().join(" ")]
}

#[track_caller]
fn assert_silent(value: &impl Debug) {
    assert_hides(value, &[CANARY]);
}

#[track_caller]
fn assert_hides(value: &impl Debug, secrets: &[&str]) {
    for shown in shown(value) {
        assert!(!shown.is_empty());
        for secret in secrets {
            assert_hidden(&shown, secret);
        }
    }
}

/// The private number of a key is not in it, in any usual form of bytes.
#[track_caller]
fn assert_hides_key(value: &impl Debug, private: &[u8]) {
    let joined = |form: fn(&u8) -> String, by: &str| private.iter().map(form).collect::<Vec<_>>().join(by);
    let forms = [
        joined(|byte| byte.to_string(), ", "),
        joined(|byte| format!("{byte:02x}"), ""),
        joined(|byte| format!("{byte:02X}"), ""),
        joined(|byte| format!("{byte:#04x}"), ", "),
    ];
    for shown in shown(value) {
        for form in &forms {
            assert!(!shown.contains(form), "{form} is in the text");
        }
    }
}

/// The private number of a key without a passphrase.
fn private(key: &Path) -> Vec<u8> {
    let key = read_key_file(key, || None).unwrap();
    match key.key_data() {
        KeypairData::Ed25519(pair) => pair.private.to_bytes().to_vec(),
        KeypairData::Ecdsa(pair) => pair.private_key_bytes().to_vec(),
        KeypairData::Rsa(pair) => pair.private().d().as_bytes().to_vec(),
        other => panic!("{:?}", other.algorithm()),
    }
}

#[test]
fn no_message_of_a_login_shows_its_secret() {
    for said in [
        r#"{"type":"login","user":"ann","method":"password","password":"CANARY"}"#,
        r#"{"type":"login","method":"bearer","token":"CANARY"}"#,
        r#"{"type":"login","method":"resume","token":"CANARY"}"#,
        r#"{"type":"login","user":"ann","method":"telepathy","password":"CANARY","token":"CANARY"}"#,
        r#"{"type":"answer","id":7,"answers":["ann","CANARY"]}"#,
    ] {
        let message: ClientMessage = serde_json::from_str(&said.replace("CANARY", CANARY)).unwrap();
        assert_silent(&message);
        if let ClientMessage::Login(request) = message {
            assert_silent(&request);
            assert_silent(&request.method);
        }
    }
    let ready = ServerMessage::Ready {
        upstream: "main".to_owned(),
        user: "ann".to_owned(),
        max_packet: 1,
        resume_token: Some(secret()),
        resume_seconds: 1,
        session: None,
        banner: None,
    };
    assert_silent(&ready);
    assert_silent(&Action::Send(ready));
    assert_silent(&Resume { token: secret(), time: SOON });
    assert_silent(&Action::Reply(Reply::Answers(vec![secret()])));
    for proof in [Proof::Password(secret()), Proof::Bearer(secret()), Proof::Resume(secret())] {
        assert_silent(&proof);
        let (upstream, user) = ("main".to_owned(), "ann".to_owned());
        assert_silent(&Action::Begin(Attempt { upstream, named: true, user, proof }));
    }
}

#[test]
fn no_message_that_cannot_be_read_is_quoted_by_its_error() {
    for said in [
        r#"{"type":"login","user":["CANARY"],"method":"password","password":"CANARY"}"#,
        r#"{"type":"login","method":"password","password":["CANARY"]}"#,
        r#"{"type":"login","method":"bearer","token":{"CANARY":1}}"#,
        r#"{"type":"answer","id":"x","answers":["CANARY"]}"#,
        r#"{"type":"answer","id":1,"answers":"CANARY"}"#,
    ] {
        let text = said.replace("CANARY", CANARY);
        let mut machine = machine();
        let actions = machine.on(Event::Text(&text));
        assert_silent(&actions);
        assert_silent(&machine);
    }
}

#[test]
fn no_credentials_for_an_upstream_show_themselves() {
    assert_silent(&secret());
    assert_silent(&Credentials::Password(secret()));
    assert_silent(&OnlyPassword::new(secret()));
    let keys = Keys::new();
    for kind in ["ed25519", "ecdsa", "rsa"] {
        let file = keys.make(kind);
        let key = read_key_file(&file, || None).unwrap();
        let held = Credentials::Key { key: Arc::new(key), certificate: None };
        assert_hides_key(&held, &private(&file));
    }
}

#[test]
fn what_the_bridge_holds_for_an_upstream_does_not_show_itself() {
    let files = Files::new();
    for (lines, private) in files.own() {
        let config = files.config(&lines, "");
        let config::Credentials::Own { user, proof } = &config.upstreams["main"].credentials else {
            panic!("{lines}")
        };
        let own = Own::load("main", user, proof).unwrap();
        let (_, credentials) = own.login("ann", "S1", SystemTime::now()).unwrap();
        let bridge = Bridge::new(&config).unwrap();
        let all: [&dyn Debug; 4] = [&config, &own, &credentials, &bridge];
        for value in all {
            assert_silent(&value);
            assert_hides_key(&value, &private);
        }
    }
}

#[test]
fn who_knows_people_shows_neither_their_hashes_nor_its_own_secrets() {
    let files = Files::new();
    let hash = hash_password(&secret(), [7; 16]).unwrap();
    let (body, salt) = (hash.rsplit('$').next().unwrap(), hash.rsplit('$').nth(1).unwrap());
    fs::write(files.scratch.join("users"), format!("ann:{hash}\n")).unwrap();
    let config = files.config(&files.own()[1].0, &files.identity());
    let identities = Identities::new(&config.identity).unwrap();
    assert!(identities.has_passwords() && identities.has_bearer() && identities.has_oidc());
    let secrets = [CANARY, body, salt];
    assert_hides(&config, &secrets);
    assert_hides(&identities, &secrets);
    assert_hides(&identities.sign_in().unwrap(), &secrets);
    assert_hides(&Bridge::new(&config).unwrap(), &secrets);
}

#[test]
fn a_sign_in_shows_neither_its_state_nor_the_cookies() {
    let url = format!("https://provider.example/auth?state={CANARY}&nonce={CANARY}").parse().unwrap();
    let cookies = vec![format!("__Host-sftpbridge={CANARY}; HttpOnly")];
    assert_silent(&Begun { url, cookies: cookies.clone() });
    assert_silent(&Ended { result: Err(SignInError::Unknown), cookies });
}

#[test]
fn what_connect_logs_in_with_does_not_show_itself() {
    let keys = Keys::new();
    let file = keys.make("ecdsa");
    let choice = connect::KeyChoice { files: vec![file.clone()], ..connect::KeyChoice::default() };
    let token = Token::new(secret()).unwrap();
    assert_silent(&token);
    let login = connect::Login {
        user: Some("ann".to_owned()),
        password: Some(secret()),
        token: Some(token),
        keys: KeyFiles::read(&choice).unwrap(),
    };
    let target: Target = "wss://ann@bridge.example/sftp".parse().unwrap();
    let options = connect::Options { target, trust: Trust::System, certificate: None, login, batch: false };
    assert_silent(&options);
    assert_hides_key(&options, &private(&file));
    let error = format!("wss://ann:{CANARY}@bridge.example/sftp").parse::<Target>().unwrap_err();
    assert_silent(&error);
    assert_silent(&error.to_string());
}

fn machine() -> Machine {
    let methods = vec![Method::Password, Method::Bearer];
    let main = VisibleUpstream { name: "main".to_owned(), title: "main".to_owned(), methods };
    let terms = Terms {
        session: String::new(),
        upstreams: vec![main],
        user: None,
        banner: None,
        attempts: 3,
        max_packet: 1,
    };
    Machine::open(terms).0
}

/// Files that a configuration names, with canaries in them.
struct Files {
    scratch: Scratch,
    keys: Keys,
}

impl Files {
    fn new() -> Files {
        let files = Files { scratch: Scratch::new(), keys: Keys::new() };
        fs::write(files.path("secret"), CANARY).unwrap();
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.join(name)
    }

    /// Each kind of credentials of the bridge's own, and the private number of its key.
    fn own(&self) -> Vec<(String, Vec<u8>)> {
        let secret = self.path("secret");
        let (plain, locked) = (self.keys.make("ed25519"), self.keys.make("ecdsa"));
        let number = private(&locked);
        let mut lock = Command::new(tool("ssh-keygen"));
        run(lock.args(["-q", "-p", "-a", "1", "-N", CANARY, "-f"]).arg(&locked), b"", SOON).ok();
        let key = format!(
            "credentials = \"key\"\nuser = \"files\"\nkey_file = {locked:?}\nkey_passphrase_file = {secret:?}"
        );
        let password = format!("credentials = \"password\"\nuser = \"files\"\npassword_file = {secret:?}");
        let certificate = format!("credentials = \"certificate\"\nca_key_file = {plain:?}");
        vec![(key, number.clone()), (password, number), (certificate, private(&plain))]
    }

    fn identity(&self) -> String {
        let (users, secret) = (self.path("users"), self.path("secret"));
        let tokens = Tokens::issue(&self.scratch, "ann");
        format!(
            "[identity]\nusers_file = {users:?}\n{}\n\
             [identity.oidc]\nissuer = \"https://provider.example\"\nclient_id = \"bridge\"\n\
             redirect_url = \"https://files.example/auth/callback\"\n\
             client_secret_file = {secret:?}\ncookie_key_file = {secret:?}",
            tokens.section()
        )
    }

    /// The upstream `main` with these lines, and `sections` after it.
    fn config(&self, lines: &str, sections: &str) -> Config {
        let pins = HostKeys::named("main").fingerprints();
        // Whoever has credentials of the bridge's own needs to be known.
        let known = match sections {
            "" => "[identity.trusted_header]\nname = \"X-Person\"\nfrom = [\"127.0.0.1/32\"]",
            sections => sections,
        };
        let text =
            format!("[upstreams.main]\naddress = \"127.0.0.1:1\"\nhost_keys = {pins:?}\n{lines}\n{known}\n");
        // Without the environment, which is that of the tests.
        let file = Some((self.scratch.path(), text.as_str()));
        Config::resolve(file, [], &Overrides::default()).unwrap()
    }
}
