//! Who is unknown must look like who is mistaken, to the clock.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::logins::users::{site, throttled};
use crate::support::conversation::Conversation;
use crate::support::files::{Scratch, alone};

#[test]
fn an_unknown_user_and_a_wrong_password_take_the_same_time() {
    let _alone = alone();
    let scratch = Scratch::new();
    let site = site(&scratch);
    let request = |user: &str| site.bridge.anonymous().basic(user, "wrong");
    assert_same_time(&site.user.name, || {
        |user: &str| {
            let request = request(user);
            let start = Instant::now();
            assert_eq!(request.send().status, 401);
            start.elapsed()
        }
    });
}

#[test]
fn an_unknown_user_and_a_wrong_password_take_the_same_time_in_the_conversation() {
    let _alone = alone();
    let scratch = Scratch::new();
    let site = throttled(&scratch, &format!("login_attempts = {}", 2 * TURNS + 1));
    assert_same_time(&site.user.name, || {
        let mut conversation = Conversation::open(&site.bridge.anonymous());
        move |user: &str| {
            let login = json!({ "method": "password", "user": user, "password": "wrong" });
            let start = Instant::now();
            assert_eq!(conversation.login(login, &[])["code"], "refused");
            start.elapsed()
        }
    });
}

const LANES: usize = 6;
const TURNS: usize = 5;

/// More measurements are taken as long as those so far differ, and all of them count: the noise of a busy machine averages
/// out, a difference stays.
const MOST_ROUNDS: usize = 6;

/// Far less than a hash takes, which a name without one would save.
const CLOSE: Duration = Duration::from_millis(10);

/// Each lane has a way to try a user with a wrong password, which takes so long.
#[track_caller]
fn assert_same_time<L: FnMut(&str) -> Duration>(known: &str, lane: impl Fn() -> L + Sync) {
    // Turn by turn, each of both first in half of them, so that whatever else the machine does falls on both.
    let turns = || {
        let mut time = lane();
        let mut turn = |number: usize| match number % 2 {
            0 => (time(known), time("nobody-of-that-name")),
            _ => {
                let unknown = time("nobody-of-that-name");
                (time(known), unknown)
            }
        };
        (0..TURNS).map(&mut turn).collect::<Vec<_>>()
    };
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for _ in 0..MOST_ROUNDS {
        let round: Vec<_> = thread::scope(|scope| {
            let lanes: Vec<_> = (0..LANES).map(|_| scope.spawn(turns)).collect();
            lanes.into_iter().flat_map(|lane| lane.join().unwrap()).collect()
        });
        for (one, other) in round {
            known.push(one);
            unknown.push(other);
        }
        if quartiles(&mut known).into_iter().zip(quartiles(&mut unknown)).all(|(a, b)| a.abs_diff(b) < CLOSE)
        {
            return;
        }
    }
    panic!("known {:?}, unknown {:?}", quartiles(&mut known), quartiles(&mut unknown));
}

/// The lower quartile and the median. What is above shows the machine's load more than the program.
fn quartiles(times: &mut [Duration]) -> [Duration; 2] {
    times.sort_unstable();
    [times[times.len() / 4], times[times.len() / 2]]
}
