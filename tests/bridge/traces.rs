//! Traces, as a collector receives them.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::Site;
use crate::support::bridge::Bridge;
use crate::support::collector::{Collector, Span, section};
use crate::support::fake::{Fake, closed_port};
use crate::support::login::Talk;
use crate::support::session::Session;
use crate::support::sshd::Sshd;
use crate::support::wait::{SOON, wait_until};

const STEPS: [&str; 5] = ["connect", "identification", "key-exchange", "authentication", "subsystem"];

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn traced(collector: &Collector) -> Site {
    Site::with(Sshd::start(), |config| config.section(&collector.section()))
}

/// Ends it, which sends what is left.
#[track_caller]
fn finish(bridge: &mut Bridge) -> Duration {
    bridge.terminate();
    let start = Instant::now();
    assert!(bridge.wait_exit(SOON).success());
    start.elapsed()
}

fn below<'a>(spans: &'a [Span], parent: &Span) -> Vec<&'a str> {
    let mut below: Vec<&Span> =
        spans.iter().filter(|span| span.text("parent") == parent.text("id")).collect();
    below.sort_by_key(|span| span.time("start"));
    below.into_iter().map(|span| span.text("name")).collect()
}

#[test]
fn a_login_has_its_steps_below_it_and_the_session_that_it_became() {
    let collector = Collector::start();
    let mut site = traced(&collector);
    let mut session = site.session();
    session.is_alive();
    // The login is told of while the session goes on.
    let login = collector.only("login");
    session.ws.send_close(1000);
    let end = site.bridge.session_end();
    finish(&mut site.bridge);
    let (session, spans) = (collector.only("session"), collector.spans());
    assert_eq!(below(&spans, &login), [&STEPS[..], &["session"]].concat());
    assert_eq!(below(&spans, &collector.only("connect")), ["resolve"]);
    assert!(spans.iter().all(|span| span.text("trace") == login.text("trace") && !span.is_error()));
    assert_eq!(login.text("parent"), "");
    assert!(
        login.time("end") <= session.time("start") + 1_000_000_000
            && session.time("start") < session.time("end")
    );
    let id = end.get("session");
    login.assert_has(
        &json!({ "session": id, "upstream": "main", "method": "password", "outcome": "session" }),
    );
    session.assert_has(&json!({
        "session": id, "upstream": "main", "method": "password", "close_code": 1000,
        "bytes_up": end.number("bytes_up"), "bytes_down": end.number("bytes_down"), "packets": end.number("packets"),
    }));
    assert!(session.attribute("duration").as_f64().unwrap() > 0.0);
    assert_eq!(collector.only("authentication").attribute("method"), "password");
    assert_eq!(collector.resource()["service.name"], "sftpbridge");
}

#[test]
fn nothing_is_told_of_a_span_but_what_is_written_down() {
    let collector = Collector::start();
    let mut site = traced(&collector);
    let mut session = site.session();
    session.ws.send_close(1000);
    session.ws.hear();
    site.bridge.session_end();
    finish(&mut site.bridge);
    let known = [
        ("login", &["method", "outcome", "session", "upstream"][..]),
        (
            "session",
            &["bytes_down", "bytes_up", "close_code", "duration", "method", "packets", "session", "upstream"],
        ),
        ("connect", &[]),
        ("authentication", &["method"]),
    ];
    for (name, attributes) in known {
        assert_eq!(collector.only(name).attributes(), attributes, "{name}");
    }
}

