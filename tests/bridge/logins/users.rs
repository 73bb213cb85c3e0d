//! The users file: who is unknown must look like who is mistaken. The clock's part of it is in `alone/same_time.rs`.

use std::process::Command;
use std::time::Duration;

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

pub fn site(scratch: &Scratch) -> Minting {
    throttled(scratch, "")
}

/// With a line of `[throttle]`, and no limit of failures.
pub fn throttled(scratch: &Scratch, line: &str) -> Minting {
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
