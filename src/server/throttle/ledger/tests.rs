use super::*;
use proptest::prelude::*;

const WINDOW: Duration = Duration::from_secs(60);
const LIMIT: usize = 3;

fn limits() -> config::Throttle {
    config::Throttle {
        window: WINDOW,
        attempts_per_address: LIMIT,
        attempts_per_user: LIMIT,
        login_attempts: 6,
    }
}

fn subject(address: u32, user: u32) -> Subject {
    Subject::new(Some(std::net::Ipv4Addr::from_bits(address).into()), "main", &user.to_string())
}

/// The verdict where nothing has to be waited for.
fn try_once<W: Default>(ledger: &mut Ledger<W>, subject: &Subject, now: Instant) -> Result<(), Duration> {
    ledger.arrive(subject, W::default(), now).expect("room to wait");
    ledger.advance(subject, now).pop().expect("an answer at once").verdict.map_err(|blocked| blocked.wait)
}

fn fail<W: Default>(ledger: &mut Ledger<W>, subject: &Subject, now: Instant) {
    assert_eq!(try_once(ledger, subject, now), Ok(()));
    ledger.settle(subject, Outcome::Failed, now);
}

#[test]
fn the_wait_is_exact_and_ends_when_the_oldest_failure_expires() {
    let mut ledger = Ledger::<()>::new(&limits(), 100);
    let (start, it) = (Instant::now(), subject(1, 1));
    for seconds in [0, 10, 25] {
        fail(&mut ledger, &it, start + Duration::from_secs(seconds));
    }
    let at = |millis| start + Duration::from_millis(millis);
    assert_eq!(try_once(&mut ledger, &it, at(30_000)), Err(Duration::from_secs(30)));
    assert_eq!(try_once(&mut ledger, &it, at(59_999)), Err(Duration::from_millis(1)));
    fail(&mut ledger, &it, at(60_000));
    assert_eq!(try_once(&mut ledger, &it, at(60_000)), Err(Duration::from_secs(10)));
}

#[test]
fn the_longer_of_two_waits_counts() {
    let mut ledger = Ledger::<()>::new(&limits(), 100);
    let start = Instant::now();
    let later = start + Duration::from_secs(20);
    for other in 10..13 {
        fail(&mut ledger, &subject(1, other), start);
        fail(&mut ledger, &subject(other, 1), later);
    }
    assert_eq!(try_once(&mut ledger, &subject(1, 9), later), Err(Duration::from_secs(40)));
    assert_eq!(try_once(&mut ledger, &subject(1, 1), later), Err(Duration::from_secs(60)));
}

#[test]
fn a_success_forgives_the_user_from_there_but_no_stranger_and_not_the_address() {
    let mut ledger = Ledger::<()>::new(&limits(), 100);
    let (now, home, stranger) = (Instant::now(), subject(1, 1), subject(2, 1));
    fail(&mut ledger, &home, now);
    fail(&mut ledger, &stranger, now);
    assert_eq!(try_once(&mut ledger, &home, now), Ok(()));
    ledger.settle(&home, Outcome::Succeeded, now);
    // The user's count is 1 now, that of the address still 1: 2 are left at either.
    fail(&mut ledger, &subject(3, 1), now);
    fail(&mut ledger, &subject(1, 7), now);
    fail(&mut ledger, &subject(1, 8), now);
    assert!(try_once(&mut ledger, &subject(1, 9), now).is_err(), "the address is not forgiven");
    fail(&mut ledger, &subject(4, 1), now);
    assert!(try_once(&mut ledger, &subject(5, 1), now).is_err(), "the strangers are not forgiven");
}

#[test]
fn one_good_account_does_not_help_to_guess_at_the_others() {
    let mut ledger = Ledger::<()>::new(&limits(), 100);
    let (now, mine) = (Instant::now(), subject(1, 0));
    let mut guesses = 0;
    for victim in 1..20 {
        if try_once(&mut ledger, &mine, now).is_ok() {
            ledger.settle(&mine, Outcome::Succeeded, now);
        }
        if try_once(&mut ledger, &subject(1, victim), now).is_ok() {
            ledger.settle(&subject(1, victim), Outcome::Failed, now);
            guesses += 1;
        }
    }
    assert_eq!(guesses, LIMIT);
}

