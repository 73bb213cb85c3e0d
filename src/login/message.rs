//! The text messages, each one JSON object with a `type`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::config::Secret;
use crate::upstream;

/// What the bridge says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ServerMessage {
    /// First of all.
    Hello {
        /// What there is to reach; the first is the default.
        upstreams: Vec<VisibleUpstream>,
        /// The methods of the default upstream.
        methods: Vec<Method>,
        /// Who the request itself has proved to be: for the method `external`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<String>,
        /// A text for the person.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        banner: Option<String>,
    },
    /// RFC 4256, section 3.2: questions for the person. There may be none, with an instruction to be shown;
    /// an answer without answers is owed even so.
    Prompt {
        /// Goes back with the answer.
        id: u32,
        /// A title; may be empty.
        name: String,
        /// What to do; may be empty, may have several lines.
        instruction: String,
        /// The questions.
        prompts: Vec<Prompt>,
        /// What the SSH server says to whoever logs in (RFC 4252, section 5.4), once, when it has come. Hostile,
        /// as the prompts are.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        banner: Option<String>,
    },
    /// RFC 4252, section 7: data to be signed by the private key.
    Sign {
        /// Goes back with the signature.
        id: u32,
        /// The signature algorithm, such as `ssh-ed25519` or `rsa-sha2-512`.
        algorithm: String,
        /// What to sign.
        data: Blob,
    },
    /// The last `login` did not succeed.
    Failure {
        /// Why, for a program.
        code: FailureCode,
        /// Why, for a person: one sentence.
        message: String,
        /// What may be tried, or what is still needed.
        methods: Vec<Method>,
        /// Whether another `login` may follow on this socket. If not, the bridge closes it.
        retry: bool,
        /// Seconds to wait before the next try.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
        /// What to find it by in the bridge's log: to be shown, for a person who asks for help.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<String>,
        /// As in `prompt`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        banner: Option<String>,
    },
    /// Binary messages may flow.
    Ready {
        /// The name of the upstream.
        upstream: String,
        /// Who is logged in: the user name there, or the person's where the bridge has a login of its own there.
        user: String,
        /// Largest packet in bytes, length prefix included.
        max_packet: usize,
        /// For one later `login` by `resume`; `null` where that is switched off.
        #[serde(serialize_with = "expose_some")]
        resume_token: Option<Secret>,
        /// How long the token is good for after the socket is lost; 0 without one.
        resume_seconds: u64,
        /// As in `failure`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<String>,
        /// As in `prompt`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        banner: Option<String>,
    },
    /// Something the person should know, at any time after `ready`.
    Notice {
        /// What it is about.
        kind: NoticeKind,
        /// Until it happens.
        seconds: u64,
        /// One sentence.
        message: String,
    },
}

/// An upstream as a visitor sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisibleUpstream {
    /// Its name in requests.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// How to log in there.
    #[serde(default)]
    pub methods: Vec<Method>,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// The question, as the server wrote it. Hostile: never to be shown without care.
    pub text: String,
    /// Whether what is typed may be seen.
    pub echo: bool,
}

/// A way to log in. What a later version adds is [`Method::Other`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// RFC 4252, section 8; or a password that the bridge itself knows.
    Password,
    /// RFC 4256.
    KeyboardInteractive,
    /// RFC 4252, section 7; the private key stays with the client.
    #[serde(rename = "publickey")]
    PublicKey,
    /// A bearer token (RFC 6750).
    Bearer,
    /// What the opening handshake proved: a header of a trusted proxy, a client certificate, a cookie, a bearer
    /// token.
    External,
    /// Sign in with the browser, at `auth/login`, then `external`.
    Oidc,
    /// A token of an earlier `ready`.
    Resume,
    /// Unknown here.
    #[serde(other)]
    Other,
}

impl From<upstream::Method> for Method {
    fn from(method: upstream::Method) -> Self {
        match method {
            upstream::Method::Password => Self::Password,
            upstream::Method::KeyboardInteractive => Self::KeyboardInteractive,
            upstream::Method::PublicKey => Self::PublicKey,
            upstream::Method::Other => Self::Other,
        }
    }
}

impl Method {
    /// Whether it is the SSH server that says if it takes this method.
    pub fn is_of_ssh(self) -> bool {
        matches!(self, Self::Password | Self::KeyboardInteractive | Self::PublicKey)
    }
}

/// Why a login did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureCode {
    /// Wrong, unknown, or not enough: which one is not told.
    Refused,
    /// Right so far; one of `methods` is needed too.
    Partial,
    /// The password must be changed first, by other means.
    PasswordExpired,
    /// The method is not offered for this upstream.
    MethodUnavailable,
    /// There is no such upstream, or not for this person.
    UnknownUpstream,
    /// Too many failed logins of this address or user; see `retry_after`.
    Throttled,
    /// The user or the address has too many sessions, or the bridge has.
    Full,
    /// The bridge is going away.
    Draining,
    /// The token is unknown, used, expired, or somebody else's.
    ResumeRefused,
    /// The upstream cannot be reached, or is not as it should be.
    UpstreamFailed,
    /// The upstream did not answer in time.
    UpstreamTimeout,
    /// The client took too long.
    Timeout,
    /// Too many tries on this socket.
    TooManyAttempts,
    /// A message that is not part of the conversation.
    Protocol,
    /// A defect of the bridge.
    Internal,
    /// Unknown here.
    #[serde(other)]
    Other,
}

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoticeKind {
    /// The bridge is going away.
    Drain,
    /// The session has been idle for long.
    Idle,
    /// Unknown here.
    #[serde(other)]
    Other,
}

