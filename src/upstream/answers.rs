//! Whoever is asked while the upstream authenticates somebody.

use super::expired;
use crate::config::Secret;

/// Most questions in one round. PAM asks two or three; each costs the person's client memory.
const MOST_PROMPTS: usize = 32;

/// Most bytes of text in one round. An instruction may hold a QR code drawn in characters.
const MOST_TEXT: usize = 32 * 1024;

/// One round of questions (RFC 4256, section 3.2). All text is the server's: hostile until it is escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    /// A title; may be empty.
    pub name: String,
    /// What to do; may be empty, may have several lines.
    pub instruction: String,
    /// The questions, at most 32, each with whether what is typed may be seen. There may be none: an answer
    /// without answers is owed even so.
    pub prompts: Vec<(String, bool)>,
}

impl Round {
    /// The round, unless it is larger than anybody could answer.
    pub(super) fn bounded(self) -> Option<Self> {
        let prompts: usize = self.prompts.iter().map(|(text, _)| text.len()).sum();
        let text = self.name.len().saturating_add(self.instruction.len()).saturating_add(prompts);
        (self.prompts.len() <= MOST_PROMPTS && text <= MOST_TEXT).then_some(self)
    }

    /// Whether it asks for another password in place of an expired one.
    pub(super) fn is_about_expiry(&self) -> bool {
        expired::is_told_by(&self.instruction)
            || self.prompts.iter().any(|(text, _)| expired::is_told_by(text))
    }
}

/// What is to be signed (RFC 4252, section 7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignRequest {
    /// The plain signature algorithm, for a certificate too: `ssh-ed25519`, `rsa-sha2-512`.
    pub algorithm: String,
    /// What to sign: the session identifier and the request.
    pub data: Vec<u8>,
}

/// Whoever answers. The time that they take is not the upstream's: its clock stands still meanwhile.
pub trait Answers: Send {
    /// The answers to `round`, as many as it has questions. `None`: gone, or refuses.
    fn answers(&mut self, round: Round) -> impl Future<Output = Option<Vec<Secret>>> + Send;

    /// The signature for `request` as RFC 4253, section 6.6, has it: the format identifier and the blob, each
    /// with its length; not wrapped in a string once more. `None`: gone, or refuses.
    fn signature(&mut self, request: SignRequest) -> impl Future<Output = Option<Vec<u8>>> + Send;
}

/// Nobody is there: enough for a password and for the bridge's own keys.
#[derive(Debug, Clone, Copy)]
pub struct Nobody;

impl Answers for Nobody {
    async fn answers(&mut self, _: Round) -> Option<Vec<Secret>> {
        None
    }

    async fn signature(&mut self, _: SignRequest) -> Option<Vec<u8>> {
        None
    }
}

/// Answers the one hidden question of a server that asks for the password by keyboard-interactive alone, as
/// ssh clients do. A second question is for a person.
#[derive(Debug)]
pub struct OnlyPassword(Option<Secret>);

impl OnlyPassword {
    /// `password` is told once.
    pub fn new(password: Secret) -> Self {
        Self(Some(password))
    }
}

impl Answers for OnlyPassword {
    async fn answers(&mut self, round: Round) -> Option<Vec<Secret>> {
        match round.prompts.as_slice() {
            [] => Some(Vec::new()),
            [(_, false)] => self.0.take().map(|password| vec![password]),
            _ => None,
        }
    }

    async fn signature(&mut self, _: SignRequest) -> Option<Vec<u8>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(prompts: &[(&str, bool)]) -> Round {
        let prompts = prompts.iter().map(|(text, echo)| ((*text).to_owned(), *echo)).collect();
        Round { name: String::new(), instruction: String::new(), prompts }
    }

    #[tokio::test]
    async fn a_password_answers_one_hidden_question_once() {
        let mut answers = OnlyPassword::new(Secret::new("pw".to_owned()));
        assert_eq!(answers.answers(round(&[])).await.unwrap().len(), 0);
        assert!(answers.answers(round(&[("Login: ", true)])).await.is_none());
        assert!(answers.answers(round(&[("a", false), ("b", false)])).await.is_none());
        let given = answers.answers(round(&[("Password: ", false)])).await.unwrap();
        assert_eq!(given.iter().map(Secret::expose).collect::<Vec<_>>(), ["pw"]);
        assert!(answers.answers(round(&[("New password: ", false)])).await.is_none());
        assert_eq!(answers.answers(round(&[])).await.unwrap().len(), 0);
    }

    #[test]
    fn a_round_is_bounded_in_questions_and_in_text() {
        assert!(round(&[("x", true); 32]).bounded().is_some());
        assert!(round(&[("x", true); 33]).bounded().is_none());
        let long = "x".repeat(16 * 1024);
        assert!(round(&[(&long, true), (&long, true)]).bounded().is_some());
        assert!(round(&[(&long, true), (&long, true), ("x", true)]).bounded().is_none());
    }
}
