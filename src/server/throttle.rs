//! Failed logins are counted, and beyond a limit further ones are refused before the upstream is touched: guessing
//! is slow, and an sshd that punishes failures (PerSourcePenalties) does not punish the bridge for one visitor.
//!
//! Counted are secrets that somebody tried: a password, a one-time password. Whoever logs in by a key or a token
//! guesses nothing; what the upstream had to do for a key counts once, when the socket ends without a login
//! ([`Throttle::unauthenticated`]). And a login of the bridge's own counts for its person when the upstream refuses it.
//!
//! Attempts under way count like failures until they are settled, else twenty at a time would be twenty guesses.
//! Who comes then waits instead of being refused, as those that are under way may well succeed.
//!
//! The counts are in memory: another bridge, or this one after a restart, begins anew.

mod ledger;
mod outcome;
mod subject;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use crate::config;
use crate::refusal::Refusal;
use crate::upstream::UpstreamError;

pub(super) use ledger::Limit;
use ledger::{Blocked, Ledger, Outcome};
use subject::{Key, Subject};
pub(super) use subject::{Network, account};

/// Addresses and users that are remembered: about 20 MiB at the default limits, when all places are in use.
const CAPACITY: usize = 65_536;

/// Longest wait for other attempts to be settled. sshd takes two seconds for a wrong password.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Counts failed logins by client address and by user of an upstream.
#[derive(Debug)]
pub(super) struct Throttle {
    ledger: Mutex<Ledger<Told>>,
}

/// How one that waits is told.
type Told = oneshot::Sender<Result<Attempt, NotNow>>;

/// Why there is no attempt now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotNow {
    /// Too many have failed; none for so long.
    Failures(Duration, Limit),
    /// Others are under way, and do not come to an end.
    Pending,
}

impl From<Blocked> for NotNow {
    fn from(Blocked { wait, limit }: Blocked) -> Self {
        Self::Failures(wait, limit)
    }
}

impl From<NotNow> for Refusal {
    fn from(not_now: NotNow) -> Self {
        match not_now {
            NotNow::Failures(wait, _) => Self::Throttled(wait),
            NotNow::Pending => Self::Pending,
        }
    }
}

/// Leave to try one secret. Whoever drops it without a word has not tried it, or, after [`Attempt::sent`], has
/// tried it in vain: a client that hangs up before the answer must not get a guess for nothing.
#[derive(Debug)]
pub(super) struct Attempt {
    throttle: Arc<Throttle>,
    subject: Subject,
    stage: Stage,
}

/// How far an attempt has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Begun,
    Sent,
    /// It keeps nobody waiting any more, and there is no verdict yet.
    Deferred,
    Settled,
}

impl Throttle {
    pub(super) fn new(limits: &config::Throttle) -> Arc<Self> {
        Arc::new(Self { ledger: Mutex::new(Ledger::new(limits, CAPACITY)) })
    }

    /// Leave to try a secret of `user` at `upstream`, at once or after others have been settled. To be called when
    /// the secret is at hand: what waits for a person to type must not keep others waiting. Waits
    /// [`LONGEST_WAIT`] at most; cancel-safe. Without an address only the user counts.
    ///
    /// # Errors
    /// How long to wait: exactly, when there were too many failures.
    pub(super) async fn begin(
        self: &Arc<Self>,
        address: Option<IpAddr>,
        upstream: &str,
        user: &str,
    ) -> Result<Attempt, NotNow> {
        self.begin_as(Subject::new(address, upstream, user)).await
    }

    /// The same for a secret that nobody in particular has, such as the code of a sign-in. Without an address nothing
    /// counts.
    pub(super) async fn begin_unnamed(
        self: &Arc<Self>,
        address: Option<IpAddr>,
    ) -> Result<Option<Attempt>, NotNow> {
        match address {
            Some(address) => self.begin_as(Subject::anybody(address)).await.map(Some),
            None => Ok(None),
        }
    }

