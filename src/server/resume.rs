//! Lost sockets: for a while the authenticated connection of a session is kept, and who brings its token goes on
//! with it, without a password or a one-time password.
//!
//! A token is good for one person, at one upstream; each resumption gives a new one. The new one may be lost with the
//! socket that it was sent on, so the old one is used up no earlier than the client has shown that it has the new
//! one: by a packet after `ready`, or by coming back with it. Only hashes of tokens are kept. A client is often back
//! before the bridge has noticed that the old socket is dead: then the old session is asked to end, and its
//! connection handed over.

mod store;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use zeroize::Zeroizing;

use crate::config::Secret;

use store::{Claim, Found, Id, Parking, Store, TOKEN_BYTES, TokenHash};

pub(super) use store::{Claimant, Owner, ResumeRefused};

/// What can be parked. Dropping it must end it at once; [`Park::close`] is for an end in order.
pub(super) trait Park: Send + 'static {
    /// Waits until it has died by itself. Cancel-safe.
    fn ended(&mut self) -> impl Future<Output = ()> + Send;

    /// Ends it in order, in bounded time.
    fn close(self) -> impl Future<Output = ()> + Send;
}

/// The sessions that can be resumed: those that run and those that are parked.
#[derive(Debug)]
pub(super) struct Resume<P: Park> {
    store: Mutex<Entries<P>>,
    tasks: TaskTracker,
}

type Entries<P> = Store<Kept<P>, CancellationToken, Waits<P>>;

/// Reaches whoever waits for a session that still runs, with the place in the entries that is theirs from then on.
type Waits<P> = oneshot::Sender<(P, LiveHandle<P>)>;

type Reply<P> = oneshot::Sender<P>;

/// Reaches the task that keeps a parked connection. Dropping it tells that task to close the connection.
type Kept<P> = oneshot::Sender<Reply<P>>;

/// The task's end of that.
type Claimed<P> = oneshot::Receiver<Reply<P>>;

/// A running session's entry. Dropping it forgets the session: nobody can resume it.
#[derive(Debug)]
pub(super) struct LiveHandle<P: Park> {
    resume: Arc<Resume<P>>,
    id: Id,
    wanted: CancellationToken,
    parked: bool,
}

impl<P: Park> Resume<P> {
    /// For at most `capacity` sessions. Each parked connection has a task among `tasks`.
    pub(super) fn new(capacity: usize, tasks: TaskTracker) -> Arc<Self> {
        Arc::new(Self { store: Mutex::new(Store::new(capacity)), tasks })
    }

    /// A token for a session that begins. `None` when there is no room, no randomness, or the end is near; then the
    /// session cannot be resumed, and is none the worse otherwise.
    pub(super) fn register(self: &Arc<Self>, owner: Owner) -> Option<(Secret, LiveHandle<P>)> {
        let (token, wanted) = (new_token()?, CancellationToken::new());
        let id = self.lock().register(TokenHash::of(&token), owner, wanted.clone())?;
        Some((token, self.live(id, wanted)))
    }

    /// What `token` stands for, and the entry of the session that comes of it. If the old session still runs, that
    /// is asked to end and waited for, `patience` at most.
    ///
    /// When this future is dropped, the connection is closed, unless the old session still has it.
    ///
    /// # Errors
    /// [`ResumeRefused`]
    pub(super) async fn claim(
        self: &Arc<Self>,
        token: &Secret,
        claimant: &Claimant<'_>,
        patience: Duration,
    ) -> Result<(P, LiveHandle<P>), ResumeRefused> {
        let (waits, handed_over) = oneshot::channel();
        let wanted = CancellationToken::new();
        let claim = Claim { stop: wanted.clone(), waits };
        let (id, found) = self.lock().claim(TokenHash::of(token), claimant, claim, Instant::now())?;
        match found {
            Found::Parked(kept) => {
                let live = self.live(id, wanted);
                let (reply, answer) = oneshot::channel();
                // The task is there for as long as the connection is.
                kept.send(reply).map_err(|_| ResumeRefused::Gone)?;
                Ok((answer.await.map_err(|_| ResumeRefused::Gone)?, live))
            }
            Found::Live(old) => {
                old.cancel();
                let over = timeout(patience, handed_over).await;
                over.map_err(|_| ResumeRefused::StillRunning)?.map_err(|_| ResumeRefused::Gone)
            }
        }
    }