/// What a client says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ClientMessage {
    /// Begins a try.
    Login(LoginRequest),
    /// Answers a `prompt`.
    Answer {
        /// Of the prompt.
        id: u32,
        /// As many as there were questions.
        #[serde(serialize_with = "expose_all")]
        answers: Vec<Secret>,
    },
    /// Answers a `sign`.
    Signature {
        /// Of the request.
        id: u32,
        /// RFC 4253, section 6.6: format identifier and blob, each with its length.
        signature: Blob,
    },
}

/// One try to log in.
#[derive(Debug, Serialize, Deserialize)]
pub struct LoginRequest {
    /// Its name; the default one if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
    /// The user name; needed where the method does not tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// How.
    #[serde(flatten)]
    pub method: LoginMethod,
}

/// How, with what that needs.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "kebab-case")]
pub enum LoginMethod {
    /// By password.
    Password {
        /// It.
        #[serde(serialize_with = "expose")]
        password: Secret,
    },
    /// By questions.
    KeyboardInteractive {},
    /// By a key, or by a certificate for one.
    #[serde(rename = "publickey")]
    PublicKey {
        /// The OpenSSH line: algorithm, base64, and maybe a comment.
        public_key: String,
    },
    /// By a bearer token.
    Bearer {
        /// It.
        #[serde(serialize_with = "expose")]
        token: Secret,
    },
    /// By what the opening handshake proved.
    External {},
    /// Not a login by itself: the browser signs in elsewhere, and comes back with `external`.
    Oidc {},
    /// By a token of an earlier `ready`.
    Resume {
        /// It.
        #[serde(serialize_with = "expose")]
        token: Secret,
    },
    /// Unknown here.
    #[serde(other)]
    Other,
}

fn expose<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

fn expose_some<S: Serializer>(secret: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(Secret::expose).serialize(serializer)
}

fn expose_all<S: Serializer>(secrets: &[Secret], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(secrets.iter().map(Secret::expose))
}

/// Bytes, as base64 (RFC 4648, section 4) in JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob(pub Vec<u8>);

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Blob).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(json: &str) -> LoginRequest {
        match serde_json::from_str(json) {
            Ok(ClientMessage::Login(request)) => request,
            other => panic!("no login: {other:?}"),
        }
    }

    #[test]
    fn what_a_client_sends_reads_as_it_was_written() {
        for json in [
            r#"{"type":"login","upstream":"main","user":"ann","method":"password","password":"p"}"#,
            r#"{"type":"login","user":"ann","method":"keyboard-interactive"}"#,
            r#"{"type":"login","user":"ann","method":"publickey","public_key":"ssh-ed25519 AAAA"}"#,
            r#"{"type":"login","method":"bearer","token":"t"}"#,
            r#"{"type":"login","method":"external"}"#,
            r#"{"type":"login","upstream":"main","method":"resume","token":"t"}"#,
            r#"{"type":"answer","id":7,"answers":["a","b"]}"#,
            r#"{"type":"signature","id":8,"signature":"AAEC"}"#,
        ] {
            let message: ClientMessage = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&message).unwrap(), json);
        }
    }

    #[test]
    fn a_method_of_tomorrow_is_no_broken_message() {
        let request = login(r#"{"type":"login","user":"ann","method":"telepathy","thought":{"a":[1]}}"#);
        assert!(matches!(request.method, LoginMethod::Other), "{request:?}");
        let request = login(r#"{"type":"login","method":"oidc","more":1}"#);
        assert!(matches!(request.method, LoginMethod::Oidc {}), "{request:?}");
    }

    #[test]
    fn no_secret_shows_in_debug() {
        let ready = ServerMessage::Ready {
            upstream: "main".to_owned(),
            user: "ann".to_owned(),
            max_packet: 1,
            resume_token: Some(Secret::new("canary".to_owned())),
            resume_seconds: 1,
            session: None,
            banner: None,
        };
        let answer = r#"{"type":"answer","id":7,"answers":["canary"]}"#;
        let shown = format!(
            "{ready:?} {:?} {:?} {:?}",
            serde_json::from_str::<ClientMessage>(answer).unwrap(),
            login(r#"{"type":"login","user":"a","method":"password","password":"canary"}"#),
            login(r#"{"type":"login","method":"resume","token":"canary"}"#),
        );
        assert!(!shown.contains("canary"), "{shown}");
        assert!(serde_json::to_string(&ready).unwrap().contains("canary"));
    }
}
