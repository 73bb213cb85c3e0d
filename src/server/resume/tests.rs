use super::*;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio::time::{advance, sleep};

const GRACE: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(5);

/// How many connections there are, and how many were closed in order.
#[derive(Debug, Default)]
struct Tally {
    open: AtomicUsize,
    closed: AtomicUsize,
}

#[derive(Debug)]
struct Fake {
    dies: CancellationToken,
    tally: Arc<Tally>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.tally.open.fetch_sub(1, SeqCst);
    }
}

impl Park for Fake {
    async fn ended(&mut self) {
        self.dies.cancelled().await;
    }

    async fn close(self) {
        tokio::task::yield_now().await;
        self.tally.closed.fetch_add(1, SeqCst);
    }
}

fn anybody() -> Claimant<'static> {
    Claimant { upstream: None, user: None, person: None, came: Instant::now() }
}

struct World {
    resume: Arc<Resume<Fake>>,
    tasks: TaskTracker,
    tally: Arc<Tally>,
}

impl World {
    fn new() -> Self {
        let tasks = TaskTracker::new();
        Self { resume: Resume::new(10, tasks.clone()), tasks, tally: Arc::default() }
    }

    fn connection(&self) -> Fake {
        self.tally.open.fetch_add(1, SeqCst);
        Fake { dies: CancellationToken::new(), tally: Arc::clone(&self.tally) }
    }

    fn session(&self) -> (Secret, LiveHandle<Fake>) {
        let owner = Owner { upstream: "main".to_owned(), user: "u".to_owned(), person: None };
        self.resume.register(owner).expect("room")
    }

    fn parked(&self) -> (Secret, CancellationToken) {
        let (token, session) = self.session();
        let connection = self.connection();
        let dies = connection.dies.clone();
        session.park(connection, GRACE).unwrap();
        (token, dies)
    }

    async fn claim(&self, token: &Secret) -> Result<(Fake, LiveHandle<Fake>), ResumeRefused> {
        self.resume.claim(token, &anybody(), PATIENCE).await
    }

    fn entries(&self) -> usize {
        self.resume.lock().len()
    }

    /// Nothing is open, nothing is remembered, no task runs; so many ends were in order.
    async fn assert_over(&self, closed: usize) {
        self.tasks.close();
        self.tasks.wait().await;
        assert_eq!(self.entries(), 0);
        assert_eq!((self.tally.open.load(SeqCst), self.tally.closed.load(SeqCst)), (0, closed));
    }
}

