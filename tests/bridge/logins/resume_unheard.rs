//! Sockets that are lost while they are resumed: until the client has shown that it heard `ready`, and with it the
//! next token, the one that it used stays good.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::conversation::Conversation;
use crate::support::session::Session;
use crate::support::sshd::Sshd;
use crate::support::wait::{SOON, wait_until};
use crate::support::ws::{Heard, PING};
use crate::support::{Site, otp};

fn site(resume: &str) -> Site {
    Site::with(Sshd::start(), |config| config.upstream(&format!("resume = {resume:?}")))
}

fn open(site: &Site) -> Conversation {
    Conversation::open(&site.bridge.anonymous())
}

/// A session that works, and the token to come back with.
#[track_caller]
fn logged_in(site: &Site) -> (Session, Value) {
    let user = &site.bridge.user;
    let mut conversation = open(site);
    let ready = conversation
        .ready(json!({ "method": "password", "user": user.name, "password": user.password }), &[]);
    let mut session = conversation.session();
    session.is_alive();
    (session, ready["resume_token"].clone())
}

fn by(token: &Value) -> Value {
    json!({ "type": "login", "method": "resume", "token": token })
}

/// The bridge has said `ready`, and as far as it can know nobody has heard it. Gives the token in it, too.
#[track_caller]
fn unheard(site: &Site, token: &Value) -> (Conversation, Value) {
    let mut conversation = open(site);
    let ready = conversation.ready(by(token), &[]);
    (conversation, ready["resume_token"].clone())
}

/// Resumes, and works. Gives the next token, too.
#[track_caller]
fn resumed(site: &Site, token: &Value) -> (Session, Value) {
    let (conversation, next) = unheard(site, token);
    let mut session = conversation.session();
    session.is_alive();
    (session, next)
}

#[track_caller]
fn assert_refused(site: &Site, token: &Value) {
    let last = open(site).login(by(token), &[]);
    assert_eq!((&last["type"], &last["code"]), (&json!("failure"), &json!("resume-refused")), "{last}");
}

/// Everything was one login at the SSH server.
#[track_caller]
fn assert_one_login(site: &Site) {
    assert_eq!((site.sshd.accepted().len(), site.sshd.connections()), (1, 1), "{}", site.sshd.log());
}

#[test]
fn who_did_not_hear_ready_needs_no_second_code() {
    let site = Site::with(otp::sshd().start(), |config| config);
    let user = &site.bridge.user;
    let mut conversation = open(&site);
    let login = json!({ "method": "keyboard-interactive", "user": user.name });
    let ready = conversation.ready(login, &[("Password", &user.password), ("code", &otp::code())]);
    conversation.session().is_alive();
    drop(unheard(&site, &ready["resume_token"]));
    resumed(&site, &ready["resume_token"]);
    assert_one_login(&site);
}

#[test]
fn the_socket_may_be_lost_at_any_moment_of_a_resumption() {
    let site = Site::with(Sshd::start(), |config| config.admin().upstream("resume = \"60s\""));
    let (session, mut token) = logged_in(&site);
    drop(session);
    for milliseconds in [0, 0, 1, 2, 5, 10, 20, 50, 100] {
        let mut conversation = open(&site);
        conversation.say(&by(&token));
        std::thread::sleep(Duration::from_millis(milliseconds));
        // With `ready` unread in its buffer, the socket is reset.
        drop(conversation);
    }
    token = resumed(&site, &token).1;
    let mut session = resumed(&site, &token).0;
    assert_one_login(&site);
    session.ws.send_close(1000);
    site.bridge.wait_nobody();
    site.sshd.wait_idle();
}

#[test]
fn ready_may_be_lost_several_times_in_a_row() {
    let site = site("60s");
    let (session, first) = logged_in(&site);
    drop(session);
    let mut next = Vec::new();
    for _ in 0..3 {
        next.push(unheard(&site, &first).1);
    }
    let (session, last) = resumed(&site, &first);
    drop(session);
    next.push(first);
    for token in next {
        assert_refused(&site, &token);
    }
    resumed(&site, &last);
    assert_one_login(&site);
}

#[test]
fn who_heard_ready_and_nothing_more_has_the_next_token() {
    let site = site("60s");
    let (session, first) = logged_in(&site);
    drop(session);
    let (conversation, second) = unheard(&site, &first);
    drop(conversation);
    let (conversation, third) = unheard(&site, &second);
    // To use the second is to have heard it.
    assert_refused(&site, &first);
    let mut session = conversation.session();
    session.is_alive();
    assert_refused(&site, &second);
    drop(session);
    resumed(&site, &third);
    assert_one_login(&site);
}

