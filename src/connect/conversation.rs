//! The client's half of the conversation `sftp-login.v1` as a machine: what the bridge says goes in, what to do
//! comes out. No IO, no clock, and nobody is asked here.
//!
//! The order is that of ssh: what the opening handshake proved, keys, questions, a password. A step that was only a
//! part of what is needed narrows the methods, and goes on with those that remain.

mod ending;
mod means;

use crate::config::Secret;
use crate::login::{
    Blob, ClientMessage, LARGEST_MESSAGE, LoginMethod, LoginRequest, Method, Prompt, ServerMessage,
};

use super::ConnectError;
use super::signing::{self, Signable};
use ending::{Failure, failed, nothing_left};
pub(super) use means::Means;
use means::Way;

/// Questions in one message. ssh has no limit of its own here; a person's patience has.
const MOST_PROMPTS: usize = 64;

/// Rounds of questions on one socket.
const MOST_ROUNDS: u32 = 100;

/// What to do next.
#[derive(Debug)]
pub(super) enum Step {
    /// Send this, if there is something, and wait for what the bridge says.
    Send(Option<ClientMessage>),
    /// Put these questions to the person, and give the answers to [`Conversation::answered`].
    Ask(Vec<Prompt>),
    /// Ask the person for their password, and give it to [`Conversation::typed`].
    AskPassword,
    /// Sign with the key of that place, and give the signature to [`Conversation::signed`].
    Sign(usize, Signable),
    /// Packets may flow.
    Ready,
}

/// How a conversation ended without a session.
#[derive(Debug)]
pub(super) enum Ended {
    /// For good.
    Over(ConnectError),
    /// The bridge takes no more tries on this socket, and only keys have been tried: another one may begin, for the
    /// rest.
    Again,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    /// `hello` is due.
    Begun,
    /// A `login` is under way.
    Trying(Way),
    /// The person has questions before them; `id` goes back with the answers.
    Asking { id: u32, count: usize },
    /// A key is being used.
    Signing { id: u32, signable: Signable },
    /// The person types their password; nothing is under way at the bridge.
    Typing,
}

/// One conversation.
#[derive(Debug)]
pub(super) struct Conversation {
    state: State,
    user: Option<String>,
    means: Means,
    methods: Vec<Method>,
    rounds: u32,
    /// Texts of others for the person, not shown yet.
    notes: Vec<String>,
    /// What the bridge said last of a try.
    last: Option<Failure>,
}

impl Conversation {
    /// The conversation of `user`, with what they have to log in with.
    pub(super) fn new(user: Option<String>, means: Means) -> Self {
        Self {
            state: State::Begun,
            user,
            means,
            methods: Vec::new(),
            rounds: 0,
            notes: Vec::new(),
            last: None,
        }
    }

    /// Begins once more on another socket, after [`Ended::Again`], without keys.
    pub(super) fn again(&mut self) {
        self.state = State::Begun;
        self.rounds = 0;
        self.means.another_socket();
    }

    /// Texts that are to be shown before the next step is taken.
    pub(super) fn notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// Takes a text message of the bridge.
    ///
    /// # Errors
    /// The conversation is over.
    pub(super) fn hear(&mut self, text: &str) -> Result<Step, Ended> {
        if text.len() > LARGEST_MESSAGE {
            return Err(failed("the bridge sent a message that is too long"));
        }
        let message = serde_json::from_str(text)
            .map_err(|_| failed("the bridge sent a message that is no part of a login"))?;
        match (message, self.state.clone()) {
            (
                ServerMessage::Failure { code, message, methods, retry, retry_after, session, banner },
                state,
            ) => {
                self.notes.extend(banner);
                self.after(Failure { code, message, methods, retry, retry_after, session }, &state)
            }
            (ServerMessage::Hello { methods, user, banner, .. }, State::Begun) => {
                self.notes.extend(banner);
                self.means.proved(user.is_some());
                self.methods = methods;
                self.next()
            }
            (
                ServerMessage::Prompt { id, name, instruction, prompts, banner },
                State::Trying(Way::KeyboardInteractive),
            ) => {
                self.notes
                    .extend(banner.into_iter().chain([name, instruction]).filter(|text| !text.is_empty()));
                self.question(id, prompts)
            }
            (ServerMessage::Sign { id, algorithm, data: Blob(data) }, State::Trying(Way::Key(place))) => {
                self.sign(place, id, &algorithm, data)
            }
            (ServerMessage::Ready { banner, .. }, State::Trying(_)) => {
                self.notes.extend(banner);
                Ok(Step::Ready)
            }
            _ => Err(failed("the bridge sent a message out of turn")),
        }
    }

