use super::*;
use proptest::prelude::*;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

const GRACE: Duration = Duration::from_secs(60);

fn hash(number: u8) -> TokenHash {
    TokenHash::of(&token(&Zeroizing::new([number; TOKEN_BYTES])))
}

fn owner(person: Option<&str>) -> Owner {
    Owner { upstream: "main".to_owned(), user: "u".to_owned(), person: person.map(str::to_owned) }
}

type Simple = Store<(), (), ()>;

const CLAIM: Claim<(), ()> = Claim { stop: (), waits: () };

/// One session, with the token 1.
fn live(person: Option<&str>) -> (Simple, Id) {
    let mut store = Simple::new(9);
    let id = store.register(hash(1), owner(person), ()).expect("room");
    (store, id)
}

fn parked(person: Option<&str>, now: Instant) -> (Simple, Id) {
    let (mut store, id) = live(person);
    assert_eq!(store.park(id, (), now + GRACE), Parking::Kept);
    (store, id)
}

fn claim_as(
    store: &mut Simple,
    number: u8,
    claimant: &Claimant<'_>,
    now: Instant,
) -> Result<(), ResumeRefused> {
    store.claim(hash(number), claimant, CLAIM, now).map(drop)
}

fn claim(store: &mut Simple, number: u8, now: Instant) -> Result<(), ResumeRefused> {
    claim_as(store, number, &Claimant::default(), now)
}

/// Whether a token is good, tried on its own copy of the world.
fn good(make: impl Fn() -> Simple, number: u8) -> bool {
    claim(&mut make(), number, Instant::now()).is_ok()
}

