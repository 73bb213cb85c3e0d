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

fn parked(person: Option<&str>, now: Instant) -> Simple {
    let mut store = Simple::new(9);
    assert!(store.register(hash(1), owner(person), ()));
    assert_eq!(store.park(hash(1), (), now + GRACE), Parking::Kept);
    store
}

fn claim(store: &mut Simple, claimant: &Claimant<'_>, now: Instant) -> Result<(), ResumeRefused> {
    store.claim(hash(1), claimant, (), now).map(drop)
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
fn a_token_is_good_for_one_claim_before_its_time_is_over() {
    let now = Instant::now();
    let anybody = Claimant::default();
    let mut store = parked(None, now);
    assert_eq!(claim(&mut store, &anybody, now + GRACE - Duration::from_nanos(1)), Ok(()));
    assert_eq!(claim(&mut store, &anybody, now), Err(ResumeRefused::Unknown));
    assert_eq!(claim(&mut parked(None, now), &anybody, now + GRACE), Err(ResumeRefused::Expired));
}

#[test]
fn only_its_owner_resumes_and_a_claim_by_others_uses_the_token_up() {
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
        let mut store = parked(person, now);
        let claimed = claim(&mut store, &claimant, now);
        assert_eq!(claimed, if good { Ok(()) } else { Err(ResumeRefused::Foreign) }, "{claimant:?}");
        assert_eq!(store.len(), 0);
    }
}

#[test]
fn a_stranger_does_not_stop_a_session_but_nobody_resumes_it_any_more() {
    let now = Instant::now();
    let mut store = Simple::new(9);
    store.register(hash(1), owner(Some("alice")), ());
    assert_eq!(claim(&mut store, &Claimant::default(), now), Err(ResumeRefused::Foreign));
    assert_eq!(store.park(hash(1), (), now + GRACE), Parking::Refused);
}

#[test]
fn there_is_room_for_so_many_and_for_none_after_the_end() {
    let mut store = Simple::new(2);
    let registered = [1, 2, 3].map(|number| store.register(hash(number), owner(None), ()));
    assert_eq!(registered, [true, true, false]);
    store.forget(hash(1));
    assert!(store.register(hash(4), owner(None), ()));
    store.close();
    assert!(!store.register(hash(5), owner(None), ()));
    assert_eq!(store.park(hash(4), (), Instant::now() + GRACE), Parking::Refused);
    assert_eq!(store.len(), 0);
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
    Claim {
        which: usize,
        person: Option<u8>,
    },
    /// The keeper's: it died, or its time is over.
    Forget {
        which: usize,
    },
    Pass {
        seconds: u64,
    },
    Close,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let person = || prop::option::of(0..2_u8);
    let step = prop_oneof![
        60 => person().prop_map(|person| Step::Register { person }),
        60 => any::<usize>().prop_map(|which| Step::Park { which }),
        10 => any::<usize>().prop_map(|which| Step::Leave { which }),
        80 => (any::<usize>(), person()).prop_map(|(which, person)| Step::Claim { which, person }),
        10 => any::<usize>().prop_map(|which| Step::Forget { which }),
        20 => (0..90_u64).prop_map(|seconds| Step::Pass { seconds }),
        1 => Just(Step::Close),
    ];
    prop::collection::vec(step, 1..120)
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

/// What a simple mind thinks of an entry.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Model {
    Live,
    Claimed,
    Parked(Instant),
    Gone,
}

#[derive(Debug)]
struct Session {
    person: Option<u8>,
    model: Model,
    /// The session's task has not ended yet.
    runs: bool,
    claims: usize,
}

const CAPACITY: usize = 6;

struct World {
    store: Store<Alive, (), usize>,
    sessions: Vec<Session>,
    kept: Rc<Cell<usize>>,
    now: Instant,
    closed: bool,
}

impl World {
    fn new() -> Self {
        let (store, now) = (Store::new(CAPACITY), Instant::now());
        Self { store, sessions: Vec::new(), kept: Rc::default(), now, closed: false }
    }

    fn entries(&self) -> usize {
        self.sessions.iter().filter(|session| session.model != Model::Gone).count()
    }

    fn register(&mut self, person: Option<u8>) {
        let number = u8::try_from(self.sessions.len()).unwrap();
        let person_name = person.map(|person| person.to_string());
        let registered = self.store.register(hash(number), owner(person_name.as_deref()), ());
        assert_eq!(registered, !self.closed && self.entries() < CAPACITY);
        let model = if registered { Model::Live } else { Model::Gone };
        self.sessions.push(Session { person, model, runs: registered, claims: 0 });
    }

    fn park(&mut self, which: usize) {
        let session = &mut self.sessions[which];
        if !std::mem::take(&mut session.runs) {
            return;
        }
        let deadline = self.now + GRACE;
        let parking = self.store.park(hash(which as u8), Alive::new(&self.kept), deadline);
        match session.model {
            Model::Live => {
                assert_eq!(parking, Parking::Kept);
                session.model = Model::Parked(deadline);
            }
            Model::Claimed => {
                assert_eq!(parking, Parking::Claimed(which));
                session.model = Model::Gone;
                session.claims += 1;
            }
            Model::Gone => assert_eq!(parking, Parking::Refused),
            Model::Parked(_) => unreachable!("it does not run"),
        }
    }

    fn claim(&mut self, which: usize, person: Option<u8>) {
        let session = &mut self.sessions[which];
        let name = person.map(|person| person.to_string());
        let claimant = Claimant { person: name.as_deref(), ..Claimant::default() };
        let found = self.store.claim(hash(which as u8), &claimant, which, self.now);
        let own = person == session.person;
        match (session.model, found) {
            (Model::Gone | Model::Claimed, Err(ResumeRefused::Unknown)) => {}
            (Model::Live | Model::Parked(_), Err(ResumeRefused::Foreign)) if !own => {
                session.model = Model::Gone
            }
            (Model::Parked(deadline), Err(ResumeRefused::Expired)) if own && deadline <= self.now => {
                session.model = Model::Gone;
            }
            (Model::Parked(deadline), Ok(Found::Parked(_))) if own && deadline > self.now => {
                session.model = Model::Gone;
                session.claims += 1;
            }
            (Model::Live, Ok(Found::Live(()))) if own => session.model = Model::Claimed,
            (model, found) => panic!("{model:?}, own: {own}: {found:?}"),
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
                self.sessions.iter_mut().for_each(|session| session.model = Model::Gone);
            }
            _ if self.sessions.is_empty() => {}
            Step::Park { which } => self.park(which % count),
            Step::Claim { which, person } => self.claim(which % count, person),
            Step::Leave { which } => {
                let session = &mut self.sessions[which % count];
                if std::mem::take(&mut session.runs) {
                    self.store.forget(hash((which % count) as u8));
                    session.model = Model::Gone;
                }
            }
            Step::Forget { which } => {
                let session = &mut self.sessions[which % count];
                if matches!(session.model, Model::Parked(_)) {
                    self.store.forget(hash((which % count) as u8));
                    session.model = Model::Gone;
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn no_token_is_good_twice_or_late_or_for_others_and_nothing_leaks(steps in steps()) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
            prop_assert!(world.sessions.iter().all(|session| session.claims <= 1));
            prop_assert_eq!(world.store.len(), world.entries());
            prop_assert!(world.store.len() <= CAPACITY);
            let parked = world.sessions.iter().filter(|session| matches!(session.model, Model::Parked(_)));
            prop_assert_eq!(world.kept.get(), parked.count());
        }
    }
}