    async fn begin_as(self: &Arc<Self>, subject: Subject) -> Result<Attempt, NotNow> {
        let (told, answer) = oneshot::channel();
        let number = self.change(&subject, |ledger, now| ledger.arrive(&subject, told, now));
        let number = number.ok_or(NotNow::Pending)?;
        let mut waiting = Waiting { throttle: self, number, answer };
        match timeout(LONGEST_WAIT, &mut waiting.answer).await {
            Ok(Ok(answer)) => answer,
            // A failure may have expired since the last look.
            Ok(Err(_)) | Err(_) => {
                self.change(&subject, |_, _| ());
                waiting.answer.try_recv().unwrap_or(Err(NotNow::Pending))
            }
        }
    }

    /// Whether anything at all may be tried from `address`, such as a key. A user's failures do not stand against
    /// that: strangers must not lock out those who cannot be guessed at.
    ///
    /// # Errors
    /// How long to wait.
    pub(super) fn admits(&self, address: Option<IpAddr>) -> Result<(), NotNow> {
        let key = address.map(|address| Key::Network(address.into()));
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        match key.and_then(|key| ledger.blocked(key, Instant::now())) {
            Some(blocked) => Err(blocked.into()),
            None => Ok(()),
        }
    }

    /// A socket has ended without a login although the upstream was asked, and no secret was counted for it.
    pub(super) fn unauthenticated(self: &Arc<Self>, address: Option<IpAddr>) {
        if let Some(address) = address {
            let subject = Subject::anybody(address);
            let network = Network::from(address);
            self.change(&subject, |ledger, now| ledger.fail(Key::Network(network), Some(network), now));
        }
    }

    /// Changes the ledger and tells those who waited for that; not under the lock, which an [`Attempt`] that
    /// nobody waits for any more would take again.
    fn change<T>(
        self: &Arc<Self>,
        subject: &Subject,
        change: impl FnOnce(&mut Ledger<Told>, Instant) -> T,
    ) -> T {
        let now = Instant::now();
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut ledger, now);
        let answers = ledger.advance(subject, now);
        drop(ledger);
        for answer in answers {
            let attempt =
                |()| Attempt { throttle: Arc::clone(self), subject: answer.subject, stage: Stage::Begun };
            let _ = answer.told.send(answer.verdict.map(attempt).map_err(NotNow::from));
        }
        result
    }
}

/// A place in the queue, given up on drop.
struct Waiting<'a> {
    throttle: &'a Arc<Throttle>,
    number: u64,
    answer: oneshot::Receiver<Result<Attempt, NotNow>>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.throttle.ledger.lock().unwrap_or_else(PoisonError::into_inner).leave(self.number);
    }
}

impl Attempt {
    /// From here on the upstream may see the secret.
    pub(super) fn sent(&mut self) {
        self.stage = Stage::Sent;
    }

    /// The verdict will come with that of a later secret: a person who has to type that keeps nobody else waiting.
    /// Until then this one is as good as failed, which counts when it is dropped.
    pub(super) fn defer(&mut self) {
        self.settle(Outcome::Void);
        self.stage = Stage::Deferred;
    }

    /// The secret was right.
    pub(super) fn succeeded(mut self) {
        self.settle(Outcome::Succeeded);
    }

    /// The secret was wrong.
    pub(super) fn failed(mut self) {
        self.settle(Outcome::Failed);
    }

    /// It came to nothing, for reasons that are not the client's.
    pub(super) fn void(mut self) {
        self.settle(Outcome::Void);
    }

    /// Settles it by what the upstream answered.
    pub(super) fn answered<T>(self, answer: &Result<T, UpstreamError>) {
        match answer.as_ref().map_or_else(Outcome::from, |_| Outcome::Succeeded) {
            Outcome::Succeeded => self.succeeded(),
            Outcome::Failed => self.failed(),
            Outcome::Void => self.void(),
        }
    }

    fn settle(&mut self, outcome: Outcome) {
        let subject = self.subject;
        match (std::mem::replace(&mut self.stage, Stage::Settled), outcome) {
            (Stage::Begun | Stage::Sent, _) => {
                self.throttle.change(&subject, |ledger, now| ledger.settle(&subject, outcome, now));
            }
            (Stage::Deferred, Outcome::Failed) => self.throttle.change(&subject, |ledger, now| {
                subject.keys().for_each(|key| ledger.fail(key, subject.network, now));
            }),
            (Stage::Deferred | Stage::Settled, _) => {}
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.settle(if self.stage == Stage::Begun { Outcome::Void } else { Outcome::Failed });
    }
}
