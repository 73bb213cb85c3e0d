//! Carries the conversation between the socket, the keys and the person.

use std::io;
use std::time::Duration;

use tokio::time::timeout;

use super::conversation::{Conversation, Ended, Step};
use super::handshake::Stream;
use super::identities::Identities;
use super::person::{Person, is_declined};
use super::warning::Warning;
use super::{ConnectError, shown};
use crate::config::Secret;
use crate::login::{ClientMessage, LARGEST_MESSAGE, LoginMethod, LoginRequest, Prompt};
use crate::pump::{CloseFrame, SourceEnd};
use crate::websocket::{self, Said, Socket};

/// Longest wait for the bridge to say something, where it is its turn. It gives up earlier than this by itself.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);

/// One socket, and who is at this end of it.
pub(super) struct Dialogue<'a> {
    pub(super) socket: &'a mut Socket<Stream>,
    pub(super) person: &'a Person,
    pub(super) identities: &'a mut Identities,
    /// `user@bridge`, for questions.
    pub(super) name: &'a str,
    pub(super) warning: &'a mut Warning,
}

impl Dialogue<'_> {
    /// Talks until packets may flow. While the person answers, or the agent asks them, the bridge is heard too: its
    /// patience ends some time.
    pub(super) async fn log_in(&mut self, conversation: &mut Conversation) -> Result<(), Ended> {
        let mut step = Step::Send(None);
        loop {
            let next = match step {
                Step::Ready => return Ok(()),
                Step::Send(message) => {
                    if let Some(message) = message {
                        self.send(&message).await?;
                    }
                    let text = timeout(ANSWER_TIMEOUT, hear(self.socket)).await;
                    conversation.hear(&text.map_err(|_| broken("the bridge does not answer"))??)
                }
                Step::Ask(prompts) => {
                    self.warning.before("answer");
                    let (person, name) = (self.person, self.name);
                    tokio::select! {
                        biased;
                        text = hear(self.socket) => conversation.hear(&text?),
                        answers = ask_all(person, name, &prompts) => conversation.answered(answers.map_err(unanswered)?),
                    }
                }
                Step::AskPassword => {
                    self.warning.before("password");
                    let question = format!("{}'s password: ", shown::line(self.name));
                    tokio::select! {
                        biased;
                        text = hear(self.socket) => conversation.hear(&text?),
                        answer = self.person.ask(&question, false) => conversation.typed(answer.map_err(unanswered)?),
                    }
                }
                Step::Sign(place, signable) => {
                    tokio::select! {
                        biased;
                        text = hear(self.socket) => conversation.hear(&text?),
                        signature = self.identities.sign(place, &signable, self.person) => {
                            if let Err(reason) = &signature {
                                eprintln!("sftpbridge: {reason}");
                            }
                            conversation.signed(signature.ok())
                        }
                    }
                }
            };
            for note in conversation.notes() {
                self.person.show(&note);
            }
            step = next?;
        }
    }

    async fn send(&mut self, message: &ClientMessage) -> Result<(), Ended> {
        match message {
            ClientMessage::Login(LoginRequest { method: LoginMethod::Password { .. }, .. }) => {
                self.warning.before("password");
            }
            ClientMessage::Answer { answers, .. } if !answers.is_empty() => self.warning.before("answer"),
            // A token has gone out with the opening handshake.
            ClientMessage::Login(_) | ClientMessage::Answer { .. } | ClientMessage::Signature { .. } => {}
        }
        let text = serde_json::to_string(message).map_err(broken)?;
        if text.len() > LARGEST_MESSAGE {
            return Err(broken("an answer is too long"));
        }
        // When the bridge has closed, this fails, and its reason waits to be heard.
        let sent = timeout(ANSWER_TIMEOUT, websocket::say(self.socket, text)).await;
        sent.map_err(|_| broken("the bridge takes no answer"))?.or(Ok(()))
    }
}

/// The next text message. Cancel-safe.
async fn hear(socket: &mut Socket<Stream>) -> Result<String, Ended> {
    match websocket::hear(socket).await {
        Ok(Said::Text(text)) => Ok(text.as_str().to_owned()),
        Ok(Said::Binary) => Err(broken("the bridge sent a packet before its time")),
        Err(SourceEnd::Closed(Some(CloseFrame { code, reason }))) => {
            Err(broken(format!("{} (close code {code})", shown::line(&reason))))
        }
        Err(SourceEnd::Closed(None) | SourceEnd::Finished) => Err(broken("the bridge closed the connection")),
        Err(SourceEnd::Lost(error)) => Err(broken(shown::line(&error.to_string()))),
        Err(SourceEnd::Violation(violation)) => {
            Err(broken(format!("the bridge sent {}", shown::line(&violation.to_string()))))
        }
    }
}

async fn ask_all(person: &Person, name: &str, prompts: &[Prompt]) -> io::Result<Vec<Secret>> {
    let mut answers = Vec::new();
    for prompt in prompts {
        answers.push(person.ask(&question(name, &prompt.text), prompt.echo).await?);
    }
    Ok(answers)
}

/// The line where the cursor stands begins with whose question it is, as in ssh: nobody should take it for one of this
/// machine. Before it may be whatever PAM has to say, a picture even.
fn question(name: &str, text: &str) -> String {
    let mut shown = shown::lines(text);
    let last = shown.rfind('\n').map_or(0, |end| end + 1);
    shown.insert_str(last, &format!("({}) ", shown::line(name)));
    shown
}

fn unanswered(error: io::Error) -> Ended {
    Ended::Over(match is_declined(&error) {
        true => ConnectError::Refused("a question was not answered".to_owned()),
        false => ConnectError::Unasked(error),
    })
}

fn broken(what: impl std::fmt::Display) -> Ended {
    Ended::Over(ConnectError::Failed(format!("the login broke off: {what}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_says_whose_it_is_where_it_is_answered() {
        assert_eq!(question("ann@host", "Code: "), "(ann@host) Code: ");
        assert_eq!(question("ann@host", ""), "(ann@host) ");
        assert_eq!(
            question("ann@host", "Push or code?\r\nEnter passphrase for key '/home/ann/.ssh/id_rsa': "),
            "Push or code?\n(ann@host) Enter passphrase for key '/home/ann/.ssh/id_rsa': "
        );
    }
}
