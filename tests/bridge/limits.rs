//! Each limit is real, and whoever meets it hears which one it is, and when to come back.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::Site;
use crate::support::bridge::Bridge;
use crate::support::conversation::Conversation;
use crate::support::files::random_bytes;
use crate::support::session::Session;
use crate::support::sftp;
use crate::support::sshd::Sshd;
use crate::support::wait::{SOON, wait_until};
use crate::support::ws::{self, BINARY, CONTINUATION, Heard, Ws};

fn site(limit: &str) -> Site {
    Site::with(Sshd::start(), |config| config.limit(limit))
}

#[track_caller]
fn assert_cause(bridge: &Bridge, cause: &str) {
    let cause = format!("cause=\"{cause}\"");
    wait_until(&format!("{cause} in the log"), SOON, || bridge.log().contains(&cause));
}

/// Code and reason of the close frame, whatever comes before it.
#[track_caller]
fn closed(ws: &mut Ws) -> (u16, String) {
    loop {
        match ws.hear() {
            Heard::Close(code, reason) => return (code.expect("a code"), reason),
            Heard::Binary(_) | Heard::Pong(_) | Heard::Text(_) => {}
            Heard::End => panic!("no close frame"),
        }
    }
}

#[track_caller]
fn assert_closed(ws: &mut Ws, code: u16, named: &str) {
    let (found, reason) = closed(ws);
    assert_eq!(found, code, "{reason}");
    assert!(reason.contains(named), "{reason:?} does not name {named:?}");
}

/// One session is allowed, and the second try is refused.
#[track_caller]
fn one_too_many(limit: &str, sentence: &str) {
    let site = site(limit);
    let _first = site.session();
    let answer = site.bridge.login().send();
    assert_eq!(answer.reason(), sentence);
    assert_eq!(answer.header("Retry-After"), Some("5"));
    assert_cause(&site.bridge, &format!("limits.{limit}"));

    let login =
        json!({ "method": "password", "user": site.bridge.user.name, "password": site.bridge.user.password });
    let failure = Conversation::open(&site.bridge.anonymous()).login(login, &[]);
    assert_eq!((&failure["message"], &failure["retry_after"]), (&json!(sentence), &json!(5)), "{failure}");
}

#[test]
fn too_many_sessions_of_a_user_are_told_with_their_number_and_when_to_come_back() {
    one_too_many(
        "sessions_per_user = 1",
        "This user has 1 session, which is the limit; close one, or try again in 5 seconds.",
    );
}

#[test]
fn too_many_sessions_of_an_address_are_told_with_their_number_and_when_to_come_back() {
    one_too_many(
        "sessions_per_address = 1",
        "This address has a session or login, which is the limit; close one, or try again in 5 seconds.",
    );
}

#[test]
fn a_full_bridge_says_when_to_come_back_and_not_how_many_it_has() {
    one_too_many(
        "sessions = 1",
        "The bridge has as many sessions as it may have; please try again in 5 seconds.",
    );
}