#[test]
fn those_who_wait_go_on_in_the_order_they_came_in_and_past_those_whom_others_block() {
    let mut ledger = Ledger::<u32>::new(&limits(), 100);
    let (now, alice) = (Instant::now(), subject(1, 1));
    for _ in 0..LIMIT {
        assert_eq!(try_once(&mut ledger, &alice, now), Ok(()));
    }
    let elsewhere = subject(2, 1);
    for (told, who) in [(10, &elsewhere), (11, &alice), (12, &elsewhere)] {
        ledger.arrive(who, told, now).unwrap();
        assert!(ledger.advance(who, now).is_empty(), "the limit is under way");
    }
    assert_eq!(try_once(&mut ledger, &subject(2, 2), now), Ok(()), "nothing of this one is blocked");
    for first in [10, 11, 12] {
        ledger.settle(&alice, Outcome::Succeeded, now);
        let told: Vec<u32> = ledger.advance(&alice, now).into_iter().map(|answer| answer.told).collect();
        assert_eq!(told, [first]);
    }
}

#[test]
fn only_so_many_wait_at_one_key() {
    let mut ledger = Ledger::<()>::new(&limits(), 100);
    let (now, it) = (Instant::now(), subject(1, 1));
    let arrived = (0..1000).filter(|_| ledger.arrive(&it, (), now).is_some()).count();
    assert_eq!(arrived, MOST_WAITING);
    assert!(ledger.arrive(&subject(2, 2), (), now).is_some());
}

#[test]
fn a_flood_of_keys_is_bounded_and_drops_those_at_their_limit_last() {
    let capacity = 400;
    let mut ledger = Ledger::<()>::new(&limits(), capacity);
    let (start, victim) = (Instant::now(), subject(0, 0));
    for _ in 0..LIMIT {
        fail(&mut ledger, &victim, start);
    }
    for other in 1..5000 {
        let now = start + Duration::from_millis(u64::from(other));
        fail(&mut ledger, &subject(other, other), now);
        assert!(ledger.sizes().0 <= capacity + 1);
    }
    assert!(try_once(&mut ledger, &victim, start + Duration::from_secs(10)).is_err());
}

#[test]
fn what_has_expired_is_forgotten() {
    let mut ledger = Ledger::<()>::new(&limits(), 10_000);
    let start = Instant::now();
    for other in 0..1000 {
        fail(&mut ledger, &subject(other, other), start);
    }
    assert_eq!(ledger.sizes().0, 2000);
    assert_eq!(try_once(&mut ledger, &subject(5000, 5000), start + WINDOW), Ok(()));
    assert_eq!(ledger.sizes(), (2, 0));
    ledger.settle(&subject(5000, 5000), Outcome::Void, start + WINDOW);
    assert_eq!(ledger.sizes(), (0, 0));
}

#[derive(Debug, Clone)]
enum Step {
    Arrive { address: u32, user: u32 },
    Settle { which: usize, outcome: Outcome },
    Leave { which: usize },
    Unauthenticated { address: u32 },
    Pass { millis: u64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let outcome =
        prop_oneof![4 => Just(Outcome::Failed), 1 => Just(Outcome::Succeeded), 1 => Just(Outcome::Void)];
    let step = prop_oneof![
        6 => (0..3_u32, 0..3_u32).prop_map(|(address, user)| Step::Arrive { address, user }),
        5 => (any::<usize>(), outcome).prop_map(|(which, outcome)| Step::Settle { which, outcome }),
        1 => any::<usize>().prop_map(|which| Step::Leave { which }),
        1 => (0..3_u32).prop_map(|address| Step::Unauthenticated { address }),
        3 => (1..40_000_u64).prop_map(|millis| Step::Pass { millis }),
    ];
    prop::collection::vec(step, 1..200)
}

/// An attempt that was let through.
#[derive(Debug, Clone, Copy)]
struct Passed {
    at: Instant,
    subject: Subject,
    outcome: Option<Outcome>,
}

#[derive(Default)]
struct World {
    passed: Vec<Passed>,
    waiting: Vec<(u64, usize)>,
    arrived: usize,
}

impl World {
    fn hear(&mut self, answers: Vec<Answer<usize>>, now: Instant) {
        for Answer { told, subject, verdict } in answers {
            self.waiting.retain(|(_, waiting)| *waiting != told);
            if verdict.is_ok() {
                self.passed.push(Passed { at: now, subject, outcome: None });
            }
        }
    }

