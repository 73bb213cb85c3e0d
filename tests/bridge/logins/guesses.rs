//! What counts as a guess, and what does not: the limits are those of the default.

use serde_json::{Value, json};

use crate::support::Site;
use crate::support::bridge::{Bridge, Config};
use crate::support::conversation::Conversation;
use crate::support::fake::closed_port;
use crate::support::files::Scratch;
use crate::support::identity::{HEADER, Minting, PROXY, Tokens, trusted_header, users_file};
use crate::support::keys::{Keys, public};
use crate::support::otp;
use crate::support::session::Session;
use crate::support::sshd::Sshd;
use crate::support::user::User;
use crate::support::wait::{SOON, wait_for};

const WINDOW: &str = r#"window = "60s""#;

fn site(sshd: Sshd) -> Site {
    Site::with(sshd, |config| config.throttle(WINDOW))
}

/// An sshd that wants a password and then a key.
fn wants_both() -> Sshd {
    Sshd::options().config("AuthenticationMethods password,publickey").start()
}

fn by_password(user: &str, password: &str) -> Value {
    json!({ "method": "password", "user": user, "password": password })
}

/// With a key of nobody's.
fn by_key(user: &str) -> Value {
    let line = std::fs::read_to_string(public(&Keys::new().make("ed25519"))).unwrap();
    json!({ "method": "publickey", "user": user, "public_key": line.trim() })
}

fn by_questions(user: &str) -> Value {
    json!({ "type": "login", "method": "keyboard-interactive", "user": user })
}

/// The code of what a login on a socket of its own came to.
#[track_caller]
fn code(bridge: &Bridge, login: Value) -> Value {
    Conversation::open(&bridge.anonymous()).login(login, &[])["code"].take()
}

#[test]
fn a_basic_login_at_a_server_with_a_second_question_is_a_guess_at_the_password() {
    let site = site(otp::sshd().start());
    let request = site.bridge.anonymous().basic(&site.bridge.user.name, "wrong");
    let answers: Vec<u16> = (0..5).map(|_| request.send().status).collect();
    assert_eq!(answers, [401, 401, 401, 429, 429]);
    assert_eq!(site.sshd.connections(), 3);
}

#[test]
fn who_hangs_up_at_the_second_question_has_no_guess_for_nothing() {
    let site = site(otp::sshd().start());
    for _ in 0..3 {
        let mut conversation = Conversation::open(&site.bridge.anonymous());
        conversation.say(&by_questions(&site.bridge.user.name));
        let first = conversation.hear();
        conversation.say(&json!({ "type": "answer", "id": first["id"], "answers": ["wrong"] }));
        assert_eq!(conversation.hear()["prompts"][0]["text"], "Verification code: ");
        drop(conversation);
        site.sshd.wait_idle();
    }
    let mut conversation = Conversation::open(&site.bridge.anonymous());
    conversation.say(&by_questions(&site.bridge.user.name));
    assert_eq!(conversation.hear()["code"], "throttled");
    assert_eq!(site.sshd.connections(), 3);
}

#[test]
fn of_10_wrong_answers_at_a_time_3_reach_sshd() {
    let asks = "PasswordAuthentication no\nKbdInteractiveAuthentication yes";
    let site = site(Sshd::options().config(asks).start());
    let mut asked: Vec<(Conversation, Value)> = (0..10)
        .map(|_| {
            let mut conversation = Conversation::open(&site.bridge.anonymous());
            conversation.say(&by_questions(&site.bridge.user.name));
            let prompt = conversation.hear();
            (conversation, prompt)
        })
        .collect();
    for (conversation, prompt) in &mut asked {
        conversation.say(&json!({ "type": "answer", "id": prompt["id"], "answers": ["wrong"] }));
    }
    let codes: Vec<Value> = asked.iter_mut().map(|(it, _)| it.hear()["code"].take()).collect();
    let count = |code: &str| codes.iter().filter(|found| *found == code).count();
    assert_eq!((count("refused"), count("throttled")), (3, 7), "{codes:?}");
    site.sshd.wait_logged(3, "Failed keyboard-interactive");
}