#[test]
fn a_token_is_43_digits_for_32_bytes_and_the_store_keeps_only_its_hash() {
    let random = Zeroizing::new([0xfb; TOKEN_BYTES]);
    let token = token(&random);
    assert_eq!(token.expose().len(), 43);
    assert!(token.expose().chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')));
    let mut store = Simple::new(1);
    store.register(TokenHash::of(&token), owner(None), ());
    assert!(!format!("{store:?}").contains(token.expose()));
}

#[test]
fn a_token_is_good_before_its_time_is_over() {
    let now = Instant::now();
    let last = now + GRACE - Duration::from_nanos(1);
    assert_eq!(claim(&mut parked(None, now).0, 1, last), Ok(()));
    assert_eq!(claim(&mut parked(None, now).0, 1, now + GRACE), Err(ResumeRefused::Expired));
}

#[test]
fn the_token_that_was_used_is_good_until_its_client_has_the_next() {
    let resumed = || {
        let now = Instant::now();
        let (mut store, id) = parked(None, now);
        claim(&mut store, 1, now).unwrap();
        assert!(store.renew(id, hash(2)));
        (store, id)
    };
    let lost = || {
        let (mut store, id) = resumed();
        assert_eq!(store.park(id, (), Instant::now() + GRACE), Parking::Kept);
        store
    };
    let confirmed = || {
        let (mut store, id) = resumed();
        store.confirm(id);
        store.confirm(id);
        store
    };
    let came_with = |number| {
        move || {
            let mut store = lost();
            claim(&mut store, number, Instant::now()).unwrap();
            store
        }
    };
    assert_eq!([1, 2, 3].map(|number| good(|| resumed().0, number)), [true, true, false]);
    assert_eq!([1, 2, 3].map(|number| good(lost, number)), [true, true, false]);
    assert_eq!([1, 2, 3].map(|number| good(confirmed, number)), [false, true, false]);
    assert_eq!([1, 2].map(|number| good(came_with(1), number)), [true, false]);
    assert_eq!([1, 2].map(|number| good(came_with(2), number)), [false, true]);
}

#[test]
fn who_was_overtaken_spoils_nothing_for_who_came_later() {
    let now = Instant::now();
    let (mut store, id) = parked(None, now);
    claim(&mut store, 1, now).unwrap();
    claim(&mut store, 1, now).unwrap();
    // The first of the two goes on for a moment, and may even be heard of.
    assert!(store.renew(id, hash(2)));
    store.confirm(id);
    assert_eq!(store.park(id, (), now + GRACE), Parking::Claimed((), ()));
    assert_eq!(claim(&mut store, 2, now), Err(ResumeRefused::Unknown));
    assert_eq!(claim(&mut store, 1, now), Ok(()));
}

#[test]
fn only_its_owner_resumes_and_a_claim_by_others_uses_its_tokens_up() {
    let now = Instant::now();
    let alice = Claimant { person: Some("alice"), ..Claimant::default() };
    for (person, claimant, good) in [
        (Some("alice"), alice, true),
        (Some("alice"), Claimant { upstream: Some("main"), user: Some("u"), ..alice }, true),
        (Some("alice"), Claimant { person: Some("bob"), ..alice }, false),
        (Some("alice"), Claimant { person: None, ..alice }, false),
        (Some("alice"), Claimant { upstream: Some("other"), ..alice }, false),
        (Some("alice"), Claimant { user: Some("root"), ..alice }, false),
        (None, Claimant::default(), true),
        (None, alice, false),
    ] {
        let (mut store, id) = live(person);
        store.renew(id, hash(2));
        store.park(id, (), now + GRACE);
        let claimed = claim_as(&mut store, 1, &claimant, now);
        assert_eq!(claimed, if good { Ok(()) } else { Err(ResumeRefused::Foreign) }, "{claimant:?}");
        let left = usize::from(good);
        assert_eq!((store.len(), store.tokens()), (left, left));
    }
}

#[test]
fn a_stranger_does_not_stop_a_session_but_nobody_resumes_it_any_more() {
    let now = Instant::now();
    let (mut store, id) = live(Some("alice"));
    assert_eq!(claim(&mut store, 1, now), Err(ResumeRefused::Foreign));
    assert!(!store.renew(id, hash(2)));
    assert_eq!(store.park(id, (), now + GRACE), Parking::Refused);
}

#[test]
fn there_is_room_for_so_many_and_for_none_after_the_end() {
    let mut store = Simple::new(2);
    let [first, second, third] = [1, 2, 3].map(|number| store.register(hash(number), owner(None), ()));
    assert!(first.is_some() && third.is_none());
    // The second token of a session takes no place.
    store.renew(second.unwrap(), hash(9));
    store.forget(first.unwrap());
    let fourth = store.register(hash(4), owner(None), ()).expect("room");
    store.close();
    assert!(store.register(hash(5), owner(None), ()).is_none());
    assert_eq!(store.park(fourth, (), Instant::now() + GRACE), Parking::Refused);
    assert_eq!((store.len(), store.tokens()), (0, 0));
}

#[test]
fn a_claim_is_faster_than_the_end_of_its_time_or_slower() {
    let now = Instant::now();
    let (mut store, id) = parked(None, now);
    claim(&mut store, 1, now).unwrap();
    store.forget_parked(id);
    assert_eq!(store.len(), 1, "its session runs");
    store.park(id, (), now + GRACE);
    store.forget_parked(id);
    assert_eq!((store.len(), store.tokens()), (0, 0));
}

#[derive(Debug, Clone)]
enum Step {
    Register {
        person: Option<u8>,
    },
    Park {
        which: usize,
    },
    Leave {
        which: usize,
    },
    /// By the newest token, or by any that there was.
    Claim {
        which: usize,
        token: Option<usize>,
        person: Option<u8>,
    },
    Renew {
        which: usize,
    },
    Confirm {
        which: usize,
    },
    /// The keeper's: it died, or its time is over.
    Expire {
        which: usize,
    },
    Pass {
        seconds: u64,
    },
    Close,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let person = || prop::option::of(0..2_u8);
    let token = || prop::option::of(any::<usize>());
    let step = prop_oneof![
        60 => person().prop_map(|person| Step::Register { person }),
        60 => any::<usize>().prop_map(|which| Step::Park { which }),
        10 => any::<usize>().prop_map(|which| Step::Leave { which }),
        120 => (any::<usize>(), token(), person())
            .prop_map(|(which, token, person)| Step::Claim { which, token, person }),
        60 => any::<usize>().prop_map(|which| Step::Renew { which }),
        30 => any::<usize>().prop_map(|which| Step::Confirm { which }),
        10 => any::<usize>().prop_map(|which| Step::Expire { which }),
        20 => (0..90_u64).prop_map(|seconds| Step::Pass { seconds }),
        1 => Just(Step::Close),
    ];
    prop::collection::vec(step, 1..150)
}

/// Counts those of its kind that are alive.
#[derive(Debug)]
struct Alive(Rc<Cell<usize>>);

impl Alive {
    fn new(count: &Rc<Cell<usize>>) -> Self {
        count.set(count.get() + 1);
        Self(Rc::clone(count))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// What a simple mind thinks of a session.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Model {
    Live {
        claimed: bool,
    },
    Parked(Instant),
    /// Nobody can come back to it.
    Gone,
}

#[derive(Debug)]
struct Session {
    id: Id,
    person: Option<u8>,
    model: Model,
    /// The session's task has not ended yet.
    runs: bool,
    /// All tokens that it ever had, and which of them are good.
    tokens: Vec<u8>,
    good: Vec<u8>,
}

const CAPACITY: usize = 6;

struct World {
    store: Store<Alive, (), ()>,
    sessions: Vec<Session>,
    tokens: u8,
    kept: Rc<Cell<usize>>,
    now: Instant,
    closed: bool,
}

impl World {
    fn new() -> Self {
        let (store, now) = (Store::new(CAPACITY), Instant::now());
        Self { store, sessions: Vec::new(), tokens: 0, kept: Rc::default(), now, closed: false }
    }

    fn entries(&self) -> usize {
        self.sessions.iter().filter(|session| session.model != Model::Gone).count()
    }

    fn good(&self) -> usize {
        self.sessions.iter().map(|session| session.good.len()).sum()
    }

    fn token(&mut self) -> u8 {
        self.tokens += 1;
        self.tokens
    }

    fn register(&mut self, person: Option<u8>) {
        let token = self.token();
        let name = person.map(|person| person.to_string());
        let id = self.store.register(hash(token), owner(name.as_deref()), ());
        assert_eq!(id.is_some(), !self.closed && self.entries() < CAPACITY);
        if let Some(id) = id {
            let model = Model::Live { claimed: false };
            let (tokens, good) = (vec![token], vec![token]);
            self.sessions.push(Session { id, person, model, runs: true, tokens, good });
        }
    }

    fn park(&mut self, which: usize) {
        let session = &mut self.sessions[which];
        if !std::mem::take(&mut session.runs) {
            return;
        }
        let deadline = self.now + GRACE;
        let parking = self.store.park(session.id, Alive::new(&self.kept), deadline);
        match session.model {
            Model::Live { claimed: false } => {
                assert_eq!(parking, Parking::Kept);
                session.model = Model::Parked(deadline);
            }
            Model::Live { claimed: true } => {
                assert_eq!(parking, Parking::Claimed((), ()));
                session.model = Model::Live { claimed: false };
                session.runs = true;
            }
            Model::Gone => assert_eq!(parking, Parking::Refused),
            Model::Parked(_) => unreachable!("it does not run"),
        }
    }

    fn claim(&mut self, which: usize, token: Option<usize>, person: Option<u8>) {
        let session = &mut self.sessions[which];
        let token = match token {
            Some(any) => session.tokens[any % session.tokens.len()],
            None => *session.tokens.last().unwrap(),
        };
        let name = person.map(|person| person.to_string());
        let claimant = Claimant { person: name.as_deref(), ..Claimant::default() };
        let found = self.store.claim(hash(token), &claimant, CLAIM, self.now);
        if !session.good.contains(&token) {
            assert_eq!(found.unwrap_err(), ResumeRefused::Unknown);
            return;
        }
        let expired = matches!(session.model, Model::Parked(deadline) if deadline <= self.now);
        session.good = vec![token];
        session.model = match (session.model, found) {
            (_, Err(ResumeRefused::Foreign)) if person != session.person => Model::Gone,
            (_, Err(ResumeRefused::Expired)) if person == session.person && expired => Model::Gone,
            (Model::Parked(_), Ok((id, Found::Parked(_)))) if person == session.person && !expired => {
                assert_eq!(id, session.id);
                session.runs = true;
                Model::Live { claimed: false }
            }
            (Model::Live { .. }, Ok((id, Found::Live(())))) if person == session.person => {
                assert_eq!(id, session.id);
                Model::Live { claimed: true }
            }
            (model, found) => panic!("{model:?}, for {person:?}: {found:?}"),
        };
        if session.model == Model::Gone {
            session.good.clear();
        }
    }

    fn renew(&mut self, which: usize) {
        let token = self.token();
        let session = &mut self.sessions[which];
        if !session.runs {
            return;
        }
        assert_eq!(self.store.renew(session.id, hash(token)), session.model != Model::Gone);
        session.tokens.push(token);
        if session.model == (Model::Live { claimed: false }) {
            session.good = session.good.last().copied().into_iter().chain([token]).collect();
        }
    }

    fn take(&mut self, step: &Step) {
        let count = self.sessions.len().max(1);
        match *step {
            Step::Register { person } => self.register(person),
            Step::Pass { seconds } => self.now += Duration::from_secs(seconds),
            Step::Close => {
                self.store.close();
                self.closed = true;
                self.sessions.iter_mut().for_each(Session::gone);
            }
            _ if self.sessions.is_empty() => {}
            Step::Park { which } => self.park(which % count),
            Step::Claim { which, token, person } => self.claim(which % count, token, person),
            Step::Renew { which } => self.renew(which % count),
            Step::Confirm { which } => {
                let session = &mut self.sessions[which % count];
                if session.runs {
                    self.store.confirm(session.id);
                    session.good = session.good.last().copied().into_iter().collect();
                }
            }
            Step::Leave { which } => {
                let session = &mut self.sessions[which % count];
                if std::mem::take(&mut session.runs) {
                    self.store.forget(session.id);
                    session.gone();
                }
            }
            Step::Expire { which } => {
                let session = &mut self.sessions[which % count];
                self.store.forget_parked(session.id);
                if matches!(session.model, Model::Parked(_)) {
                    session.gone();
                }
            }
        }
    }
}

impl Session {
    fn gone(&mut self) {
        self.model = Model::Gone;
        self.good.clear();
    }
}

proptest! {
    #[test]
    fn no_token_is_good_after_the_next_or_late_or_for_others_and_nothing_leaks(steps in steps()) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
            prop_assert!(world.sessions.iter().all(|session| session.good.len() <= 2));
            prop_assert_eq!((world.store.len(), world.store.tokens()), (world.entries(), world.good()));
            prop_assert!(world.store.len() <= CAPACITY);
            let parked = world.sessions.iter().filter(|session| matches!(session.model, Model::Parked(_)));
            prop_assert_eq!(world.kept.get(), parked.count());
        }
    }
}