    fn under_way(&self) -> Vec<usize> {
        let open = self.passed.iter().enumerate().filter(|(_, passed)| passed.outcome.is_none());
        open.map(|(index, _)| index).collect()
    }

    fn take(&mut self, step: &Step, ledger: &mut Ledger<usize>, now: Instant) {
        match *step {
            Step::Arrive { address, user } => {
                let subject = subject(address, user);
                self.arrived += 1;
                if let Some(number) = ledger.arrive(&subject, self.arrived, now) {
                    self.waiting.push((number, self.arrived));
                }
                self.hear(ledger.advance(&subject, now), now);
            }
            Step::Settle { which, outcome } => {
                let open = self.under_way();
                if let Some(index) = open.get(which % open.len().max(1)) {
                    let passed = &mut self.passed[*index];
                    passed.outcome = Some(outcome);
                    let subject = passed.subject;
                    ledger.settle(&subject, outcome, now);
                    self.hear(ledger.advance(&subject, now), now);
                }
            }
            Step::Leave { which } if !self.waiting.is_empty() => {
                let (number, told) = self.waiting.swap_remove(which % self.waiting.len());
                assert_eq!(ledger.leave(number), Some(told));
            }
            Step::Unauthenticated { address } => {
                let subject = subject(address, 0);
                ledger.fail(Key::Network(subject.network.unwrap()), subject.network, now);
                self.hear(ledger.advance(&subject, now), now);
            }
            Step::Leave { .. } | Step::Pass { .. } => {}
        }
    }

    /// In no window did more guesses pass than the limit allows, as seen from its last one.
    fn check(&self, same: impl Fn(&Passed) -> bool, free: impl Fn(Outcome) -> bool) {
        let same: Vec<&Passed> = self.passed.iter().filter(|passed| same(passed)).collect();
        for last in &same {
            let within = same.iter().filter(|one| one.at <= last.at && one.at + WINDOW > last.at);
            let guesses = within.filter(|one| !one.outcome.is_some_and(&free)).count();
            assert!(guesses <= LIMIT, "{guesses} guesses within a window");
        }
    }
}

proptest! {
    #[test]
    fn no_more_guesses_pass_in_any_window_than_the_limit(steps in steps()) {
        let mut ledger = Ledger::<usize>::new(&limits(), 1000);
        let (mut world, mut now) = (World::default(), Instant::now());
        for step in &steps {
            if let Step::Pass { millis } = step {
                now += Duration::from_millis(*millis);
            }
            world.take(step, &mut ledger, now);
            prop_assert_eq!(ledger.sizes().1, world.waiting.len());
            prop_assert_eq!(ledger.under_way(), 2 * world.under_way().len());
        }
        let succeeded = |network, user| world.passed.iter().any(|one| {
            one.outcome == Some(Outcome::Succeeded)
                && (one.subject.network, one.subject.user) == (network, user)
        });
        for number in 0..3 {
            let Subject { network, user } = subject(number, number);
            // A success is no guess, and takes back none of the address's.
            world.check(|one| one.subject.network == network, |outcome| outcome != Outcome::Failed);
            // Whoever does not know the password has no more guesses because others do.
            let stranger = |one: &Passed| one.subject.user == user && !succeeded(one.subject.network, user);
            world.check(stranger, |outcome| outcome == Outcome::Void);
        }
    }

    #[test]
    fn nothing_is_left_of_those_who_have_gone(steps in steps()) {
        let mut ledger = Ledger::<usize>::new(&limits(), 1000);
        let (mut world, mut now) = (World::default(), Instant::now());
        for step in &steps {
            world.take(step, &mut ledger, now);
            now += Duration::from_millis(1);
        }
        while let Some((number, _)) = world.waiting.pop() {
            ledger.leave(number);
        }
        for index in world.under_way() {
            ledger.settle(&world.passed[index].subject, Outcome::Failed, now);
        }
        ledger.make_room(now + 2 * WINDOW);
        prop_assert_eq!(ledger.sizes(), (0, 0));
    }
}
