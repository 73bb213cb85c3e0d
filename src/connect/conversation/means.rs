//! What there is to log in with, and which of it is next.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::State;
use crate::config::Secret;
use crate::connect::signing;
use crate::login::{FailureCode, Method, Prompt};

/// Tries that a bridge takes on one socket, if it is set up as usual. An SSH server takes as many on a connection.
const TRIES: u32 = 6;

/// Of these, what keys leave for a person, or for a password: one round of questions, and one password.
const KEPT: u32 = 2;

/// How often a person may try, by questions and by password each, as in ssh.
const PERSON_TRIES: u32 = 3;

/// One way to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// What the opening handshake proved.
    External,
    /// The token, once more.
    Bearer,
    /// The key of that place.
    Key(usize),
    /// A key that has signed: it does so once in a try.
    Signed,
    /// Questions.
    KeyboardInteractive,
    /// A password.
    Password,
}

impl Way {
    /// Whether the bridge cannot know for whom it is.
    pub(super) fn needs_user(self) -> bool {
        !matches!(self, Self::External | Self::Bearer)
    }
}

/// What there is to log in with.
#[derive(Debug, Default)]
pub(in crate::connect) struct Means {
    /// Public keys and certificates, in their wire form, best first.
    keys: Vec<Vec<u8>>,
    next_key: usize,
    token: Option<Secret>,
    password: Option<Secret>,
    /// Whether somebody can be asked.
    pub(super) person: bool,
    external: bool,
    password_tried: bool,
    password_answered: bool,
    /// Whether the person had to answer in the try that is under way.
    asked: bool,
    question_tries: u32,
    password_tries: u32,
    tries: u32,
    /// Whether this is the second socket.
    second: bool,
    /// Whether the person knows of keys that are left behind.
    said: bool,
}

impl Means {
    /// What is given; `person`: whether somebody can be asked for more.
    pub(in crate::connect) fn new(
        keys: Vec<Vec<u8>>,
        token: Option<Secret>,
        password: Option<Secret>,
        person: bool,
    ) -> Self {
        Self { keys, token, password, person, ..Self::default() }
    }

    pub(super) fn proved(&mut self, by_handshake: bool) {
        self.external = by_handshake;
    }

    pub(super) fn another_socket(&mut self) {
        self.next_key = self.keys.len();
        self.tries = 0;
        self.second = true;
    }

    /// The way to try next. It will not be offered again.
    pub(super) fn next(&mut self, methods: &[Method]) -> Option<Way> {
        let questions_first = self.person || self.password.is_none();
        let by_hand = match questions_first {
            true => [Method::KeyboardInteractive, Method::Password],
            // Nobody answers questions, and a password is what the method of that name is for.
            false => [Method::Password, Method::KeyboardInteractive],
        };
        let order = [Method::External, Method::Bearer, Method::PublicKey].into_iter().chain(by_hand);
        order.filter(|method| methods.contains(method)).find_map(|method| self.by(method, methods))
    }

    fn by(&mut self, method: Method, methods: &[Method]) -> Option<Way> {
        match method {
            Method::External => std::mem::take(&mut self.external).then_some(Way::External),
            Method::Bearer => self.token.is_some().then_some(Way::Bearer),
            Method::PublicKey => {
                let kept = if self.has_more_than_keys(methods) { KEPT } else { 0 };
                let place = self.next_key;
                (place < self.keys.len() && self.tries + kept < TRIES).then(|| {
                    self.next_key += 1;
                    Way::Key(place)
                })
            }
            Method::KeyboardInteractive => {
                let limit = match (self.person, self.password.is_some() && !self.password_answered) {
                    (true, _) => PERSON_TRIES,
                    (false, true) => 1,
                    (false, false) => 0,
                };
                (self.question_tries < limit).then_some(Way::KeyboardInteractive)
            }
            Method::Password => {
                let given = self.password.is_some() && !self.password_tried;
                let by_person = self.person && self.password.is_none() && self.password_tries < PERSON_TRIES;
                (given || by_person).then_some(Way::Password)
            }
            Method::Oidc | Method::Resume | Method::Other => None,
        }
    }

    fn has_more_than_keys(&self, methods: &[Method]) -> bool {
        let by_hand =
            methods.iter().any(|method| matches!(method, Method::Password | Method::KeyboardInteractive));
        by_hand && (self.person || (self.password.is_some() && !self.password_tried))
    }

