//! Why there is no session, in a sentence for the person.

use super::{Ended, Means};
use crate::connect::{ConnectError, shown};
use crate::login::{FailureCode, Method};
use crate::refusal::with_reference;

/// What the bridge said of a try.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) code: FailureCode,
    pub(super) message: String,
    pub(super) methods: Vec<Method>,
    pub(super) retry: bool,
    pub(super) retry_after: Option<u64>,
    pub(super) session: Option<String>,
}

impl Failure {
    /// Whether another try may bring us in.
    pub(super) fn goes_on(&self) -> bool {
        self.retry
            && matches!(
                self.code,
                FailureCode::Refused
                    | FailureCode::Partial
                    | FailureCode::MethodUnavailable
                    | FailureCode::Other
            )
    }

    /// Whether it is the number of tries that ends this.
    pub(super) fn is_the_limit(&self) -> bool {
        !self.retry && matches!(self.code, FailureCode::Refused | FailureCode::TooManyAttempts)
    }

    pub(super) fn ends(&self, means: &Means) -> Ended {
        let message = self.sentence();
        Ended::Over(match self.code {
            FailureCode::Refused
            | FailureCode::Partial
            | FailureCode::PasswordExpired
            | FailureCode::MethodUnavailable
            | FailureCode::TooManyAttempts
            | FailureCode::ResumeRefused => ConnectError::Refused(format!("{message}{}", untried(means))),
            FailureCode::UnknownUpstream
            | FailureCode::Throttled
            | FailureCode::Full
            | FailureCode::Draining
            | FailureCode::UpstreamFailed
            | FailureCode::UpstreamTimeout
            | FailureCode::Timeout
            | FailureCode::Protocol
            | FailureCode::Internal
            | FailureCode::Other => ConnectError::Failed(format!("there is no session: {message}")),
        })
    }

    /// The bridge's sentence, when to come back, and what finds it in the bridge's log.
    fn sentence(&self) -> String {
        let mut message = match shown::line(self.message.trim()) {
            empty if empty.is_empty() => "no reason was given".to_owned(),
            message => message,
        };
        // Bridges of today say it in words.
        if let Some(seconds) = self.retry_after.filter(|_| !message.contains("try again in")) {
            message = format!("{message} (try again in {seconds} s)");
        }
        match self.session.as_deref() {
            Some(session) if is_reference(session) => with_reference(&message, session),
            _ => message,
        }
    }
}

/// Another bridge may number its sessions otherwise; it may not write to the terminal.
fn is_reference(session: &str) -> bool {
    (1..=64).contains(&session.len())
        && session.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Nothing is left to try, or nothing was there.
pub(super) fn nothing_left(methods: &[Method], last: Option<&Failure>, means: &Means) -> Ended {
    let needed: Vec<String> = methods.iter().filter_map(|method| hint(*method, means)).collect();
    let needed = match needed.is_empty() {
        true => "there is no way to log in that this program knows".to_owned(),
        false => format!("it takes {}", needed.join(", or ")),
    };
    Ended::Over(ConnectError::Refused(match last {
        Some(failure) if failure.code == FailureCode::Partial => {
            format!("one more proof is needed: {needed}")
        }
        Some(failure) => format!("{}{}{}", failure.sentence(), untried(means), by_hand(methods, means)),
        None => needed,
    }))
}

/// What would be needed for a method.
fn hint(method: Method, means: &Means) -> Option<String> {
    let with_terminal = |what: &str| match means.person {
        true => what.to_owned(),
        false => format!("{what}, and there is no terminal to ask at"),
    };
    Some(match method {
        Method::Password => with_terminal("a password (--password-file or SFTPBRIDGE_PASSWORD)"),
        Method::KeyboardInteractive => with_terminal("answers to the server's questions"),
        Method::PublicKey if means.has_keys() => "another key (--identity)".to_owned(),
        Method::PublicKey => "a key (--identity or an ssh-agent)".to_owned(),
        Method::Bearer => "a token (--token-file or SFTPBRIDGE_TOKEN)".to_owned(),
        Method::Oidc => "a login in the browser".to_owned(),
        Method::External | Method::Resume | Method::Other => return None,
    })
}

fn untried(means: &Means) -> String {
    match means.keys_left() {
        0 => String::new(),
        count => format!(" (keys not tried: {count}; name the right one with --identity)"),
    }
}

/// What a person, or a password, could still have tried.
fn by_hand(methods: &[Method], means: &Means) -> String {
    let by_hand = methods.iter().filter(|it| matches!(it, Method::Password | Method::KeyboardInteractive));
    let hints: Vec<String> = by_hand.filter_map(|method| hint(*method, means)).collect();
    match means.person || means.has_password() || hints.is_empty() {
        true => String::new(),
        false => format!(" (it also takes {})", hints.join(", or ")),
    }
}

pub(super) fn nobody_answers(question: &str) -> Ended {
    Ended::Over(ConnectError::Refused(format!(
        "the server asks \"{}\", and there is no terminal to ask at",
        shown::line(question)
    )))
}

pub(super) fn no_user() -> Ended {
    Ended::Over(ConnectError::Refused("no user name; give --user".to_owned()))
}

pub(super) fn failed(what: &str) -> Ended {
    Ended::Over(ConnectError::Failed(format!("the login broke off: {what}")))
}