#[test]
fn the_first_packet_after_ready_ends_the_token_that_was_used() {
    let site = site("60s");
    let (session, first) = logged_in(&site);
    drop(session);
    let (conversation, second) = unheard(&site, &first);
    let mut session = conversation.session();
    assert_refused(&site, &first);
    session.is_alive();
    drop(session);
    assert_refused(&site, &first);
    resumed(&site, &second);
    assert_one_login(&site);
}

#[test]
fn a_sign_of_life_is_no_packet_and_ends_no_token() {
    let site = site("60s");
    let (session, first) = logged_in(&site);
    drop(session);
    let (mut conversation, _) = unheard(&site, &first);
    // A browser does this by itself, whatever its page has read.
    conversation.ws.send_frame(true, PING, b"there?");
    assert_eq!(conversation.ws.hear(), Heard::Pong(b"there?".to_vec()));
    drop(conversation);
    resumed(&site, &first);
    assert_one_login(&site);
}

#[test]
fn a_socket_that_nobody_heard_ready_on_and_that_seems_alive_is_taken_over() {
    let site = site("60s");
    let (first_session, first) = logged_in(&site);
    let (mut second_socket, second) = unheard(&site, &first);
    let (mut third, last) = resumed(&site, &first);
    let elsewhere = Heard::Close(Some(1008), "The session goes on elsewhere.".to_owned());
    let mut first_socket = first_session.ws;
    assert_eq!(first_socket.hear(), elsewhere);
    assert_eq!(second_socket.ws.hear(), elsewhere);
    third.is_alive();
    assert_refused(&site, &first);
    assert_refused(&site, &second);
    third.is_alive();
    drop(third);
    resumed(&site, &last);
    assert_one_login(&site);
}

/// What a client sent on a socket that it has given up may arrive late, when the network is back.
#[test]
fn a_socket_that_was_given_up_takes_nothing_from_the_next_one() {
    let site = site("60s");
    let (session, first) = logged_in(&site);
    let (mut given_up, mut later) = (open(&site), open(&site));
    later.say(&by(&first));
    assert_eq!(given_up.login(by(&first), &[])["code"], "resume-refused");
    let ready = later.hear();
    assert_eq!(ready["type"], "ready", "{ready}");
    assert_eq!(given_up.login(by(&first), &[])["code"], "resume-refused");
    let mut later = later.session();
    later.is_alive();
    drop((session, later));
    resumed(&site, &ready["resume_token"]);
    assert_one_login(&site);
}

#[test]
fn two_sockets_that_resume_at_once_end_as_one_session() {
    let site = site("60s");
    for _ in 0..5 {
        let (session, token) = logged_in(&site);
        let mut sockets = [open(&site), open(&site)];
        for socket in &mut sockets {
            socket.say(&by(&token));
        }
        let said = sockets.each_mut().map(|socket| socket.hear()["type"].clone());
        assert!(said.contains(&json!("ready")), "{said:?}");
        drop((session, sockets));
        let (mut session, _) = resumed(&site, &token);
        assert_refused(&site, &token);
        session.is_alive();
        session.ws.send_close(1000);
        site.sshd.wait_idle();
    }
}

#[test]
fn after_its_time_neither_token_is_good_and_nothing_is_left() {
    let site = site("2s");
    let (session, first) = logged_in(&site);
    drop(session);
    let (conversation, second) = unheard(&site, &first);
    drop(conversation);
    site.sshd.wait_idle();
    assert_refused(&site, &first);
    assert_refused(&site, &second);
}

#[test]
fn a_goodbye_before_the_first_packet_leaves_nothing() {
    let site = site("60s");
    let (session, first) = logged_in(&site);
    drop(session);
    let (mut conversation, second) = unheard(&site, &first);
    conversation.ws.send_close(1000);
    site.sshd.wait_idle();
    assert_refused(&site, &first);
    assert_refused(&site, &second);
}

