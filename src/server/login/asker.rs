//! What the upstream asks goes to the client, and its reply back.

use tokio::sync::{mpsc, oneshot};

use super::guessing::Guessing;
use crate::config::Secret;
use crate::login::{Prompt, Question, Reply};
use crate::upstream::{Answers, Banners, Round, SignRequest};

/// A question on its way to the client. The reply is waited for as long as the conversation goes on.
#[derive(Debug)]
pub(super) struct Asked {
    /// What the SSH server has said since the last question.
    pub(super) banner: Option<String>,
    pub(super) question: Question,
    pub(super) reply_to: oneshot::Sender<Reply>,
}

/// Where questions go. Nothing is asked twice at a time, so there is no queue to speak of.
pub(super) type Asker = mpsc::Sender<Asked>;

pub(super) fn channel() -> (Asker, mpsc::Receiver<Asked>) {
    mpsc::channel(1)
}

/// The person at the other end of the socket.
pub(super) struct Client<'a> {
    asker: &'a Asker,
    banners: Banners,
    /// Bytes of the banners that the client knows.
    told: usize,
    /// Answers the first hidden question, where the server takes a password by questions only.
    password: Option<Secret>,
    /// The questions of the last round that had any.
    asked: Vec<(String, bool)>,
    pub(super) guessing: Guessing<'a>,
}

impl<'a> Client<'a> {
    /// Of what `banners` know, the client knows the first `told` bytes.
    pub(super) fn new(asker: &'a Asker, banners: Banners, told: usize, guessing: Guessing<'a>) -> Self {
        Self { asker, banners, told, password: None, asked: Vec::new(), guessing }
    }

    /// `password` answers the first hidden question, as ssh clients do it.
    pub(super) fn answer_with(&mut self, password: Secret) {
        self.password = Some(password);
    }

    /// What the server has said and the client does not know.
    pub(super) fn unheard(&mut self) -> Option<String> {
        let banner = self.banners.so_far()?;
        let new = banner.get(self.told..).filter(|new| !new.is_empty())?.to_owned();
        self.told = banner.len();
        Some(new)
    }

    /// How much of the banners the client knows now.
    pub(super) fn told(&self) -> usize {
        self.told
    }

    async fn ask(&mut self, question: Question) -> Option<Reply> {
        let (reply_to, reply) = oneshot::channel();
        let banner = self.unheard();
        self.asker.send(Asked { banner, question, reply_to }).await.ok()?;
        reply.await.ok()
    }
}

impl Answers for Client<'_> {
    async fn answers(&mut self, round: Round) -> Option<Vec<Secret>> {
        if let [(_, false)] = round.prompts.as_slice()
            && let Some(password) = self.password.take()
        {
            self.asked = round.prompts;
            return Some(vec![password]);
        }
        let asks = !round.prompts.is_empty();
        if !asks && round.name.is_empty() && round.instruction.is_empty() {
            return Some(Vec::new()); // PAM's last word: nothing to show.
        }
        if asks {
            self.guessing.asked_on(self.asked == round.prompts);
            self.asked.clone_from(&round.prompts);
        }
        let Round { name, instruction, prompts } = round;
        let prompts = prompts.into_iter().map(|(text, echo)| Prompt { text, echo }).collect();
        let Reply::Answers(answers) = self.ask(Question::Prompts { name, instruction, prompts }).await?
        else {
            return None;
        };
        if asks {
            self.guessing.begin().await?;
        }
        Some(answers)
    }

    async fn signature(&mut self, request: SignRequest) -> Option<Vec<u8>> {
        let SignRequest { algorithm, data } = request;
        match self.ask(Question::Sign { algorithm, data }).await? {
            Reply::Signature(signature) => Some(signature),
            Reply::Answers(_) => None,
        }
    }
}
