use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::*;
use crate::config::Secret;
use crate::connect::login::Token;
use crate::connect::target::Target;
use crate::connect::tls::Trust;

/// A bridge by hand: a listener, and what each connection to it is to be answered.
struct FakeBridge {
    listener: TcpListener,
}

impl FakeBridge {
    async fn start() -> (FakeBridge, Options) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target: Target = format!("ws://{}", listener.local_addr().unwrap()).parse().unwrap();
        let login = Login { user: Some("ann".to_owned()), ..Login::default() };
        (
            FakeBridge { listener },
            Options { target, trust: Trust::System, certificate: None, login, batch: false },
        )
    }

    /// Takes an opening handshake and chooses `subprotocol`, or answers 401. Gives what was offered, with the
    /// header Authorization.
    async fn accept(&self, subprotocol: Option<&str>) -> (String, String, Option<Talk>) {
        let (stream, _) = self.listener.accept().await.unwrap();
        let mut seen = (String::new(), String::new());
        #[expect(clippy::result_large_err, reason = "the library's own callback")]
        let callback = |request: &Request, mut response: Response| {
            let header = |name: &str| {
                request.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned()
            };
            seen = (header("sec-websocket-protocol"), header("authorization"));
            let Some(subprotocol) = subprotocol else {
                let refusal = http::Response::builder().status(401).header("SFTP-Authenticate-Info", "No.");
                return Err::<Response, ErrorResponse>(refusal.body(None).unwrap());
            };
            response.headers_mut().insert("sec-websocket-protocol", subprotocol.parse().unwrap());
            Ok(response)
        };
        let socket = tokio_tungstenite::accept_hdr_async(stream, callback).await.ok();
        (seen.0, seen.1, socket.map(Talk))
    }

    async fn conversation(&self, methods: &[&str]) -> Talk {
        let (offered, _, talk) = self.accept(Some("sftp-login.v1")).await;
        assert_eq!(offered, "sftp-login.v1, sftp");
        let mut talk = talk.unwrap();
        talk.say(json!({"type": "hello", "upstreams": [], "methods": methods})).await;
        talk
    }
}

struct Talk(WebSocketStream<TcpStream>);

impl Talk {
    async fn say(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    async fn hear(&mut self) -> Value {
        match self.0.next().await {
            Some(Ok(Message::Text(text))) => serde_json::from_str(text.as_str()).unwrap(),
            other => panic!("a text message was due, not {other:?}"),
        }
    }

    async fn ready(&mut self) {
        self.say(
            json!({"type": "ready", "upstream": "main", "user": "ann", "max_packet": 9, "resume_token": null,
            "resume_seconds": 0}),
        )
        .await;
    }
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

#[tokio::test]
async fn a_conversation_ends_in_a_session_that_may_have_notices() {
    let (bridge, mut options) = FakeBridge::start().await;
    options.login.password = Some(secret("pw"));
    let served = async {
        let mut talk = bridge.conversation(&["password"]).await;
        let login = talk.hear().await;
        talk.ready().await;
        (login, talk)
    };
    let (opening, (login, _)) = tokio::join!(open(&mut options, &Person::Nobody), served);
    assert!(opening.unwrap().has_notices);
    assert_eq!(login, json!({"type": "login", "user": "ann", "method": "password", "password": "pw"}));
}

#[tokio::test]
async fn a_bridge_without_conversations_gets_the_password_on_a_second_handshake() {
    let (bridge, mut options) = FakeBridge::start().await;
    options.login.password = Some(secret("pw"));
    let served = async {
        let first = bridge.accept(None).await;
        let second = bridge.accept(Some("sftp")).await;
        (first, second)
    };
    let (opening, (first, second)) = tokio::join!(open(&mut options, &Person::Nobody), served);
    assert!(!opening.unwrap().has_notices);
    assert_eq!((first.0.as_str(), first.1.as_str()), ("sftp-login.v1, sftp", ""));
    assert_eq!((second.0.as_str(), second.1.as_str()), ("sftp", "Basic YW5uOnB3"));
}

#[tokio::test]
async fn nothing_of_a_name_with_a_colon_goes_into_a_header() {
    let (bridge, mut options) = FakeBridge::start().await;
    (options.login.user, options.login.password) = (Some("ann:x".to_owned()), Some(secret("pw")));
    let (opening, _) = tokio::join!(open(&mut options, &Person::Nobody), bridge.accept(None));
    assert!(opening.unwrap_err().to_string().contains("colon"));
}

#[tokio::test]
async fn a_session_that_needed_no_login_is_taken_as_it_is() {
    let (bridge, mut options) = FakeBridge::start().await;
    let (opening, _served) = tokio::join!(open(&mut options, &Person::Nobody), bridge.accept(Some("sftp")));
    assert!(!opening.unwrap().has_notices);
}

#[tokio::test]
async fn a_token_is_in_the_handshake_and_its_refusal_is_final() {
    let (bridge, mut options) = FakeBridge::start().await;
    options.login.token = Token::new(secret("t.o.k"));
    let (opening, served) = tokio::join!(open(&mut options, &Person::Nobody), bridge.accept(None));
    assert_eq!(served.1, "Bearer t.o.k");
    assert_eq!(opening.unwrap_err().to_string(), "the login was refused: No.");
}

#[tokio::test]
async fn a_second_socket_is_opened_where_keys_have_used_up_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, crate::connect::fixtures::ED25519).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let (bridge, mut options) = FakeBridge::start().await;
    options.login.password = Some(secret("pw"));
    let choice = super::super::KeyChoice { files: vec![path], ..Default::default() };
    options.login.keys = super::super::KeyFiles::read(&choice).unwrap();
    let methods = ["publickey", "password"];
    let served = async {
        let mut talk = bridge.conversation(&methods).await;
        let first = talk.hear().await["method"].clone();
        let failure = json!({"type": "failure", "code": "too-many-attempts", "message": "", "methods": [], "retry": false});
        talk.say(failure).await;
        let mut talk = bridge.conversation(&methods).await;
        let second = talk.hear().await["method"].clone();
        talk.ready().await;
        (first, second, talk)
    };
    let (opening, (first, second, _)) = tokio::join!(open(&mut options, &Person::Nobody), served);
    assert!(opening.is_ok());
    assert_eq!((first, second), (json!("publickey"), json!("password")));
}