#[tokio::test(start_paused = true)]
async fn a_parked_connection_is_resumed_once() {
    let world = World::new();
    let (token, _) = world.parked();
    advance(GRACE - Duration::from_millis(1)).await;
    drop(world.claim(&token).await.unwrap());
    assert_eq!(world.claim(&token).await.unwrap_err(), ResumeRefused::Unknown);
    world.assert_over(0).await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_open_after_the_grace_time() {
    let world = World::new();
    let start = Instant::now();
    let tokens = [world.parked().0, world.parked().0];
    world.assert_over(2).await;
    assert_eq!(start.elapsed().as_secs(), GRACE.as_secs());
    for token in tokens {
        assert_eq!(world.claim(&token).await.unwrap_err(), ResumeRefused::Unknown);
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_dies_leaves_at_once() {
    let world = World::new();
    let start = Instant::now();
    let (token, dies) = world.parked();
    dies.cancel();
    world.assert_over(1).await;
    assert!(start.elapsed() < Duration::from_secs(1));
    assert!(world.claim(&token).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_session_that_runs_is_asked_to_end_and_hands_its_connection_over() {
    let world = World::new();
    let (token, session) = world.session();
    let old = async {
        session.wanted().cancelled().await;
        sleep(Duration::from_secs(1)).await;
        session.park(world.connection(), GRACE).unwrap();
    };
    let (claimed, ()) = tokio::join!(world.claim(&token), old);
    drop(claimed.unwrap());
    world.assert_over(0).await;
}

#[tokio::test(start_paused = true)]
async fn who_does_not_wait_any_more_may_come_again() {
    let world = World::new();
    let (token, session) = world.session();
    let start = Instant::now();
    assert_eq!(world.claim(&token).await.unwrap_err(), ResumeRefused::StillRunning);
    assert_eq!(start.elapsed(), PATIENCE);
    assert!(session.wanted().is_cancelled());
    session.park(world.connection(), GRACE).unwrap();
    drop(world.claim(&token).await.unwrap());
    world.assert_over(0).await;
}

#[tokio::test(start_paused = true)]
async fn the_last_of_several_who_wait_gets_the_connection() {
    let world = World::new();
    let (token, session) = world.session();
    let old = async {
        session.wanted().cancelled().await;
        sleep(Duration::from_secs(1)).await;
        session.park(world.connection(), GRACE).unwrap();
    };
    let (first, second, ()) = tokio::join!(world.claim(&token), world.claim(&token), old);
    assert_eq!(first.unwrap_err(), ResumeRefused::Gone);
    drop(second.unwrap());
    world.assert_over(0).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_did_not_hear_of_the_next_token_comes_with_the_same_again_and_again() {
    let world = World::new();
    let (token, _) = world.parked();
    for _ in 0..3 {
        let (connection, session) = world.claim(&token).await.unwrap();
        session.renew().unwrap();
        session.park(connection, GRACE).unwrap();
    }
    let (connection, session) = world.claim(&token).await.unwrap();
    let next = session.renew().unwrap();
    session.confirmation()();
    session.park(connection, GRACE).unwrap();
    assert_eq!(world.claim(&token).await.unwrap_err(), ResumeRefused::Unknown);
    drop(world.claim(&next).await.unwrap());
    world.assert_over(0).await;
}

#[tokio::test(start_paused = true)]
async fn a_resumed_session_that_nobody_heard_of_is_taken_over_while_it_runs() {
    let world = World::new();
    let (token, _) = world.parked();
    let (connection, session) = world.claim(&token).await.unwrap();
    session.renew().unwrap();
    let old = async {
        session.wanted().cancelled().await;
        session.park(connection, GRACE).unwrap();
    };
    let (claimed, ()) = tokio::join!(world.claim(&token), old);
    let (connection, session) = claimed.unwrap();
    assert!(!session.wanted().is_cancelled());
    session.renew().unwrap();
    session.park(connection, GRACE).unwrap();
    world.assert_over(1).await;
}

#[tokio::test(start_paused = true)]
async fn who_took_a_running_session_over_is_asked_for_it_in_turn() {
    let world = World::new();
    let (token, mut session) = world.session();
    let mut connection = world.connection();
    for _ in 0..3 {
        let old = async {
            let asked = timeout(PATIENCE / 2, session.wanted().cancelled());
            asked.await.expect("asked to end");
            session.park(connection, GRACE).unwrap();
        };
        let (claimed, ()) = tokio::join!(world.claim(&token), old);
        (connection, session) = claimed.unwrap();
    }
    session.park(connection, GRACE).unwrap();
    world.assert_over(1).await;
}

#[tokio::test(start_paused = true)]
async fn what_nobody_confirms_is_kept_no_longer_than_its_grace_after_the_last_loss() {
    let world = World::new();
    let (token, _) = world.parked();
    let (connection, session) = world.claim(&token).await.unwrap();
    let next = session.renew().unwrap();
    let start = Instant::now();
    session.park(connection, GRACE).unwrap();
    world.assert_over(1).await;
    assert_eq!(start.elapsed().as_secs(), GRACE.as_secs());
    for token in [token, next] {
        assert_eq!(world.claim(&token).await.unwrap_err(), ResumeRefused::Unknown);
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_leaves_no_connection_is_not_waited_for() {
    let world = World::new();
    let (token, session) = world.session();
    let start = Instant::now();
    let old = async {
        session.wanted().cancelled().await;
        drop(session);
    };
    let (claimed, ()) = tokio::join!(world.claim(&token), old);
    assert_eq!(claimed.unwrap_err(), ResumeRefused::Gone);
    assert_eq!(start.elapsed(), Duration::ZERO);
    let (token, session) = world.session();
    drop(session);
    assert_eq!(world.claim(&token).await.unwrap_err(), ResumeRefused::Unknown);
    world.assert_over(0).await;
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_is_given_up_leaves_nothing_open() {
    let world = World::new();
    let (token, session) = world.session();
    assert!(world.claim(&token).now_or_never().is_none());
    drop(session);
    let (token, _) = world.parked();
    assert!(world.claim(&token).now_or_never().is_none(), "the keeper has not run yet");
    world.assert_over(1).await;
}

#[tokio::test(start_paused = true)]
async fn a_strangers_claim_closes_what_was_parked() {
    let world = World::new();
    let (token, _) = world.parked();
    let stranger = Claimant { person: Some("mallory"), ..anybody() };
    let claimed = world.resume.claim(&token, &stranger, PATIENCE).await;
    assert_eq!(claimed.unwrap_err(), ResumeRefused::Foreign);
    let start = Instant::now();
    world.assert_over(1).await;
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_closes_all_that_is_parked_and_parks_no_more() {
    let world = World::new();
    let tokens = [world.parked().0, world.parked().0];
    let (_, session) = world.session();
    let start = Instant::now();
    world.resume.shut_down();
    assert!(!session.wanted().is_cancelled(), "sessions run on while the bridge drains");
    session.park(world.connection(), GRACE).unwrap_err().close().await;
    world.assert_over(3).await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    for token in tokens {
        assert_eq!(world.claim(&token).await.unwrap_err(), ResumeRefused::Unknown);
    }
}

#[tokio::test(start_paused = true)]
async fn each_session_has_a_token_of_its_own() {
    let world = World::new();
    let sessions: Vec<_> = (0..10).map(|_| world.session()).collect();
    let mut tokens: Vec<&str> = sessions.iter().map(|(token, _)| token.expose()).collect();
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!(tokens.len(), 10);
    let owner = Owner { upstream: "main".to_owned(), user: "u".to_owned(), person: None };
    assert!(world.resume.register(owner).is_none(), "there is room for ten");
}

/// The same race many times: two claims of one token, beside the end of its session, on several threads. The connection
/// is with exactly one of them in the end, and whoever had it before was asked for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_claims_at_a_time_the_later_has_the_connection() {
    for round in 0..500 {
        let world = Arc::new(World::new());
        let (token, session) = world.session();
        let token = Arc::new(token);
        let connection = world.connection();
        let early = round % 2 == 0;
        let old = tokio::spawn(async move {
            if !early {
                session.wanted().cancelled().await;
            }
            session.park(connection, GRACE).map_err(drop).is_ok()
        });
        let claims = (0..2).map(|_| {
            let (world, token) = (Arc::clone(&world), Arc::clone(&token));
            tokio::spawn(async move {
                let Ok((connection, session)) = world.claim(&token).await else { return false };
                session.renew().unwrap();
                let overtaken =
                    timeout(Duration::from_millis(20), session.wanted().cancelled()).await.is_ok();
                if overtaken {
                    session.park(connection, GRACE).unwrap();
                }
                !overtaken
            })
        });
        let won = join_all(claims).await.into_iter().filter(|won| *won.as_ref().unwrap()).count();
        assert_eq!(won, 1);
        assert!(old.await.unwrap());
        world.assert_over(0).await;
    }
}

/// A claim that comes as the grace time ends gets the connection or not, and nothing stays open.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_at_the_last_moment_wins_or_loses_and_nothing_leaks() {
    for round in 0..200_u64 {
        let world = Arc::new(World::new());
        let (token, session) = world.session();
        let connection = world.connection();
        let dies = connection.dies.clone();
        session.park(connection, Duration::from_millis(2)).unwrap();
        let late = {
            let world = Arc::clone(&world);
            tokio::spawn(async move {
                sleep(Duration::from_millis(round % 4)).await;
                world.claim(&token).await.is_ok()
            })
        };
        if round % 3 == 0 {
            tokio::spawn(async move { dies.cancel() });
        }
        let won = late.await.unwrap();
        world.assert_over(usize::from(!won)).await;
    }
}