    /// Closes all that is parked, and parks nothing any more. The tasks given to [`Resume::new`] tell when that is
    /// done.
    pub(super) fn shut_down(&self) {
        self.lock().close();
    }

    /// Keeps a parked connection until it is claimed, dies, or its time is over.
    async fn keep(self: Arc<Self>, id: Id, mut parked: P, deadline: Instant, mut claimed: Claimed<P>) {
        let reply = tokio::select! {
            biased;
            reply = &mut claimed => reply.ok(),
            () = parked.ended() => {
                self.lock().forget_parked(id);
                None
            }
            () = sleep_until(deadline) => {
                self.lock().forget_parked(id);
                // A claim in time may have been faster; then its reply is here, or will be in a moment.
                claimed.await.ok()
            }
        };
        let unclaimed = match reply {
            Some(reply) => reply.send(parked).err(),
            None => Some(parked),
        };
        if let Some(parked) = unclaimed {
            parked.close().await;
        }
    }

    fn live(self: &Arc<Self>, id: Id, wanted: CancellationToken) -> LiveHandle<P> {
        LiveHandle { resume: Arc::clone(self), id, wanted, parked: false }
    }

    fn lock(&self) -> MutexGuard<'_, Entries<P>> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P: Park> LiveHandle<P> {
    /// Cancelled when the client is back elsewhere: this session shall end, and park its connection.
    pub(super) fn wanted(&self) -> &CancellationToken {
        &self.wanted
    }

    /// The next token of a session that was resumed. `None` as in [`Resume::register`].
    pub(super) fn renew(&self) -> Option<Secret> {
        let token = new_token()?;
        let renewed = self.resume.lock().renew(self.id, TokenHash::of(&token));
        renewed.then_some(token)
    }

    /// To be called when the client has shown that it has the newest token.
    pub(super) fn confirmation(&self) -> impl FnOnce() + Send + use<P> {
        let (resume, id) = (Arc::clone(&self.resume), self.id);
        move || resume.lock().confirm(id)
    }

    /// The session is over; its connection waits for `grace` for its owner, or goes to whoever waits for it.
    ///
    /// # Errors
    /// Gives it back, to be closed, if nobody can come for it: a stranger has used its tokens up, or the end is near.
    pub(super) fn park(mut self, parked: P, grace: Duration) -> Result<(), P> {
        let (kept, claimed) = oneshot::channel();
        let deadline = Instant::now() + grace;
        self.parked = true;
        let parking = self.resume.lock().park(self.id, kept, deadline);
        match parking {
            Parking::Claimed(wanted, waits) => {
                let handed_over = waits.send((parked, self.resume.live(self.id, wanted)));
                // Whoever does not wait any more may come again.
                handed_over.or_else(|(parked, live)| live.park(parked, grace))
            }
            Parking::Refused => Err(parked),
            Parking::Kept => {
                let keeping = Arc::clone(&self.resume).keep(self.id, parked, deadline, claimed);
                self.resume.tasks.spawn(keeping);
                Ok(())
            }
        }
    }
}

impl<P: Park> Drop for LiveHandle<P> {
    fn drop(&mut self) {
        if !self.parked {
            self.resume.lock().forget(self.id);
        }
    }
}

/// `None` without randomness.
fn new_token() -> Option<Secret> {
    let mut random = Zeroizing::new([0; TOKEN_BYTES]);
    getrandom::fill(random.as_mut_slice()).ok()?;
    Some(store::token(&random))
}