    /// Whether a second socket is worth it: only keys have been tried on this one.
    pub(super) fn may_go_on_elsewhere(&self, methods: &[Method]) -> bool {
        !self.second
            && self.question_tries == 0
            && self.password_tries == 0
            && self.has_more_than_keys(methods)
    }

    /// Keys that have not been tried.
    pub(super) fn keys_left(&self) -> usize {
        self.keys.len().saturating_sub(self.next_key)
    }

    /// Said once to a person whom keys were left behind for.
    pub(super) fn keys_passed_over(&mut self, way: Way, methods: &[Method]) -> Option<String> {
        let left = self.keys_left();
        let by_hand = matches!(way, Way::KeyboardInteractive | Way::Password);
        let due = by_hand && self.person && left > 0 && methods.contains(&Method::PublicKey);
        (due && !std::mem::replace(&mut self.said, true))
            .then(|| format!("Keys not tried: {left}. Name the right one with --identity."))
    }

    pub(super) fn has_keys(&self) -> bool {
        !self.keys.is_empty()
    }

    pub(super) fn has_password(&self) -> bool {
        self.password.is_some()
    }

    pub(super) fn key(&self, place: usize) -> Option<&[u8]> {
        self.keys.get(place).map(Vec::as_slice)
    }

    /// The key as OpenSSH writes it on a line.
    pub(super) fn key_line(&self, place: usize) -> String {
        let key = self.key(place).unwrap_or_default();
        let key_type = signing::key_type(key).unwrap_or_default();
        format!("{} {}", key_type.escape_ascii(), STANDARD.encode(key))
    }

    /// The token, once.
    pub(super) fn token(&mut self) -> Option<Secret> {
        self.token.take()
    }

    /// The given password, once.
    pub(super) fn password(&mut self) -> Option<Secret> {
        self.password.clone().filter(|_| !std::mem::replace(&mut self.password_tried, true))
    }

    pub(super) fn count(&mut self) {
        self.tries += 1;
        self.asked = false;
    }

    pub(super) fn person_was_asked(&mut self) {
        self.asked = true;
    }

    /// The given password, if that is what is asked for; once.
    pub(super) fn answer(&mut self, prompts: &[Prompt]) -> Option<Secret> {
        let [Prompt { text, echo: false }] = prompts else { return None };
        let password =
            self.password.clone().filter(|_| !self.password_answered && asks_for_password(text))?;
        self.password_answered = true;
        Some(password)
    }

    /// Notes a try that failed, so that it is not made again. Whether it was the person's own doing.
    pub(super) fn did_not_do(&mut self, state: &State, code: FailureCode) -> bool {
        let wrong = code != FailureCode::Partial;
        match state {
            State::Trying(Way::KeyboardInteractive) | State::Asking { .. } => {
                // What the person had no part in will not be another the next time.
                self.question_tries =
                    if wrong && !self.asked { PERSON_TRIES } else { self.question_tries + 1 };
                self.password_tried |= wrong && self.password_answered;
                wrong && self.asked
            }
            State::Trying(Way::Password) => {
                self.password_tries += 1;
                self.password_answered |= wrong;
                wrong && self.password.is_none()
            }
            State::Begun | State::Trying(_) | State::Signing { .. } | State::Typing => false,
        }
    }
}

/// Whether a hidden question is for the password that was given, and not for a code, or for a new password.
fn asks_for_password(question: &str) -> bool {
    const OTHERS: [&str; 12] =
        ["one", "time", "otp", "totp", "code", "token", "pin", "new", "old", "current", "retype", "again"];
    let question = question.to_lowercase();
    let mut words = question.split(|c: char| !c.is_alphanumeric());
    question.contains("passw") && !words.any(|word| OTHERS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_told_from_a_code() {
        for question in
            ["Password: ", "(ann@host) Password:", "ann's password: ", "Passwort: ", "LDAP PASSWORD:"]
        {
            assert!(asks_for_password(question), "{question}");
        }
        for question in [
            "Verification code: ",
            "One-time password (OATH) for `ann': ",
            "OTP password:",
            "Enter PASSCODE: ",
            "New password: ",
            "Retype new password: ",
            "(current) UNIX password: ",
            "",
        ] {
            assert!(!asks_for_password(question), "{question}");
        }
    }
}