#[test]
fn a_wrong_code_after_a_right_password_is_one_guess() {
    let site = site(otp::sshd().start());
    let user = &site.bridge.user;
    let answers = [("Password", user.password.as_str()), ("Verification", "000000x")];
    let mut conversation = Conversation::open(&site.bridge.anonymous());
    let login = json!({ "method": "keyboard-interactive", "user": user.name });
    for _ in 0..3 {
        assert_eq!(conversation.login(login.clone(), &answers)["code"], "refused");
    }
    assert_eq!(conversation.login(login, &answers)["code"], "throttled");
}

#[test]
fn half_of_a_login_gives_no_guesses_back() {
    let site =
        Site::with(wants_both(), |config| config.throttle(WINDOW).throttle("attempts_per_address = 100"));
    let user = &site.bridge.user;
    for password in ["wrong", "wrong", &user.password, "wrong"] {
        let expected = if password == user.password { "partial" } else { "refused" };
        assert_eq!(code(&site.bridge, by_password(&user.name, password)), expected);
    }
    assert_eq!(code(&site.bridge, by_password(&user.name, "wrong")), "throttled");
}

#[test]
fn a_server_that_is_out_of_reach_locks_nobody_out_who_has_a_key() {
    let bridge = Config::to_port(closed_port()).throttle(WINDOW).start();
    let (user, key) = (&bridge.user.name, by_key(&bridge.user.name));
    for _ in 0..5 {
        assert_eq!(code(&bridge, key.clone()), "upstream-failed");
        assert_eq!(code(&bridge, by_password(user, "right or wrong")), "upstream-failed");
    }
}

#[test]
fn a_page_that_comes_back_with_an_old_token_locks_nobody_out() {
    let scratch = Scratch::new();
    let tokens = Tokens::issue(&scratch, &User::read().name);
    let users = users_file(&scratch, &[(&User::read().name, "the bridge's password")]);
    let site =
        Minting::with("ed25519", |config| config.throttle(WINDOW).section(&users).section(&tokens.section()));
    for _ in 0..4 {
        let expired = json!({ "method": "bearer", "token": tokens.get("expired") });
        assert_eq!(code(&site.bridge, expired), "refused");
    }
    let login = by_password(&site.user.name, "the bridge's password");
    Conversation::open(&site.bridge.anonymous()).ready(login, &[]);
}

#[test]
fn asking_while_nothing_may_be_tried_does_not_make_it_longer() {
    let site = Site::with(Sshd::start(), |config| {
        config.throttle(r#"window = "3s""#).throttle("attempts_per_address = 1")
    });
    let (user, key) = (&site.bridge.user.name, by_key(&site.bridge.user.name));
    assert_eq!(code(&site.bridge, by_password(user, "wrong")), "refused");
    assert_eq!(code(&site.bridge, key.clone()), "throttled");
    wait_for("the window to slide", SOON, || {
        let code = code(&site.bridge, key.clone());
        (code != "throttled").then_some(())
    });
}

#[test]
fn a_person_whom_the_server_does_not_know_cannot_have_it_shut_out_the_bridge() {
    let site = Minting::with("ed25519", |config| config.throttle(WINDOW).section(&trusted_header()));
    let request = |person: &str| site.bridge.anonymous().source(PROXY).header(HEADER, person);
    let answers: Vec<u16> = (0..5).map(|_| request("no-such-person").send().status).collect();
    assert_eq!(answers, [502, 502, 502, 429, 429]);
    assert_eq!(site.sshd.connections(), 3);
    let mut conversation = Conversation::open(&request("no-such-person"));
    let login = json!({ "method": "external", "user": "root" });
    assert_eq!(conversation.login(login, &[])["code"], "throttled");
    let log = site.bridge.log();
    assert!(log.matches("user=no-such-person").count() == 6 && !log.contains("user=root"), "{log}");
    // The proxy's address is everybody's, so nobody else waits for that.
    Session::start(request(&site.user.name).open()).is_alive();
    let mut conversation = Conversation::open(&request(&site.user.name));
    conversation.ready(json!({ "method": "external" }), &[]);
}
