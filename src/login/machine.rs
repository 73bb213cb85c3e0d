//! The bridge's side of the conversation, as a state machine: events in, actions out.
//!
//! ```text
//!              login                question
//!   ┌──▶ Open ─────────▶ Trying ◀────────────▶ Asked
//!   │      failure, retry   │  answer, signature  │
//!   └───────────────────────┴─────────────────────┤
//!                           │ success             │ clock, drain, protocol, last try
//!                           ▼                     ▼
//!                         Ready                  End
//! ```
//!
//! It knows no socket, no upstream and no clock. Whoever drives it performs the actions in their order, and
//! drops what runs at the upstream whenever [`Machine::is_trying`] says that nobody waits for it any more.

use std::time::Duration;

use super::attempt::{self, Unfit};
use super::failure::sentence;
use super::{
    Action, Blob, ClientMessage, Event, FailureCode, LARGEST_MESSAGE, LoginRequest, Method, Question, Reply,
    Resume, ServerMessage, Terms,
};
use crate::refusal::{Refusal, with_reference};

/// Questions in one round; OpenSSH asks at most 100, people one or two.
const MOST_PROMPTS: usize = 64;

/// Rounds and signatures in one conversation: a server that always has one more question ends here.
const MOST_QUESTIONS: u32 = 64;

/// Bytes of the SSH server's banner that are passed on.
const LONGEST_BANNER: usize = 4 * 1024;

/// The state of one conversation.
#[derive(Debug, Clone)]
pub struct Machine {
    terms: Terms,
    state: State,
    /// Which upstream the last login was for, and by which method.
    last: Option<(usize, Method)>,
    logins: usize,
    questions: u32,
    /// A question whose answer may be on its way although nobody waits for it any more.
    withdrawn: Option<u32>,
    banner: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Trying,
    Asked { id: u32, owed: Owed },
    Over,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owed {
    Answers(usize),
    Signature,
}

impl Machine {
    /// Begins a conversation with its first message.
    pub fn open(terms: Terms) -> (Self, ServerMessage) {
        let mut upstreams = terms.upstreams.clone();
        while upstreams.len() > 1 && bytes(&upstreams) > LARGEST_MESSAGE / 2 {
            upstreams.pop(); // The rest can be reached by their names.
        }
        let hello = ServerMessage::Hello {
            methods: upstreams.first().map(|first| first.methods.clone()).unwrap_or_default(),
            upstreams,
            user: terms.user.clone(),
            banner: terms.banner.clone(),
        };
        let machine = Self {
            terms,
            state: State::Open,
            last: None,
            logins: 0,
            questions: 0,
            withdrawn: None,
            banner: None,
        };
        (machine, hello)
    }

    /// Whether the outcome of an attempt is waited for. If not, nothing needs to run at the upstream.
    pub fn is_trying(&self) -> bool {
        matches!(self.state, State::Trying | State::Asked { .. })
    }

    /// Whether it is the client's turn, so that its clock runs.
    pub fn awaits_client(&self) -> bool {
        matches!(self.state, State::Open | State::Asked { .. })
    }

    /// Whether [`Action::Ready`] or [`Action::End`] has been.
    pub fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// The name of the upstream that the last login was for, or the default one.
    pub fn upstream(&self) -> Option<&str> {
        let index = self.last.map_or(0, |(index, _)| index);
        self.terms.upstreams.get(index).map(|upstream| upstream.name.as_str())
    }

    /// What follows from `event`: at most two actions.
    pub fn on(&mut self, event: Event<'_>) -> Vec<Action> {
        let trying = self.is_trying();
        match event {
            _ if self.is_over() => Vec::new(),
            Event::Text(text) => self.text(text),
            Event::Binary => self.protocol(sentence::BINARY),
            Event::TooLarge => {
                self.end(1009, format!("The message is over the limit of {LARGEST_MESSAGE} bytes."))
            }
            Event::Banner(text) => {
                self.banner = Some(shortened(text));
                Vec::new()
            }
            Event::TimedOut => self.fail(FailureCode::Timeout, sentence::TIMEOUT),
            Event::Draining => self.refuse(Refusal::Draining),
            // The connection that remembered a partial success broke.
            Event::Failed(refusal) if trying || self.last.is_some() => self.refuse(refusal),
            Event::Question(question) if self.state == State::Trying => self.ask(question),
            Event::Refused { remaining, partial } if trying => self.refused(&remaining, partial),
            Event::ResumeRefused if trying => self.fail(FailureCode::ResumeRefused, sentence::RESUME),
            Event::Succeeded { upstream, user, resume } if trying => self.ready(upstream, user, resume),
            // What nobody waits for is a defect of ours.
            Event::Question(_)
            | Event::Refused { .. }
            | Event::Failed(_)
            | Event::ResumeRefused
            | Event::Succeeded { .. } => self.refuse(Refusal::Internal),
        }
    }

