//! The subprotocol sftp-login.v1 by hand, message by message: for what a well-behaved client would not do.

use serde_json::{Value, json};

use super::http::Request;
use super::session::Session;
use super::ws::{Heard, TEXT, Ws};

pub struct Conversation {
    pub ws: Ws,
    pub hello: Value,
}

impl Conversation {
    /// Opens a socket, and hears hello.
    #[track_caller]
    pub fn open(request: &Request) -> Conversation {
        let answer = request.clone().protocol("sftp-login.v1").send();
        assert_eq!(answer.header("Sec-WebSocket-Protocol"), Some("sftp-login.v1"), "{:?}", answer.fields());
        let mut conversation = Conversation { ws: answer.upgraded(), hello: Value::Null };
        conversation.hello = conversation.hear();
        assert_eq!(conversation.hello["type"], "hello");
        conversation
    }

    #[track_caller]
    pub fn say(&mut self, message: &Value) {
        self.ws.send_frame(true, TEXT, message.to_string().as_bytes());
    }

    #[track_caller]
    pub fn hear(&mut self) -> Value {
        match self.ws.hear() {
            Heard::Text(text) => serde_json::from_str(&text).expect("JSON in a text message"),
            other => panic!("a text message was due, not {other:?}"),
        }
    }

    /// The last text message, if there is another, and the close code.
    #[track_caller]
    pub fn end(&mut self) -> (Option<Value>, Option<u16>) {
        let mut last = None;
        loop {
            match self.ws.hear() {
                Heard::Close(code, _) => return (last, code),
                Heard::Text(text) => last = Some(serde_json::from_str(&text).expect("JSON")),
                other => panic!("a close frame was due, not {other:?}"),
            }
        }
    }

    /// One try: the `ready` or the `failure` that it comes to. Each question is answered by the pair that it contains
    /// the first part of.
    #[track_caller]
    pub fn login(&mut self, mut login: Value, answers: &[(&str, &str)]) -> Value {
        login["type"] = "login".into();
        self.say(&login);
        loop {
            let message = self.hear();
            if message["type"] != "prompt" {
                return message;
            }
            let questions = message["prompts"].as_array().expect("a list of questions");
            let answers: Vec<&str> = questions.iter().map(|question| answer(question, answers)).collect();
            self.say(&json!({ "type": "answer", "id": message["id"], "answers": answers }));
        }
    }

    /// The same, where nothing but success will do; the resume token is in the message.
    #[track_caller]
    pub fn ready(&mut self, login: Value, answers: &[(&str, &str)]) -> Value {
        let last = self.login(login, answers);
        assert_eq!(last["type"], "ready", "{last}");
        last
    }

    /// SFTP, after `ready`.
    #[track_caller]
    pub fn session(self) -> Session {
        Session::start(self.ws)
    }
}

#[track_caller]
fn answer<'a>(question: &Value, answers: &[(&str, &'a str)]) -> &'a str {
    let text = question["text"].as_str().expect("a question has a text");
    let found = answers.iter().find(|(part, _)| text.contains(part));
    found.unwrap_or_else(|| panic!("asked {text:?}")).1
}
