//! Lost sockets: for a while the authenticated connection of a session is kept, and who brings its token goes on
//! with it, without a password or a one-time password.
//!
//! A token is good for one claim, of one person, at one upstream; each session has a new one. Only hashes of tokens
//! are kept. A client is often back before the bridge has noticed that the old socket is dead: then the old session
//! is asked to end, and its connection handed over.

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

use store::{Found, Parking, Store, TOKEN_BYTES, TokenHash};

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
pub(super) struct Resume<P> {
    store: Mutex<Store<Kept<P>, CancellationToken, Reply<P>>>,
    tasks: TaskTracker,
}

type Reply<P> = oneshot::Sender<P>;

/// Reaches the task that keeps a parked connection. Dropping it tells that task to close the connection.
type Kept<P> = oneshot::Sender<Reply<P>>;

/// The task's end of that.
type Claimed<P> = oneshot::Receiver<Reply<P>>;

/// A running session's entry. Dropping it forgets the session: nobody can resume it.
#[derive(Debug)]
pub(super) struct LiveHandle<P: Park> {
    resume: Arc<Resume<P>>,
    hash: TokenHash,
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
        let mut random = Zeroizing::new([0; TOKEN_BYTES]);
        getrandom::fill(random.as_mut_slice()).ok()?;
        let token = store::token(&random);
        let (hash, wanted) = (TokenHash::of(&token), CancellationToken::new());
        let registered = self.lock().register(hash, owner, wanted.clone());
        registered.then(|| (token, LiveHandle { resume: Arc::clone(self), hash, wanted, parked: false }))
    }

    /// What `token` stands for. If its session still runs, that is asked to end and waited for, `patience` at most.
    /// Any claim uses the token up, whatever becomes of it; see [`Store::claim`].
    ///
    /// When this future is dropped, the connection is closed.
    ///
    /// # Errors
    /// [`ResumeRefused`]
    pub(super) async fn claim(
        &self,
        token: &Secret,
        claimant: &Claimant<'_>,
        patience: Duration,
    ) -> Result<P, ResumeRefused> {
        let (reply, answer) = oneshot::channel();
        let (waits, handed_over) = oneshot::channel();
        let found = self.lock().claim(TokenHash::of(token), claimant, waits, Instant::now())?;
        match found {
            Found::Parked(kept) => {
                // The task is there for as long as the connection is.
                kept.send(reply).map_err(|_| ResumeRefused::Gone)?;
                answer.await.map_err(|_| ResumeRefused::Gone)
            }
            Found::Live(wanted) => {
                wanted.cancel();
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
    async fn keep(
        self: Arc<Self>,
        hash: TokenHash,
        mut parked: P,
        deadline: Instant,
        mut claimed: Claimed<P>,
    ) {
        let reply = tokio::select! {
            biased;
            reply = &mut claimed => reply.ok(),
            () = parked.ended() => {
                self.lock().forget(hash);
                None
            }
            () = sleep_until(deadline) => {
                self.lock().forget(hash);
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

    fn lock(&self) -> MutexGuard<'_, Store<Kept<P>, CancellationToken, Reply<P>>> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P: Park> LiveHandle<P> {
    /// Cancelled when the client is back elsewhere: this session shall end, and park its connection.
    pub(super) fn wanted(&self) -> &CancellationToken {
        &self.wanted
    }

    /// The session is over; its connection waits for `grace` for its owner, or goes to whoever waits for it.
    ///
    /// # Errors
    /// Gives it back, to be closed, if nobody can come for it: the token was used up, or the end is near.
    pub(super) fn park(mut self, parked: P, grace: Duration) -> Result<(), P> {
        let (kept, claimed) = oneshot::channel();
        let deadline = Instant::now() + grace;
        self.parked = true;
        let parking = self.resume.lock().park(self.hash, kept, deadline);
        match parking {
            Parking::Claimed(waits) => waits.send(parked),
            Parking::Refused => Err(parked),
            Parking::Kept => {
                let keeping = Arc::clone(&self.resume).keep(self.hash, parked, deadline, claimed);
                self.resume.tasks.spawn(keeping);
                Ok(())
            }
        }
    }
}

impl<P: Park> Drop for LiveHandle<P> {
    fn drop(&mut self) {
        if !self.parked {
            self.resume.lock().forget(self.hash);
        }
    }
}