    fn text(&mut self, text: &str) -> Vec<Action> {
        if text.len() > LARGEST_MESSAGE {
            return self.on(Event::TooLarge);
        }
        // What is wrong with it is not told: the parser would quote a password.
        let Ok(message) = serde_json::from_str(text) else {
            return self.protocol(sentence::JSON);
        };
        match message {
            ClientMessage::Login(request) if self.state == State::Open => self.login(request),
            ClientMessage::Login(_) => self.protocol(sentence::ORDER),
            ClientMessage::Answer { id, answers } => {
                self.reply(id, Owed::Answers(answers.len()), Reply::Answers(answers))
            }
            ClientMessage::Signature { id, signature } => {
                self.reply(id, Owed::Signature, Reply::Signature(signature.0))
            }
        }
    }

    fn login(&mut self, request: LoginRequest) -> Vec<Action> {
        self.logins += 1;
        let upstreams = &self.terms.upstreams;
        let index = match &request.upstream {
            Some(name) => upstreams.iter().position(|upstream| upstream.name == *name),
            None if request.method.name() == Method::Resume => {
                upstreams.iter().position(|upstream| upstream.methods.contains(&Method::Resume)).or(Some(0))
            }
            None => Some(0),
        };
        let Some((index, upstream)) = index.and_then(|index| Some((index, upstreams.get(index)?))) else {
            return self.refuse(Refusal::UnknownUpstream);
        };
        let checked = attempt::check(upstream, request);
        self.last = Some((index, Method::Other));
        match checked {
            Ok((attempt, method)) => {
                self.last = Some((index, method));
                self.state = State::Trying;
                vec![Action::Begin(attempt)]
            }
            Err(Unfit { code, message }) => self.fail(code, message),
        }
    }

    fn reply(&mut self, id: u32, given: Owed, reply: Reply) -> Vec<Action> {
        if self.withdrawn == Some(id) {
            self.withdrawn = None; // It crossed our failure on the way.
            return Vec::new();
        }
        match self.state {
            State::Asked { id: asked, .. } if asked != id => self.protocol(sentence::ID),
            State::Asked { owed, .. } if owed == given => {
                self.state = State::Trying;
                vec![Action::Reply(reply)]
            }
            State::Asked { owed: Owed::Answers(_), .. } if matches!(given, Owed::Answers(_)) => {
                self.protocol(sentence::COUNT)
            }
            State::Open | State::Trying | State::Asked { .. } | State::Over => self.protocol(sentence::ORDER),
        }
    }

    fn ask(&mut self, question: Question) -> Vec<Action> {
        self.questions += 1;
        let id = self.questions;
        let (owed, message) = match question {
            Question::Prompts { name, instruction, prompts } => {
                let banner = self.banner.take();
                let owed = Owed::Answers(prompts.len());
                (owed, ServerMessage::Prompt { id, name, instruction, prompts, banner })
            }
            Question::Sign { algorithm, data } => {
                (Owed::Signature, ServerMessage::Sign { id, algorithm, data: Blob(data) })
            }
        };
        let too_many = id > MOST_QUESTIONS || matches!(owed, Owed::Answers(MOST_PROMPTS_AND_ONE..));
        if too_many || bytes(&message) > LARGEST_MESSAGE {
            return self.fail(FailureCode::UpstreamFailed, sentence::QUESTIONS);
        }
        self.state = State::Asked { id, owed };
        vec![Action::Send(message)]
    }