#[test]
fn a_conversation_is_one_login_with_all_its_attempts() {
    let collector = Collector::start();
    let mut site = Site::with(Sshd::start(), |config| config.section(&collector.section()).admin());
    let mut talk = Talk::start(&site.bridge);
    talk.password(&site.bridge.user.name, "wrong");
    talk.fails("refused");
    talk.log_in();
    talk.session().ws.send_close(1000);
    site.bridge.session_end();
    // This one leaves in the middle.
    drop(Talk::start(&site.bridge));
    // It has left once the bridge counts nobody: one that is still there is drained.
    site.bridge.wait_nobody();
    finish(&mut site.bridge);
    let logins = collector.named("login");
    let with = |outcome: &str| logins.iter().find(|span| span.attribute("outcome") == outcome).cloned();
    let (entered, left) = (with("session").expect("one that entered"), with("left").expect("one that left"));
    let steps = below(&collector.spans(), &entered).join(" ");
    assert_eq!(steps.matches("authentication").count(), 2, "{steps}");
    assert_eq!(steps.matches("connect").count(), 1, "{steps}");
    assert_eq!(below(&collector.spans(), &left), [""; 0]);
    assert_eq!(collector.only("session").text("parent"), entered.text("id"));
}

#[test]
fn a_refusal_says_why_and_only_a_fault_of_ours_is_an_error() {
    let collector = Collector::start();
    let mut site = traced(&collector);
    let bridge = &site.bridge;
    let wrong = bridge.anonymous().basic(&bridge.user.name, "wrong").send();
    site.sshd.wait_idle();
    finish(&mut site.bridge);
    let login = collector.only("login");
    let told = wrong.header("SFTP-Authenticate-Info").unwrap();
    let reason = told.strip_suffix(&format!(" (ref {})", wrong.reference().unwrap())).unwrap();
    login.assert_has(&json!({ "outcome": "refused", "status": 401, "reason": reason, "upstream": "main" }));
    assert!(!login.is_error() && collector.named("session").is_empty());

    let collector = Collector::start();
    let silent = Fake::says_and_ends(b"no ssh\r\n");
    let config = crate::support::bridge::Config::to_port(silent.port).section(&collector.section());
    let mut bridge = config.start();
    assert_eq!(bridge.login().send().status, 502);
    finish(&mut bridge);
    assert!(collector.only("login").is_error());
    assert_eq!(below(&collector.spans(), &collector.only("login")), STEPS[..2]);
    assert!(collector.only("identification").is_error() && !collector.only("connect").is_error());
}

