//! Whoever reports a problem has a number, and the log has the same.

use std::process::Command;
use std::time::Duration;

use serde_json::json;

use crate::support::Site;
use crate::support::bridge::{Bridge, Config, binary};
use crate::support::conversation::Conversation;
use crate::support::fake::closed_port;
use crate::support::http::reference;
use crate::support::node::{node, result};
use crate::support::process::{Said, run};
use crate::support::sftp;
use crate::support::wait::{SOON, wait_for};
use crate::support::ws::Heard;

const QUICK: Duration = Duration::from_secs(20);

/// The one line of the log with this event and this number.
#[track_caller]
fn line(bridge: &Bridge, event: &str, number: &str) -> String {
    let (event, number) = (format!("event={event} "), format!("session={number}"));
    wait_for(&format!("{event}with {number}"), SOON, || {
        let log = bridge.log();
        let mut lines = log.lines().filter(|line| line.contains(&event) && line.contains(&number));
        lines.next().map(str::to_owned)
    })
}

#[test]
fn a_refusal_has_the_number_of_its_line_in_header_and_body() {
    let bridge = Config::to_port(closed_port()).start();
    let answer = bridge.login().send();
    assert_eq!(answer.status, 502);
    let number = answer.reference().expect("a number").to_owned();
    assert!(line(&bridge, "refused", &number).contains("status=502"));
    assert_eq!(reference(&answer.body()), Some(number.as_str()));
    assert_ne!(
        bridge.login().send().reference(),
        Some(number.as_str()),
        "each visitor has a number of its own"
    );
}

#[test]
fn a_refusal_without_a_line_has_no_number() {
    let bridge = Config::to_port(closed_port()).start();
    for request in
        [bridge.anonymous(), bridge.get("/sftp"), bridge.login().protocol("chat"), bridge.get("/no")]
    {
        let answer = request.send();
        assert_eq!(answer.reference(), None, "{}", answer.reason());
    }
    assert!(!bridge.log().contains("event=refused"));
}

#[test]
fn a_failure_and_what_follows_have_the_number_of_their_lines() {
    let site = Site::start();
    let login =
        |password: &str| json!({ "method": "password", "user": site.bridge.user.name, "password": password });
    let mut conversation = Conversation::open(&site.bridge.anonymous());
    let failure = conversation.login(login("wrong"), &[]);
    let number = failure["session"].as_str().expect("a number").to_owned();
    line(&site.bridge, "refused", &number);
    let ready = conversation.ready(login(&site.bridge.user.password), &[]);
    assert_eq!(ready["session"], number, "one visitor has one number");
    line(&site.bridge, "session_start", &number);
    conversation.session().is_alive();
    assert_eq!(site.bridge.session_end().get("session"), number);
}

#[test]
fn a_login_that_breaks_the_rules_is_in_the_log_too() {
    let site = Site::start();
    let mut conversation = Conversation::open(&site.bridge.anonymous());
    conversation.say(&json!({ "type": "answer", "id": 1, "answers": [] }));
    let (failure, code) = conversation.end();
    let number = failure.expect("a failure")["session"].as_str().expect("a number").to_owned();
    assert_eq!(code, Some(1008));
    assert!(line(&site.bridge, "login_ended", &number).contains("close_code=1008"));
}

#[test]
fn a_session_that_ends_by_1011_tells_its_number() {
    let site = Site::start();
    let mut session = site.session();
    session.is_alive();
    site.sshd.kill_sessions();
    let Heard::Close(Some(1011), reason) = session.ws.hear() else { panic!("no 1011") };
    let number = reference(&reason).expect("a number");
    assert_eq!(site.bridge.session_end().get("session"), number, "{reason}");
}

#[test]
fn sftp_ws_shows_the_number_to_its_user() {
    let bridge = Config::to_port(closed_port()).start();
    let user = &bridge.user;
    let parameters = json!({ "url": bridge.url(), "user": user.name, "password": user.password });
    let seen = result(node("refused.js", &parameters));
    line(&bridge, "refused", reference(seen["info"].as_str().unwrap()).expect("a number"));
}

fn connect(bridge: &Bridge, password: &str) -> Said {
    let mut connect = Command::new(binary());
    connect
        .args(["connect", &bridge.url(), "--user", &bridge.user.name])
        .env("SFTPBRIDGE_PASSWORD", password);
    run(&mut connect, &sftp::init(), QUICK)
}

#[test]
fn connect_shows_the_number_in_its_one_sentence() {
    let site = Site::start();
    let said = connect(&site.bridge, "wrong");
    let sentence = said.stderr.trim_end();
    assert_eq!(sentence.lines().count(), 1, "{sentence}");
    let (_, after) = sentence.split_once("(ref ").expect("a number");
    line(&site.bridge, "refused", after.split(')').next().unwrap());
}

#[test]
fn connect_says_once_when_to_come_back() {
    let site = Site::with(crate::support::sshd::Sshd::start(), |config| {
        config.throttle("attempts_per_user = 1").throttle(r#"window = "60s""#)
    });
    connect(&site.bridge, "wrong");
    let said = connect(&site.bridge, "wrong");
    assert_eq!(said.stderr.matches("try again in").count(), 1, "{}", said.stderr);
    assert!(
        said.stderr.contains(" seconds. (ref ") || said.stderr.contains(" minute. (ref "),
        "{}",
        said.stderr
    );
}

#[test]
fn every_line_about_a_visitor_has_its_number() {
    let site = Site::with(crate::support::sshd::Sshd::start(), |config| {
        config.section("[log]\nformat = \"json\"\nlevel = \"debug\"").limit(r#"linger = "1s""#)
    });
    let mut session = site.session();
    let server = site.sshd.sftp_server();
    crate::support::process::signal_process(server, rustix::process::Signal::STOP);
    session.ws.send(&sftp::with_name(sftp::REALPATH, 60, "."));
    session.ws.send_close(1000);
    // A line from the depth of the pump, which knows of no session.
    let found = wait_for("the line about the answer that is owed", SOON, || {
        let log = site.bridge.log();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let lines: Vec<_> = lines.collect();
        let start = lines.iter().find(|line| line["event"] == "session_start")?["session"].clone();
        let owed = lines.iter().find(|line| !line["unanswered"].is_null())?["session"].clone();
        Some((start, owed))
    });
    crate::support::process::signal_process(server, rustix::process::Signal::KILL);
    assert_eq!(found.0, found.1);
}