#[test]
fn too_many_failed_logins_are_told_with_a_wait_that_agrees_with_the_header() {
    let site = Site::with(Sshd::start(), |config| {
        config.throttle("attempts_per_user = 1").throttle(r#"window = "50s""#)
    });
    let wrong = || site.bridge.anonymous().basic(&site.bridge.user.name, "wrong").send();
    wrong();
    let answer = wrong();
    let wait = answer.header("Retry-After").expect("when to come back");
    assert!(
        answer.reason().ends_with(&format!("please try again in {wait} seconds.")),
        "{}",
        answer.reason()
    );
    assert_cause(&site.bridge, "throttle.attempts_per_user = 1 failed logins in 50s");
}

#[test]
fn a_user_has_no_further_sessions_under_other_spellings_of_their_name() {
    let site = site("sessions_per_user = 1");
    let _first = site.session();
    let user = &site.bridge.user;
    // sshd cuts off what it takes for a style, which the SSH protocol alone can carry: Basic cannot.
    let login =
        json!({ "method": "password", "user": format!("{}:style", user.name), "password": user.password });
    let failure = Conversation::open(&site.bridge.anonymous()).login(login, &[]);
    assert_eq!(failure["code"], "full", "{failure}");
}

#[test]
fn an_idle_session_is_told_how_long_it_was_idle() {
    let site = site(r#"idle = "2s""#);
    assert_closed(&mut site.session().ws, 1008, "2 seconds");
}

#[test]
fn a_session_at_its_lifetime_is_told_how_long_that_is() {
    let site = site(r#"lifetime = "2s""#);
    assert_closed(&mut site.session().ws, 1008, "2 seconds");
}

#[test]
fn a_client_that_gives_no_sign_of_life_is_closed_after_three_pings() {
    let site = site(r#"keepalive = "1s""#);
    let mut session = site.session();
    std::thread::sleep(Duration::from_secs(6)); // Takes no ping, and so answers none.
    assert_closed(&mut session.ws, 1008, "3 seconds");
    assert_eq!(site.bridge.session_end().number("close_code"), 1008);
}

#[test]
fn a_client_that_answers_pings_lives_on() {
    let site = site(r#"keepalive = "1s""#);
    let mut session = site.session();
    assert_eq!(session.ws.hear_within(Duration::from_secs(6)), None, "pings are answered on the way");
    session.is_alive();
}

#[test]
fn a_client_that_takes_no_responses_for_the_stall_time_is_1011() {
    const LENGTH: u32 = 255 << 10;
    let site = site(r#"stall = "2s""#);
    let mut session = site.session();
    let path = site.sshd.remote("down");
    std::fs::write(&path, random_bytes(LENGTH.into())).unwrap();
    let handle = session.open(&path, sftp::READ_FLAG);
    for number in 0..256 {
        session.ws.send(&sftp::read(1000 + number, &handle, 0, LENGTH));
    }
    // Reads nothing.
    let end = site.bridge.session_end();
    assert_eq!((end.number("close_code"), end.get("reason")), (1011, "the client stalled"));
    site.sshd.wait_idle();
}

#[test]
fn a_message_over_the_hard_limit_is_told_the_limit() {
    let site = Site::start();
    let mut session = site.session();
    session.ws.send_raw(&ws::header(true, BINARY, 1 << 30));
    assert_closed(&mut session.ws, 1009, "1114112 bytes");
}

#[test]
fn more_than_1024_frames_in_a_message_are_closed() {
    let site = Site::start();
    let mut session = site.session();
    let mut frames = ws::frame(false, BINARY, &[0]);
    for _ in 0..1023 {
        frames.extend(ws::frame(false, CONTINUATION, b""));
    }
    session.ws.send_raw(&frames);
    session.ws.send_frame(true, ws::PING, b"still");
    assert_eq!(session.ws.hear(), Heard::Pong(b"still".to_vec()), "1,024 are allowed");
    session.ws.send_frame(false, CONTINUATION, b"");
    assert_closed(&mut session.ws, 1008, "1024 frames");
}

#[test]
fn sessions_run_on_for_the_drain_time_and_no_longer() {
    let mut site = site(r#"drain = "3s""#);
    let mut session = site.session();
    let start = Instant::now();
    site.bridge.terminate();
    while start.elapsed() < Duration::from_secs(2) {
        session.is_alive();
    }
    assert_closed(&mut session.ws, 1001, "");
    session.ws.send_close(1001);
    let took = start.elapsed();
    assert!((Duration::from_secs(3)..SOON).contains(&took), "{took:?}");
    assert!(site.bridge.wait_exit(SOON).success());
}

#[test]
fn a_resumed_session_is_as_old_as_its_login() {
    let site = site(r#"lifetime = "6s""#);
    let user = &site.bridge.user;
    let login = json!({ "method": "password", "user": user.name, "password": user.password });
    let mut first = Conversation::open(&site.bridge.anonymous());
    let ready = first.ready(login, &[]);
    first.session().is_alive();
    std::thread::sleep(Duration::from_secs(2));
    let resumed = Instant::now();
    let mut second = Conversation::open(&site.bridge.anonymous());
    second.ready(json!({ "method": "resume", "token": ready["resume_token"] }), &[]);
    let mut session = Session::start(second.ws);
    assert_closed(&mut session.ws, 1008, "6 seconds");
    assert!(resumed.elapsed() < Duration::from_secs(6), "{:?}", resumed.elapsed());
}