    fn question(&mut self, id: u32, prompts: Vec<Prompt>) -> Result<Step, Ended> {
        self.rounds += 1;
        if self.rounds > MOST_ROUNDS || prompts.len() > MOST_PROMPTS {
            return Err(failed("the bridge asks without end"));
        }
        self.state = State::Asking { id, count: prompts.len() };
        if prompts.is_empty() {
            return self.answered(Vec::new());
        }
        if let Some(password) = self.means.answer(&prompts) {
            return self.answered(vec![password]);
        }
        if !self.means.person {
            let question: Vec<&str> = prompts.iter().map(|prompt| prompt.text.trim()).collect();
            return Err(ending::nobody_answers(&question.join(" ")));
        }
        self.means.person_was_asked();
        Ok(Step::Ask(prompts))
    }

    /// Takes the answers to [`Step::Ask`].
    ///
    /// # Errors
    /// The conversation is over.
    pub(super) fn answered(&mut self, answers: Vec<Secret>) -> Result<Step, Ended> {
        match self.state {
            State::Asking { id, count } if answers.len() == count => {
                self.state = State::Trying(Way::KeyboardInteractive);
                Ok(Step::Send(Some(ClientMessage::Answer { id, answers })))
            }
            _ => Err(failed("answers without questions")),
        }
    }

    fn sign(&mut self, place: usize, id: u32, algorithm: &str, data: Vec<u8>) -> Result<Step, Ended> {
        let user = self.user.as_deref().unwrap_or_default();
        let key = self.means.key(place).unwrap_or_default();
        let signable = signing::check(data, algorithm, user, key).map_err(|unsignable| {
            failed(&format!("the bridge asked for a signature that has no part in this login: {unsignable}"))
        })?;
        self.state = State::Signing { id, signable: signable.clone() };
        Ok(Step::Sign(place, signable))
    }

    /// Takes the signature for [`Step::Sign`], in the form of RFC 4253, section 6.6; `None` when the key turned out
    /// to be out of reach. A try cannot be called off, so that one ends with a signature that is wrong.
    ///
    /// # Errors
    /// The conversation is over.
    pub(super) fn signed(&mut self, signature: Option<Vec<u8>>) -> Result<Step, Ended> {
        let State::Signing { id, signable } = &self.state else {
            return Err(failed("a signature without a request"));
        };
        let signature = Blob(signature.unwrap_or_else(|| signing::wrong(signable.algorithm)));
        let id = *id;
        self.state = State::Trying(Way::Signed);
        Ok(Step::Send(Some(ClientMessage::Signature { id, signature })))
    }

    /// Takes the password for [`Step::AskPassword`].
    ///
    /// # Errors
    /// The conversation is over.
    pub(super) fn typed(&mut self, password: Secret) -> Result<Step, Ended> {
        self.log_in(Way::Password, LoginMethod::Password { password })
    }

    fn log_in(&mut self, way: Way, method: LoginMethod) -> Result<Step, Ended> {
        if way.needs_user() && self.user.is_none() {
            return Err(ending::no_user());
        }
        let user = self.user.clone().filter(|_| way.needs_user());
        self.state = State::Trying(way);
        self.means.count();
        Ok(Step::Send(Some(ClientMessage::Login(LoginRequest { upstream: None, user, method }))))
    }

    /// What to do after a try that did not bring us in.
    fn after(&mut self, failure: Failure, state: &State) -> Result<Step, Ended> {
        let complaint = self.means.did_not_do(state, failure.code).then(|| failure.message.clone());
        // The person may be typing this moment, a passphrase even: no other question may take the place of that one.
        let owed = matches!(state, State::Asking { .. } | State::Signing { .. });
        if !failure.goes_on() {
            let limit = failure.is_the_limit() && !owed;
            return Err(match limit && self.means.may_go_on_elsewhere(&self.methods) {
                true => Ended::Again,
                false => failure.ends(&self.means),
            });
        }
        if owed || matches!(state, State::Begun | State::Typing) {
            return Err(failed("the bridge refused what was not tried"));
        }
        self.methods.clone_from(&failure.methods);
        self.last = Some(failure);
        let step = self.next()?;
        self.notes.extend(complaint);
        Ok(step)
    }

    /// The next try, if there is something left.
    fn next(&mut self) -> Result<Step, Ended> {
        let Some(way) = self.means.next(&self.methods) else {
            return Err(nothing_left(&self.methods, self.last.as_ref(), &self.means));
        };
        self.notes.extend(self.means.keys_passed_over(way, &self.methods));
        let method = match way {
            Way::External => LoginMethod::External {},
            Way::KeyboardInteractive => LoginMethod::KeyboardInteractive {},
            Way::Key(place) => LoginMethod::PublicKey { public_key: self.means.key_line(place) },
            Way::Bearer => match self.means.token() {
                Some(token) => LoginMethod::Bearer { token },
                None => return Err(failed("no token")),
            },
            Way::Password => match self.means.password() {
                Some(password) => LoginMethod::Password { password },
                None => {
                    if self.user.is_none() {
                        return Err(ending::no_user());
                    }
                    self.state = State::Typing;
                    return Ok(Step::AskPassword);
                }
            },
            Way::Signed => return Err(failed("no such method")),
        };
        self.log_in(way, method)
    }
}

#[cfg(test)]
mod tests;
