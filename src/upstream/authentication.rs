//! User authentication (RFC 4252), one attempt after the other.

use std::sync::Arc;
use std::time::Duration;

use russh::MethodSet;
use russh::client::{AuthResult, KeyboardInteractiveAuthResponse};

use super::alive::WhileAlive;
use super::answers::{Answers, Nobody, OnlyPassword, Round};
use super::connection::Connection;
use super::credentials::Credentials;
use super::error::{Step, UpstreamError};
use super::link::Link;
use super::measured::outcome;
use super::method::Method;
use super::notes::Notes;
use super::patience::{Patience, RanOut};
use super::signing::Shown;
use crate::config::Secret;
use crate::metrics::StepOutcome;
use crate::traces::step;

/// Silence after a packet that was neither an answer to the password nor a banner, until it is taken for
/// SSH_MSG_USERAUTH_PASSWD_CHANGEREQ.
const QUIET: Duration = Duration::from_secs(3);

/// Most rounds of questions in one attempt; a server could ask for ever.
const MOST_ROUNDS: usize = 64;

/// A connection whose host key was checked, and on which somebody logs in.
///
/// Several attempts may follow each other: after a refusal, and after a partial success. They must be for the
/// same user; OpenSSH hangs up on a change. The upstream's own time for all of them together, with the key
/// exchange, is `login_timeout`; the time that [`Answers`] take does not count.
#[derive(Debug)]
pub struct Authentication {
    pub(super) link: Link,
    pub(super) patience: Patience,
    pub(super) login_timeout: Duration,
    pub(super) legacy: bool,
}

/// Knows what the server has said for the person to read.
#[derive(Debug, Clone)]
pub struct Banners(Arc<Notes>);

impl Banners {
    /// As [`Authentication::banner`].
    pub fn so_far(&self) -> Option<String> {
        self.0.banner()
    }
}

/// How an attempt went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// The user is in.
    Success,
    /// Wrong, or not enough.
    Failure {
        /// What may be tried, or what is still needed. Empty when the server has hung up.
        remaining: Vec<Method>,
        /// Right so far; one of `remaining` is needed too (RFC 4252, section 5.1).
        partial: bool,
    },
    /// The password must be changed first (RFC 4252, section 8), and nobody gave a new one. The connection is
    /// cut: the server waits for another password on it.
    PasswordExpired,
}

impl Authentication {
    /// One attempt, by one method.
    ///
    /// A future that is dropped half-way cuts the connection. So does every error but
    /// [`UpstreamError::Signature`], after which another attempt may follow.
    ///
    /// # Errors
    /// When there is no verdict: the connection was lost, time ran out, nobody answered, or a key could not be
    /// used.
    pub async fn attempt<A: Answers>(
        &mut self,
        user: &str,
        credentials: &Credentials,
        answers: &mut A,
    ) -> Result<Attempt, UpstreamError> {
        let unfinished = self.link.cut.twin();
        let patience = self.patience.left();
        let answers = &mut WhileAlive::new(answers, self.link.cut.stream());
        let method = credentials.method();
        let attempt = async {
            match credentials {
                Credentials::Password(password) => self.password(user, password).await,
                Credentials::KeyboardInteractive => self.keyboard_interactive(user, answers).await,
                Credentials::PublicKey(key) => self.signed(user, Shown::Key(key.clone()), answers).await,
                Credentials::Certificate(certificate) => {
                    self.signed(user, Shown::Certificate(certificate.clone()), answers).await
                }
                Credentials::Key { key, certificate } => self.held(user, key, certificate.as_deref()).await,
                Credentials::Agent { socket, key } => self.agent(user, socket, key.as_ref()).await,
            }
        };
        let attempt = step("authentication", Some(method.name()), attempt).await;
        let attempt = match attempt {
            Err(UpstreamError::Unanswered) | Ok(Attempt::PasswordExpired) if answers.hung_up => {
                Err(self.link.notes.lost(Step::Login, russh::Error::Disconnect))
            }
            attempt => attempt,
        };
        if let Some(outcome) = told(&attempt) {
            let time = patience.saturating_sub(self.patience.left());
            self.link.steps.took(Step::Login.name(), outcome, time);
        }
        match &attempt {
            Ok(Attempt::Success | Attempt::Failure { .. }) | Err(UpstreamError::Signature { .. }) => {
                unfinished.spare();
            }
            Ok(Attempt::PasswordExpired) | Err(_) => drop(unfinished),
        }
        attempt
    }

    /// Asks which methods the server takes from `user` (RFC 4252, section 5.2). OpenSSH does not count it as a failed
    /// login when it comes first. [`Attempt::Success`] if it takes nothing: everybody is let in.
    ///
    /// # Errors
    /// When there is no answer. A future that is dropped half-way cuts the connection.
    pub async fn methods(&mut self, user: &str) -> Result<Attempt, UpstreamError> {
        let unfinished = self.link.cut.twin();
        let asked = self.patience.spend(self.link.handle.authenticate_none(user)).await;
        let attempt = match asked {
            Ok(answer) => self.verdict(answer).await?,
            Err(RanOut) => return Err(self.timed_out()),
        };
        unfinished.spare();
        Ok(attempt)
    }

    /// An attempt with credentials that need nobody to answer. A password is also given as the answer to the one
    /// hidden question of a server that takes no passwords but keyboard-interactive, as ssh clients do.
    ///
    /// # Errors
    /// As [`Authentication::attempt`].
    pub async fn log_in(&mut self, user: &str, credentials: &Credentials) -> Result<Attempt, UpstreamError> {
        let attempt = self.attempt(user, credentials, &mut Nobody).await?;
        if let (Attempt::Failure { remaining, partial: false }, Credentials::Password(password)) =
            (&attempt, credentials)
            && remaining.contains(&Method::KeyboardInteractive)
            && !remaining.contains(&Method::Password)
        {
            let mut answers = OnlyPassword::new(password.clone());
            return self.attempt(user, &Credentials::KeyboardInteractive, &mut answers).await;
        }
        Ok(attempt)
    }

