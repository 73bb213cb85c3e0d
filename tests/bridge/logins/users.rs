//! The users file: who is unknown must look like who is mistaken, to the eye and to the clock.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::bridge::{Config, binary};
use crate::support::conversation::Conversation;
use crate::support::files::Scratch;
use crate::support::identity::{Minting, users_file_at_cost};
use crate::support::node::{node, result};
use crate::support::process::run;
use crate::support::session::Session;
use crate::support::user::User;
use crate::support::wait::SOON;

const PASSWORD: &str = "a password of the bridge";

/// Hashes that take long enough to tell a name that has one from a name that has none, were it not for the bridge.
const COST: Duration = Duration::from_millis(25);

fn site(scratch: &Scratch) -> Minting {
    throttled(scratch, "")
}

/// With a line of `[throttle]`, and no limit of failures.
fn throttled(scratch: &Scratch, line: &str) -> Minting {
    let person = User::read().name;
    let users = users_file_at_cost(scratch, &[(&person, PASSWORD), ("somebody", "something")], COST);
    let unlimited = "attempts_per_address = 100000\nattempts_per_user = 100000";
    Minting::with("ed25519", |config: Config| config.section(&users).throttle(unlimited).throttle(line))
}

#[test]
fn sftp_ws_logs_in_by_a_password_of_the_bridge() {
    let scratch = Scratch::new();
    let site = site(&scratch);
    let parameters = json!({
        "url": site.bridge.url(),
        "user": site.user.name,
        "password": PASSWORD,
        "remote": site.sshd.files(),
    });
    assert_eq!(result(node("list.js", &parameters))["names"], 0);
    assert!(site.sshd.accepted()[0].contains("CERT"), "{}", site.sshd.log());
}

#[test]
fn a_line_that_hash_password_made_lets_its_person_in() {
    let (scratch, person) = (Scratch::new(), User::read().name);
    let mut command = Command::new(binary());
    let said = run(command.args(["hash-password", "--user", &person]), PASSWORD.as_bytes(), SOON).ok();
    let file = scratch.join("users");
    std::fs::write(&file, said.stdout).unwrap();
    let site =
        Minting::with("ed25519", |config| config.section(&format!("[identity]\nusers_file = {file:?}")));
    Session::start(site.bridge.anonymous().basic(&person, PASSWORD).open()).is_alive();
}

#[test]
fn an_unknown_user_and_a_wrong_password_are_answered_by_the_same_bytes() {
    let scratch = Scratch::new();
    let site = site(&scratch);
    let answer = |user: &str| {
        let answer = site.bridge.anonymous().basic(user, "wrong").send();
        // Each has a number of its own, and nothing else differs.
        let number = answer.reference().expect("a number").to_owned();
        let fields = answer.fields().iter().filter(|(name, _)| name != "date");
        let fields: Vec<_> = fields.map(|(name, value)| (name.clone(), value.replace(&number, ""))).collect();
        (answer.status, fields, answer.body().replace(&number, ""))
    };
    let known = answer(&site.user.name);
    assert_eq!(known.0, 401);
    assert_eq!(known, answer("nobody-of-that-name"));
    let mut conversation = Conversation::open(&site.bridge.anonymous());
    let mut failure = |user: &str| {
        conversation.login(json!({ "method": "password", "user": user, "password": "wrong" }), &[])
    };
    assert_eq!(failure(&site.user.name), failure("nobody-of-that-name"));
    assert_eq!(site.sshd.connections(), 0);
}

#[test]
fn an_unknown_user_and_a_wrong_password_take_the_same_time() {
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

/// Far less than [`COST`], which a name without a hash would save.
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