/// A program that is asked and does not answer, and the file that it makes at its start.
fn thinker(folder: &tempfile::TempDir) -> (Person, PathBuf) {
    let (program, started) = (folder.path().join("askpass"), folder.path().join("started"));
    std::fs::write(&program, format!("#!/bin/sh\necho $$ >'{}'\nexec sleep 60\n", started.display()))
        .unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
    (Person::Askpass(program), started)
}

#[tokio::test]
async fn the_bridge_is_heard_while_the_person_thinks_and_the_question_is_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let (person, started) = thinker(&folder);
    let (bridge, mut options) = FakeBridge::start().await;
    let served = async {
        let mut talk = bridge.conversation(&["keyboard-interactive"]).await;
        talk.hear().await;
        let prompts = json!([{"text": "Code: ", "echo": true}]);
        talk.say(json!({"type": "prompt", "id": 1, "name": "", "instruction": "", "prompts": prompts})).await;
        while std::fs::read_to_string(&started).map_or(true, |text| !text.ends_with('\n')) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let failure = json!({"type": "failure", "code": "timeout", "message": "Too slow.", "methods": [], "retry": false});
        talk.say(failure).await;
        talk
    };
    let before = Instant::now();
    let (opening, _talk) = tokio::join!(open(&mut options, &person), served);
    assert_eq!(opening.unwrap_err().to_string(), "there is no session: Too slow.");
    assert!(before.elapsed() < Duration::from_secs(30));
    let process = PathBuf::from("/proc").join(std::fs::read_to_string(&started).unwrap().trim());
    while std::fs::read_to_string(process.join("cmdline")).is_ok_and(|line| !line.is_empty()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_bridge_that_breaks_off_is_quoted_harmlessly() {
    let frame = CloseFrame { code: 1001.into(), reason: "Going\x1b[2J.".into() };
    for (message, expected) in [
        (Message::binary(vec![0, 0, 0, 5, 2, 0, 0, 0, 3]), "the bridge sent a packet before its time"),
        (Message::text("x".repeat(17 * 1024)), "the bridge sent a message that is too long"),
        (Message::text("?"), "the bridge sent a message that is no part of a login"),
        (Message::Close(Some(frame)), r"Going\u{1b}[2J. (close code 1001)"),
    ] {
        let (bridge, mut options) = FakeBridge::start().await;
        let served = async {
            let mut talk = bridge.conversation(&["password"]).await;
            talk.hear().await;
            talk.0.send(message).await.unwrap();
            talk
        };
        options.login.password = Some(secret("pw"));
        let (opening, _talk) = tokio::join!(open(&mut options, &Person::Nobody), served);
        assert_eq!(opening.unwrap_err().to_string(), format!("the login broke off: {expected}"));
    }
}
