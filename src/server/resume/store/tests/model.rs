//! The store beside what a simple mind thinks of it, through any sequence of steps.

use super::*;
use proptest::prelude::*;
use std::cell::Cell;
use std::rc::Rc;

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
        /// Any that there was, or else the newest.
        token: Option<usize>,
        person: Option<u8>,
        /// On a socket that was there before all others.
        early: bool,
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
        120 => (any::<usize>(), token(), person(), prop::bool::weighted(0.2))
            .prop_map(|(which, token, person, early)| Step::Claim { which, token, person, early }),
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
    /// Somebody has come back to it on a socket that was not early.
    resumed: bool,
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
    start: Instant,
    now: Instant,
    closed: bool,
}

impl World {
    fn new() -> Self {
        let (store, start) = (Store::new(CAPACITY), Instant::now());
        Self { store, sessions: Vec::new(), tokens: 0, kept: Rc::default(), start, now: start, closed: false }
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
            self.sessions.push(Session { id, person, model, runs: true, resumed: false, tokens, good });
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

    fn claim(&mut self, which: usize, token: Option<usize>, person: Option<u8>, early: bool) {
        let session = &mut self.sessions[which];
        let token = match token {
            Some(any) => session.tokens[any % session.tokens.len()],
            None => *session.tokens.last().unwrap(),
        };
        let name = person.map(|person| person.to_string());
        let came = if early { self.start } else { self.start + Duration::from_secs(1) };
        let claimant = Claimant { person: name.as_deref(), came, ..anybody() };
        let found = self.store.claim(hash(token), &claimant, CLAIM, self.now);
        if !session.good.contains(&token) {
            assert_eq!(found.unwrap_err(), ResumeRefused::Unknown);
            return;
        }
        if early && session.resumed && person == session.person {
            assert_eq!(found.unwrap_err(), ResumeRefused::Overtaken);
            return;
        }
        session.resumed |= !early;
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
            Step::Claim { which, token, person, early } => self.claim(which % count, token, person, early),
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
