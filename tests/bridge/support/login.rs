//! The client's side of the conversation of `sftp-login.v1`, by hand.

use serde_json::{Value, json};

use super::bridge::Bridge;
use super::http::Request;
use super::session::Session;
use super::user::User;
use super::ws::{Heard, TEXT, Ws};

pub struct Talk {
    pub ws: Ws,
    pub hello: Value,
}

impl Talk {
    #[track_caller]
    pub fn start(bridge: &Bridge) -> Talk {
        Talk::with(&bridge.anonymous())
    }

    /// With an opening handshake of the test's own.
    #[track_caller]
    pub fn with(request: &Request) -> Talk {
        let answer = request.clone().protocol("sftp-login.v1, sftp").send();
        assert_eq!(answer.headers("Sec-WebSocket-Protocol"), ["sftp-login.v1"]);
        let mut talk = Talk { ws: answer.upgraded(), hello: Value::Null };
        talk.hello = talk.hear("hello");
        talk
    }

    #[track_caller]
    pub fn say(&mut self, message: Value) {
        self.ws.send_frame(true, TEXT, message.to_string().as_bytes());
    }

    /// The next message, which must be of this type.
    #[track_caller]
    pub fn hear(&mut self, kind: &str) -> Value {
        let heard = self.ws.hear();
        let Heard::Text(text) = &heard else { panic!("{kind} was due, not {heard:?}") };
        assert!(text.len() <= 16 * 1024, "a message of {} bytes", text.len());
        let message: Value = serde_json::from_str(text).unwrap();
        assert_eq!(message["type"], kind, "{message}");
        message
    }

    /// A failure with this code.
    #[track_caller]
    pub fn fails(&mut self, code: &str) -> Value {
        let failure = self.hear("failure");
        assert_eq!(failure["code"], code, "{failure}");
        failure
    }

    #[track_caller]
    pub fn closes(&mut self, code: u16) {
        let heard = self.ws.hear();
        assert!(matches!(&heard, Heard::Close(Some(found), _) if *found == code), "{code}: {heard:?}");
        self.ws.send_close(code);
        assert_eq!(self.ws.hear(), Heard::End);
    }

    #[track_caller]
    pub fn password(&mut self, user: &str, password: &str) {
        self.say(json!({"type": "login", "user": user, "method": "password", "password": password}));
    }

    /// As the test user, with the right password.
    #[track_caller]
    pub fn log_in(&mut self) -> Value {
        let User { name, password, .. } = User::read();
        self.password(&name, &password);
        self.hear("ready")
    }

    #[track_caller]
    pub fn answer(&mut self, prompt: &Value, answers: &[&str]) {
        self.say(json!({"type": "answer", "id": prompt["id"], "answers": answers}));
    }

    /// After `ready`.
    #[track_caller]
    pub fn session(self) -> Session {
        Session::start(self.ws)
    }
}