#[test]
fn no_name_no_password_and_no_path_of_a_person_reaches_the_collector() {
    const CANARY: &str = "canary-in-a-coal-mine";
    let collector = Collector::start();
    let mut site = traced(&collector);
    let user = site.bridge.user.name.clone();
    assert_eq!(site.bridge.anonymous().basic(&user, CANARY).send().status, 401);
    assert_eq!(site.bridge.anonymous().basic(CANARY, CANARY).send().status, 401);
    assert_eq!(site.bridge.anonymous().header("X-Canary", CANARY).bearer(CANARY).send().status, 401);
    let nowhere = crate::support::http::Request::upgrade(site.bridge.port, &format!("/sftp/{CANARY}"));
    assert_eq!(nowhere.send().status, 404);
    let mut session = site.session();
    let handle = session.create(&site.sshd.remote(CANARY));
    session.write(&handle, 0, CANARY.as_bytes());
    session.close(&handle);
    // A close frame with a text of the client's own.
    let mut frame = 1000_u16.to_be_bytes().to_vec();
    frame.extend(CANARY.as_bytes());
    session.ws.send_frame(true, crate::support::ws::CLOSE, &frame);
    site.bridge.session_end();
    finish(&mut site.bridge);
    assert_eq!((collector.named("login").len(), collector.named("session").len()), (5, 1));
    for secret in [CANARY, &user, &site.bridge.user.password, "127.0.0.1:"] {
        for text in collector.everything() {
            let text = String::from_utf8_lossy(&text).replace(&format!("127.0.0.1:{}", collector.port), "");
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

#[test]
fn a_trusted_proxy_s_trace_goes_on_and_a_stranger_s_does_not() {
    let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let continued = |trusted: &str, parent: &str| {
        let collector = Collector::start();
        let site = Site::with(Sshd::start(), |config| {
            config.section(&collector.section()).listen(&format!("trusted_proxies = [{trusted}]"))
        });
        let mut bridge = site.bridge;
        let mut session = Session::start(bridge.login().header("traceparent", parent).open());
        session.ws.send_close(1000);
        bridge.session_end();
        finish(&mut bridge);
        collector
    };
    let collector = continued(r#""127.0.0.1""#, &parent);
    let login = collector.only("login");
    assert_eq!((login.text("trace"), login.text("parent")), (TRACE, "00f067aa0ba902b7"));
    assert_eq!(collector.only("session").text("trace"), TRACE);

    let collector = continued(r#""192.0.2.1""#, &parent);
    assert_ne!(collector.only("login").text("trace"), TRACE);
    let collector = continued(r#""127.0.0.1""#, &format!("{parent}{parent}"));
    assert_ne!(collector.only("login").text("trace"), TRACE, "what breaks the grammar");
    let collector = continued(r#""127.0.0.1""#, &parent.replace("-01", "-00"));
    assert_eq!(collector.spans().len(), 0, "whoever began the trace has not sampled it");
}

/// The time of ten logins, one after the other.
fn ten_logins(site: &Site) -> Duration {
    let start = Instant::now();
    for _ in 0..10 {
        let mut session = site.session();
        session.ws.send_close(1000);
        session.ws.hear();
    }
    start.elapsed()
}

#[test]
fn a_collector_that_is_away_or_silent_delays_nobody_and_is_told_of_once() {
    let silent = Fake::black_hole();
    let without = ten_logins(&Site::start());
    for (port, longest) in [(closed_port(), 5), (silent.port, 9)] {
        let mut site = Site::with(Sshd::start(), |config| config.section(&section(port)));
        // The first try is under way; the silent one holds it for ten seconds.
        let early = Instant::now();
        let mut with = ten_logins(&site);
        wait_until("a try to send", SOON, || early.elapsed() > Duration::from_secs(6));
        with = with.min(ten_logins(&site));
        assert!(with < without * 2 + Duration::from_secs(10), "{with:?}, and {without:?} without traces");
        let took = finish(&mut site.bridge);
        assert!(took < Duration::from_secs(longest), "{took:?} to the end");
        let log = site.bridge.log();
        assert!(log.matches("traces_lost").count() <= 1, "{log}");
        // The silent one may have until the end.
        assert!(log.contains("traces_lost") || port == silent.port, "{log}");
    }
    assert!(silent.connections() > 0, "nothing was sent at all");
}

#[test]
fn the_log_is_the_same_with_traces_and_without() {
    let lines = |format: &str, traces: &str| {
        let log = format!("[log]\nformat = \"{format}\"\n{traces}");
        let site = Site::with(Sshd::start(), |config| config.section(&log));
        assert_eq!(site.bridge.anonymous().basic("nobody", "wrong").send().status, 401);
        let mut session = site.session();
        session.ws.send_close(1000);
        wait_until("the session's end", SOON, || site.bridge.log().contains("session_end"));
        let log = site.bridge.log();
        assert!(log.contains("session_start") && log.contains("refused"), "{log}");
        // Times, ports and numbers of sessions differ in any case.
        let plain = |word: &str| word.chars().filter(|c| !c.is_ascii_hexdigit()).collect::<String>();
        log.lines().filter(|line| !line.contains("traces_lost")).map(plain).collect::<Vec<_>>()
    };
    for format in ["text", "json"] {
        assert_eq!(lines(format, &section(closed_port())), lines(format, ""), "{format}");
    }
}

#[test]
fn at_the_finest_level_no_line_repeats_the_span_of_a_login() {
    let log = format!("{}\n{}", super::logs::TRACE, section(closed_port()));
    let site = Site::with(Sshd::start(), |config| config.section(&log));
    let mut session = site.session();
    session.ws.send_close(1000);
    site.bridge.session_end();
    std::io::Write::write_all(&mut site.bridge.tcp(), b"no HTTP\r\n\r\n").unwrap();
    wait_until("a line below info", SOON, || site.bridge.log().contains("DEBUG"));
    let log = site.bridge.log();
    assert!(!log.contains("login{") && !log.contains("step{"), "{log}");
}