    /// What the server has said for the person to read so far, at most 4 KiB. Hostile until it is escaped.
    pub fn banner(&self) -> Option<String> {
        self.link.notes.banner()
    }

    /// The same for whoever has no hold of the rest while an attempt runs.
    pub fn banners(&self) -> Banners {
        Banners(Arc::clone(&self.link.notes))
    }

    /// Ready when the connection is over. Cancel-safe.
    pub async fn lost(&self) {
        self.link.notes.over.cancelled().await;
    }

    /// The sftp channel, after [`Attempt::Success`]. When the future is dropped, the connection is cut.
    ///
    /// # Errors
    /// [`UpstreamError`] says why there is none; the connection is cut.
    /// [`UpstreamError::PasswordExpired`] if the server has let the user in for nothing but a new password.
    pub async fn start(self) -> Result<Connection, UpstreamError> {
        self.link.heard.logged_in();
        Connection::first(self.link).await
    }

    async fn password(&mut self, user: &str, password: &Secret) -> Result<Attempt, UpstreamError> {
        let Link { handle, heard, .. } = &mut self.link;
        heard.account();
        let answered = async {
            tokio::select! {
                biased;
                answer = handle.authenticate_password(user, password.expose()) => Some(answer),
                () = heard.unaccounted(QUIET) => None,
            }
        };
        match self.patience.spend(answered).await {
            Ok(Some(answer)) => self.verdict(answer).await,
            Ok(None) => Ok(Attempt::PasswordExpired),
            Err(RanOut) => Err(self.timed_out()),
        }
    }

    async fn keyboard_interactive<A: Answers>(
        &mut self,
        user: &str,
        answers: &mut A,
    ) -> Result<Attempt, UpstreamError> {
        let handle = &mut self.link.handle;
        let start = handle.authenticate_keyboard_interactive_start(user, None);
        let mut said = self.patience.spend(start).await;
        for _ in 0..MOST_ROUNDS {
            let round = match said {
                Err(RanOut) => return Err(self.timed_out()),
                Ok(Ok(KeyboardInteractiveAuthResponse::InfoRequest { name, instructions, prompts })) => {
                    let prompts = prompts.into_iter().map(|prompt| (prompt.prompt, prompt.echo)).collect();
                    Round { name, instruction: instructions, prompts }
                }
                Ok(Ok(KeyboardInteractiveAuthResponse::Success)) => return Ok(Attempt::Success),
                Ok(Ok(KeyboardInteractiveAuthResponse::Failure { remaining_methods, partial_success })) => {
                    return self.failure(&remaining_methods, partial_success).await;
                }
                Ok(Err(error)) => return self.verdict(Err(error)).await,
            };
            let round = round.bounded().ok_or(UpstreamError::TooManyQuestions)?;
            let (wanted, expired) = (round.prompts.len(), round.is_about_expiry());
            let given = answers.answers(round).await.filter(|given| given.len() == wanted);
            let given = match given {
                // russh does not wipe its copies; they live until they are sent.
                Some(given) => given.iter().map(|answer| answer.expose().to_owned()).collect(),
                None if expired => return Ok(Attempt::PasswordExpired),
                None => return Err(UpstreamError::Unanswered),
            };
            let respond = self.link.handle.authenticate_keyboard_interactive_respond(given);
            said = self.patience.spend(respond).await;
        }
        Err(UpstreamError::TooManyQuestions)
    }

    pub(super) async fn verdict(
        &self,
        answer: Result<AuthResult, russh::Error>,
    ) -> Result<Attempt, UpstreamError> {
        match answer {
            Ok(AuthResult::Success) => Ok(Attempt::Success),
            Ok(AuthResult::Failure { remaining_methods, partial_success }) => {
                self.failure(&remaining_methods, partial_success).await
            }
            Err(source) => self.ended(source).await,
        }
    }

    async fn failure(&self, remaining: &MethodSet, partial: bool) -> Result<Attempt, UpstreamError> {
        // russh reports a connection that died as a refusal with nothing left to try.
        if remaining.is_empty() {
            return self.ended(russh::Error::Disconnect).await;
        }
        let remaining = remaining.iter().map(|kind| Method::from(*kind)).collect();
        Ok(Attempt::Failure { remaining, partial })
    }

    async fn ended(&self, source: russh::Error) -> Result<Attempt, UpstreamError> {
        self.link.notes.login_ended(source).await?;
        Ok(Attempt::Failure { remaining: Vec::new(), partial: false })
    }

    pub(super) fn timed_out(&self) -> UpstreamError {
        UpstreamError::TimedOut { step: Step::Login, after: self.login_timeout }
    }
}

/// How an attempt is told to the metrics: not at all where it was not the server that ended it.
fn told(attempt: &Result<Attempt, UpstreamError>) -> Option<StepOutcome> {
    match attempt {
        Ok(Attempt::Success | Attempt::Failure { partial: true, .. }) => Some(StepOutcome::Ok),
        Ok(Attempt::Failure { partial: false, .. } | Attempt::PasswordExpired) => Some(StepOutcome::Refused),
        Err(UpstreamError::Unanswered | UpstreamError::Signature { .. } | UpstreamError::Agent { .. }) => {
            None
        }
        Err(_) => Some(outcome(attempt)),
    }
}
