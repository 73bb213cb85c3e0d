//! What of a conversation counts as guessing a secret.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::server::access::Access;
use crate::server::throttle;
use crate::server::visitor::Refused;
use crate::upstream::{Attempt, UpstreamError};

/// What was done for a client in a conversation.
#[derive(Debug, Clone, Default)]
pub(super) struct Efforts(Arc<Done>);

#[derive(Debug, Default)]
struct Done {
    /// A secret was tried, so that the throttle knows of it.
    guessed: AtomicBool,
    /// A server was reached, and has let nobody in.
    worked: AtomicBool,
}

impl Efforts {
    /// A secret is tried.
    pub(super) fn guess(&self) {
        self.0.guessed.store(true, Relaxed);
    }

    /// A server is reached.
    pub(super) fn work(&self) {
        self.0.worked.store(true, Relaxed);
    }

    /// The work was for somebody who may have it.
    pub(super) fn pay(&self) {
        self.0.worked.store(false, Relaxed);
    }

    /// Whether there was work that the throttle does not know of.
    pub(super) fn are_unpaid(&self) -> bool {
        self.0.worked.load(Relaxed) && !self.0.guessed.load(Relaxed)
    }
}

/// The guesses of one attempt at an upstream, one at a time.
#[derive(Debug)]
pub(super) struct Guessing<'a> {
    access: Access<'a>,
    upstream: &'a str,
    user: &'a str,
    efforts: &'a Efforts,
    guess: Option<throttle::Attempt>,
    /// One before, with which the server was content enough to ask on.
    earlier: Option<throttle::Attempt>,
    /// Why no guess was allowed any more.
    refused: Option<Refused>,
}

impl<'a> Guessing<'a> {
    pub(super) fn new(access: Access<'a>, upstream: &'a str, user: &'a str, efforts: &'a Efforts) -> Self {
        Self { access, upstream, user, efforts, guess: None, earlier: None, refused: None }
    }

    /// A secret is about to be sent, now that the throttle lets it. `None`: it does not.
    pub(super) async fn begin(&mut self) -> Option<()> {
        match self.access.guess(self.upstream, self.user).await {
            Ok(mut guess) => {
                guess.sent();
                self.efforts.guess();
                self.guess = Some(guess);
                Some(())
            }
            Err(refused) => {
                self.refused = Some(refused);
                None
            }
        }
    }

    /// Whether every guess so far was allowed.
    pub(super) fn allowed(&mut self) -> Result<(), Refused> {
        self.refused.take().map_or(Ok(()), Err)
    }

    /// The last guess has come to nothing that counts.
    pub(super) fn void(&mut self) {
        if let Some(guess) = self.guess.take() {
            guess.void();
        }
    }

    /// The last guess has led to another question. Whether it was right shows at the end only; but a server that
    /// asks the same `again` has said so. Of several guesses without a verdict one may be right and the next one
    /// wrong: more than that are guesses at the same thing.
    pub(super) fn asked_on(&mut self, again: bool) {
        let Some(mut guess) = self.guess.take() else { return };
        if again || self.earlier.is_some() {
            guess.failed();
        } else {
            guess.defer();
            self.earlier = Some(guess);
        }
    }

    /// Settles the last guess, and the one before with it, by what the server said; or why there was none.
    pub(super) fn settle(&mut self, attempt: &Result<Attempt, UpstreamError>) -> Result<(), Refused> {
        let (last, earlier) = match (self.guess.take(), self.earlier.take()) {
            (None, earlier) => (earlier, None),
            both => both,
        };
        if let Some(earlier) = earlier {
            earlier.void();
        }
        if let Some(last) = last {
            match attempt {
                Ok(Attempt::Failure { partial: false, .. }) => last.failed(),
                // Half of a login gives no guesses at the other half back.
                Ok(Attempt::Failure { .. }) => last.void(),
                Ok(Attempt::Success | Attempt::PasswordExpired) => last.succeeded(),
                Err(_) => last.answered(attempt),
            }
        }
        self.allowed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::server::bridge::Bridge;
    use crate::server::peer::Peer;
    use crate::server::visitor::Visitor;

    const WRONG: Result<Attempt, UpstreamError> =
        Ok(Attempt::Failure { remaining: Vec::new(), partial: false });

    fn place() -> (Bridge, Visitor, Efforts) {
        let peer = Peer::from(std::net::SocketAddr::from(([192, 0, 2, 1], 1)));
        let bridge = Bridge::new(&Config::default()).unwrap();
        let visitor = Visitor::new(Some(peer), bridge.audit.clone());
        (bridge, visitor, Efforts::default())
    }

    /// How many guesses one may have, each in an attempt of its own, before the default limits stop it.
    async fn attempts(attempt: impl AsyncFn(&mut Guessing<'_>) -> Option<()>) -> usize {
        let (bridge, visitor, efforts) = place();
        for count in 0..20 {
            let access = Access { bridge: &bridge, visitor: &visitor };
            if attempt(&mut Guessing::new(access, "main", "u", &efforts)).await.is_none() {
                return count;
            }
        }
        20
    }

    #[tokio::test(start_paused = true)]
    async fn a_login_of_two_answers_fails_once() {
        let two = attempts(async |guessing| {
            guessing.begin().await?;
            guessing.asked_on(false);
            guessing.begin().await?;
            guessing.settle(&WRONG).ok()
        });
        assert_eq!(two.await, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn who_leaves_at_the_second_question_has_failed() {
        let one = attempts(async |guessing| {
            guessing.begin().await?;
            guessing.asked_on(false);
            Some(())
        });
        assert_eq!(one.await, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_right_login_of_two_answers_costs_nothing() {
        let two = attempts(async |guessing| {
            guessing.begin().await?;
            guessing.asked_on(false);
            guessing.begin().await?;
            guessing.settle(&Ok(Attempt::Success)).ok()
        });
        assert_eq!(two.await, 20);
    }

    /// How many answers a server hears that asks on within one attempt.
    async fn answers(again: impl Fn(usize) -> bool) -> usize {
        let (bridge, visitor, efforts) = place();
        let mut guessing =
            Guessing::new(Access { bridge: &bridge, visitor: &visitor }, "main", "u", &efforts);
        for count in 0..20 {
            if guessing.begin().await.is_none() {
                return count;
            }
            guessing.asked_on(again(count));
        }
        20
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_asks_the_same_again_hears_three_wrong_answers() {
        assert_eq!(answers(|_| true).await, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_always_asks_something_else_hears_one_more() {
        assert_eq!(answers(|_| false).await, 4);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_types_keeps_nobody_waiting() {
        let (bridge, visitor, efforts) = place();
        let access = Access { bridge: &bridge, visitor: &visitor };
        let mut typing = Vec::new();
        for user in ["a", "b", "c", "d", "e"] {
            let mut guessing = Guessing::new(access, "main", user, &efforts);
            guessing.begin().await.unwrap();
            guessing.asked_on(false);
            typing.push(guessing);
        }
    }
}