/// Resumes, and loses the socket while the SSH server is still asked for a channel.
#[track_caller]
fn lose_while_it_resumes(site: &Site, token: &Value, lose: impl FnOnce(&mut Conversation)) {
    site.bridge.wait_metric("sessions_parked", &[], 1.0);
    site.sshd.signal_sessions(Signal::STOP);
    let mut conversation = open(site);
    conversation.say(&by(token));
    // Until the attempt is at the SSH server; should it not be there yet, less is tested.
    std::thread::sleep(Duration::from_millis(300));
    lose(&mut conversation);
    drop(conversation);
    site.bridge.wait_metric("conversations", &[], 0.0);
    site.sshd.signal_sessions(Signal::CONT);
}

#[test]
fn an_attempt_whose_socket_is_lost_comes_to_its_end_and_is_kept() {
    let site = Site::with(Sshd::start(), |config| config.admin().upstream("resume = \"60s\""));
    let (session, token) = logged_in(&site);
    drop(session);
    lose_while_it_resumes(&site, &token, |_| {});
    resumed(&site, &token);
    assert_one_login(&site);
}

#[test]
fn a_goodbye_or_a_breach_while_it_resumes_leaves_nothing() {
    let site = Site::with(Sshd::start(), |config| config.admin().upstream("resume = \"60s\""));
    for breach in [false, true] {
        let (session, token) = logged_in(&site);
        drop(session);
        lose_while_it_resumes(&site, &token, |conversation| match breach {
            true => conversation.say(&by(&token)),
            false => conversation.ws.send_close(1000),
        });
        site.sshd.wait_idle();
        assert_refused(&site, &token);
    }
}

#[test]
fn a_wrong_name_for_the_token_that_was_used_ends_both() {
    let site = site("60s");
    let (session, first) = logged_in(&site);
    drop(session);
    let (conversation, second) = unheard(&site, &first);
    let mut wrong = by(&first);
    wrong["user"] = "somebody-else".into();
    assert_eq!(open(&site).login(wrong, &[])["code"], "resume-refused");
    // The session that runs goes on.
    conversation.session().is_alive();
    assert_refused(&site, &first);
    assert_refused(&site, &second);
    site.sshd.wait_idle();
}

#[test]
fn a_token_is_good_still_where_its_client_was_told_that_there_is_no_room() {
    let site = Site::with(Sshd::start(), |config| config.limit("sessions_per_address = 1"));
    let (session, token) = logged_in(&site);
    drop(session);
    let elsewhere = site.bridge.anonymous().source(2);
    let mut other = site.bridge.login().source(2).open();
    let full = Conversation::open(&elsewhere).login(by(&token), &[]);
    assert_eq!(full["code"], "full", "{full}");
    other.send_close(1000);
    wait_until("the place to be free", SOON, || site.bridge.session_ends().len() == 2);
    let again = || Conversation::open(&elsewhere).login(by(&token), &[]);
    wait_until("the token to be taken", SOON, || again()["type"] == "ready");
}

#[test]
fn what_nobody_confirms_is_kept_no_longer_than_a_session_may_live() {
    let site =
        Site::with(Sshd::start(), |config| config.upstream("resume = \"60s\"").limit("lifetime = \"5s\""));
    let (session, token) = logged_in(&site);
    drop(session);
    drop(unheard(&site, &token));
    site.sshd.wait_idle();
    assert_refused(&site, &token);
    assert_one_login(&site);
}

#[test]
fn each_resumption_is_one_session_in_the_log_and_keeps_one_place() {
    let site = Site::with(Sshd::start(), |config| {
        config.admin().upstream("resume = \"60s\"").limit("sessions = 1").limit("sessions_per_user = 1")
    });
    let parked = || {
        for (gauge, value) in [("sessions", 0.0), ("conversations", 0.0), ("sessions_parked", 1.0)] {
            site.bridge.wait_metric(gauge, &[], value);
        }
    };
    let (session, token) = logged_in(&site);
    drop(session);
    parked();
    drop(unheard(&site, &token));
    parked();
    let (session, _) = resumed(&site, &token);
    site.bridge.wait_metric("sessions", &[], 1.0);
    site.bridge.wait_metric("sessions_parked", &[], 0.0);
    drop(session);
    parked();
    wait_until("three sessions to end", SOON, || site.bridge.session_ends().len() == 3);
    assert_eq!(site.bridge.logged(&["event=session_start", "method=\"resume\""]), 2);
    assert_eq!(site.bridge.logged(&["event=session_start"]), 3);
    assert_eq!(site.bridge.logged(&["event=refused"]), 0);
    assert_one_login(&site);
}
