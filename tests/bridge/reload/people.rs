//! Those whom the bridge knows itself.

use std::fs;

use serde_json::json;

use crate::support::conversation::Conversation;
use crate::support::files::Scratch;
use crate::support::identity::{Minting, Tokens, users_file};
use crate::support::user::User;

const PASSWORD: &str = "a password of the bridge";
const USERS: &[&str] = &["event=reloaded", "what=users"];

fn site(scratch: &Scratch) -> Minting {
    let users = users_file(scratch, &[(&User::read().name, PASSWORD), ("somebody", "something")]);
    Minting::with("ed25519", |config| config.section(&users))
}

#[test]
fn a_person_who_was_added_or_removed_is_known_to_the_log_before_anybody_logs_in() {
    let scratch = Scratch::new();
    let site = site(&scratch);
    users_file(&scratch, &[("somebody", "something")]);
    site.bridge.wait_logged(1, USERS);
    let login = || site.bridge.anonymous().basic(&site.user.name, PASSWORD);
    assert_eq!(login().send().status, 401);
    users_file(&scratch, &[(&site.user.name, PASSWORD)]);
    site.bridge.wait_logged(2, USERS);
    login().open();
}

#[test]
fn a_bad_users_file_keeps_everybody() {
    let scratch = Scratch::new();
    let site = site(&scratch);
    fs::write(scratch.join("users"), "# nobody\nno line of it\n").unwrap();
    site.bridge.wait_logged(1, &["event=not_reloaded", "what=users", "line 2"]);
    site.bridge.anonymous().basic(&site.user.name, PASSWORD).open();
}

#[test]
fn a_removed_persons_session_goes_on_and_is_not_resumed() {
    let scratch = Scratch::new();
    let site = site(&scratch);
    let login = json!({ "method": "password", "user": site.user.name, "password": PASSWORD });
    let lost = |login| {
        let mut conversation = Conversation::open(&site.bridge.anonymous());
        let ready = conversation.ready(login, &[]);
        conversation.session().is_alive();
        json!({ "method": "resume", "token": ready["resume_token"] })
    };
    let mut running = Conversation::open(&site.bridge.anonymous());
    running.ready(login.clone(), &[]);
    let mut running = running.session();
    // Somebody else's line changes nothing, once or twice.
    let first = lost(login);
    users_file(&scratch, &[(&site.user.name, PASSWORD)]);
    site.bridge.wait_logged(1, USERS);
    let again = lost(first);
    users_file(&scratch, &[("somebody", "something")]);
    site.bridge.wait_logged(2, USERS);
    let last = Conversation::open(&site.bridge.anonymous()).login(again, &[]);
    assert_eq!((&last["type"], &last["code"]), (&json!("failure"), &json!("resume-refused")), "{last}");
    running.is_alive();
}

#[test]
fn keys_of_an_issuer_are_read_again() {
    let scratch = Scratch::new();
    let tokens = Tokens::issue(&scratch, &User::read().name);
    let site = Minting::with("ed25519", |config| config.section(&tokens.section()));
    let request = || site.bridge.anonymous().bearer(tokens.get("good"));
    request().open();
    fs::write(scratch.join("jwks.json"), "{").unwrap();
    site.bridge.wait_logged(1, &["event=not_reloaded", "what=jwks"]);
    request().open();
    // Another issuer's keys.
    Tokens::issue(&scratch, &site.user.name);
    site.bridge.wait_logged(1, &["event=reloaded", "what=jwks"]);
    assert_eq!(request().send().status, 401);
}
