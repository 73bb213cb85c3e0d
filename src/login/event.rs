//! What goes into the state machine, and what comes out.

use std::time::Duration;

use super::{Attempt, Method, Prompt, ServerMessage, VisibleUpstream};
use crate::config::Secret;
use crate::refusal::Refusal;

/// What a conversation is about.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The number by which this conversation, and the session that comes of it, are found in the log.
    pub session: String,
    /// What there is to reach; the first is the default.
    pub upstreams: Vec<VisibleUpstream>,
    /// Who the request itself has proved to be.
    pub user: Option<String>,
    /// A text of the bridge's operator.
    pub banner: Option<String>,
    /// Logins that may be tried.
    pub attempts: usize,
    /// The largest packet in bytes after `ready`.
    pub max_packet: usize,
}

/// What happens to a conversation. It has no Debug: a client's text holds its password.
pub enum Event<'a> {
    /// A text message came.
    Text(&'a str),
    /// A binary message came.
    Binary,
    /// A message over [`LARGEST_MESSAGE`](super::LARGEST_MESSAGE) came, or began to.
    TooLarge,
    /// The SSH server said this to whoever logs in; passed on with the next message that can carry it.
    Banner(String),
    /// The upstream asks.
    Question(Question),
    /// The attempt is over: the upstream refused it, or wants more.
    Refused {
        /// What it would take. Empty when it has hung up.
        remaining: Vec<Method>,
        /// Whether this proof was right.
        partial: bool,
    },
    /// The attempt is over, or there is no upstream any more that could remember a partial success.
    Failed(Refusal),
    /// The attempt is over: the token is not good.
    ResumeRefused,
    /// The attempt is over, and the upstream speaks SFTP.
    Succeeded {
        /// The name of the upstream: that of the attempt, or the one a token stands for.
        upstream: String,
        /// Who is logged in.
        user: String,
        /// What the client can come back with.
        resume: Option<Resume>,
    },
    /// The client used up its share of the time.
    TimedOut,
    /// The bridge is going away.
    Draining,
}

/// What the upstream asks.
#[derive(Debug)]
pub enum Question {
    /// RFC 4256, section 3.2.
    Prompts {
        /// A title.
        name: String,
        /// What to do.
        instruction: String,
        /// What to answer; may be empty.
        prompts: Vec<Prompt>,
    },
    /// RFC 4252, section 7.
    Sign {
        /// The signature algorithm.
        algorithm: String,
        /// What to sign.
        data: Vec<u8>,
    },
}

/// A way back to the session after its socket is lost.
#[derive(Debug)]
pub struct Resume {
    /// Good until the client has used it, and heard of the next.
    pub token: Secret,
    /// For so long after the loss.
    pub time: Duration,
}

/// What to do now.
#[derive(Debug)]
pub enum Action {
    /// Send this.
    Send(ServerMessage),
    /// Begin this attempt. Exactly one event that says that it is over is due.
    Begin(Attempt),
    /// Pass this on to the upstream that asked.
    Reply(Reply),
    /// The conversation is over: packets may flow.
    Ready,
    /// The conversation is over: close the socket.
    End {
        /// The close code.
        code: u16,
        /// One public sentence that fits a close frame.
        reason: String,
    },
}

/// What the client replied to a question.
#[derive(Debug)]
pub enum Reply {
    /// As many as there were prompts.
    Answers(Vec<Secret>),
    /// RFC 4253, section 6.6; not checked.
    Signature(Vec<u8>),
}