    fn ready(&mut self, upstream: String, user: String, resume: Option<Resume>) -> Vec<Action> {
        self.state = State::Over;
        let (token, time) = resume.map(|resume| (resume.token, resume.time)).unzip();
        let ready = ServerMessage::Ready {
            upstream,
            user,
            max_packet: self.terms.max_packet,
            resume_token: token,
            resume_seconds: time.unwrap_or_default().as_secs(),
            session: Some(self.terms.session.clone()),
            banner: self.banner.take(),
        };
        vec![Action::Send(ready), Action::Ready]
    }

    fn refused(&mut self, remaining: &[Method], partial: bool) -> Vec<Action> {
        let tried = self.last.map_or(Method::Other, |(_, method)| method);
        // A server that has hung up leaves nothing; one that only asks may have been answered with the password.
        let taken = remaining.is_empty()
            || remaining.contains(&tried)
            || tried == Method::Password && remaining.contains(&Method::KeyboardInteractive);
        let wrong = Refusal::WrongCredentials.reason();
        let (code, message) = match (partial, taken, tried) {
            (true, ..) => (FailureCode::Partial, sentence::PARTIAL),
            (false, false, _) => (FailureCode::MethodUnavailable, sentence::NOT_TAKEN),
            (false, true, Method::Password) => (FailureCode::Refused, wrong.as_str()),
            (false, true, _) => (FailureCode::Refused, sentence::REFUSED),
        };
        let mut methods = self.methods();
        if !remaining.is_empty() {
            methods.retain(|method| remaining.contains(method) || !partial && !method.is_of_ssh());
        }
        self.fail_with(code, message, methods, true, None)
    }

    fn refuse(&mut self, refusal: Refusal) -> Vec<Action> {
        let (code, retry) = FailureCode::of(refusal);
        let methods = self.methods();
        self.fail_with(code, &refusal.reason(), methods, retry, refusal.retry_after())
    }

    fn protocol(&mut self, message: &'static str) -> Vec<Action> {
        self.fail(FailureCode::Protocol, message)
    }

    fn fail(&mut self, code: FailureCode, message: &str) -> Vec<Action> {
        let retry = !matches!(code, FailureCode::Protocol | FailureCode::Timeout);
        self.fail_with(code, message, self.methods(), retry, None)
    }

    fn fail_with(
        &mut self,
        code: FailureCode,
        message: &str,
        methods: Vec<Method>,
        retry: bool,
        after: Option<Duration>,
    ) -> Vec<Action> {
        if let State::Asked { id, .. } = self.state {
            self.withdrawn = Some(id);
        }
        let last = retry && self.logins >= self.terms.attempts;
        let (code, message) = match last {
            true => (FailureCode::TooManyAttempts, format!("{message} {}", sentence::LAST)),
            false => (code, message.to_owned()),
        };
        let retry = retry && !last;
        let failure = ServerMessage::Failure {
            code,
            message,
            methods: if retry { methods } else { Vec::new() },
            retry,
            retry_after: after.map(|after| after.as_secs().max(1)),
            session: Some(self.terms.session.clone()),
            banner: self.banner.take(),
        };
        self.state = State::Open;
        let mut actions = vec![Action::Send(failure)];
        if !retry {
            let (code, reason) = code.close();
            let reason = match code {
                1011 => with_reference(reason, &self.terms.session),
                _ => reason.to_owned(),
            };
            actions.extend(self.end(code, reason));
        }
        actions
    }

    fn end(&mut self, code: u16, reason: String) -> Vec<Action> {
        self.state = State::Over;
        vec![Action::End { code, reason }]
    }

    /// What the upstream in question has on offer.
    fn methods(&self) -> Vec<Method> {
        let index = self.last.map_or(0, |(index, _)| index);
        self.terms.upstreams.get(index).map(|upstream| upstream.methods.clone()).unwrap_or_default()
    }
}

const MOST_PROMPTS_AND_ONE: usize = MOST_PROMPTS + 1;

/// The size of a message, or of a part of one, as JSON.
fn bytes(message: &impl serde::Serialize) -> usize {
    serde_json::to_vec(message).map_or(usize::MAX, |json| json.len())
}

/// What is left of a banner so that it fits into any message, however much of it JSON escapes.
fn shortened(mut text: String) -> String {
    text.retain(|c| !c.is_control() || matches!(c, '\n' | '\t'));
    text.truncate(text.floor_char_boundary(LONGEST_BANNER));
    text
}

#[cfg(test)]
mod tests;
