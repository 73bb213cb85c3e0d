//! The numbers agree with what happened.

use serde_json::json;

use super::{every_class, site};
use crate::support::Site;
use crate::support::bridge::Config;
use crate::support::conversation::Conversation;
use crate::support::fake::closed_port;
use crate::support::files::Scratch;
use crate::support::host_keys::HostKeys;
use crate::support::identity::{Minting, Tokens};
use crate::support::login::Talk;
use crate::support::metrics::Metrics;
use crate::support::process::Stopped;
use crate::support::session::Session;
use crate::support::sftp;
use crate::support::sshd::Sshd;
use crate::support::user::User;

#[test]
fn bytes_and_packets_agree_with_the_log_and_requests_with_what_was_asked() {
    let site = site();
    let mut session = site.session();
    let asked = every_class(&mut session, &site.sshd);
    // While the session runs: all but the last answers are known.
    let metrics = Metrics::of(&site.bridge);
    assert!(metrics.sum("packets_total", &[("direction", "up")]) >= 14.0, "{}", metrics.text);
    assert!(metrics.sum("bytes_total", &[("direction", "down")]) > 2000.0, "{}", metrics.text);
    assert_eq!(metrics.sum("sessions", &[]), 1.0);
    session.ws.send_close(1000);
    let end = site.bridge.session_end();
    let metrics = site.bridge.wait_metric("session_ends_total", &[("code", "1000")], 1.0);
    for (direction, field) in [("up", "bytes_up"), ("down", "bytes_down")] {
        let counted = metrics.sum("bytes_total", &[("direction", direction)]);
        assert_eq!(counted, end.number(field) as f64, "{direction}");
    }
    assert_eq!(metrics.sum("packets_total", &[]), end.number("packets") as f64);
    for (class, count) in asked {
        let counted = metrics.sum("request_duration_seconds_count", &[("class", class)]);
        assert_eq!(counted, count, "{class}");
    }
    let sum = metrics.sum("request_duration_seconds_sum", &[]);
    assert!(sum > 0.0 && sum < 20.0, "{sum} s");
    let started = metrics.sum("sessions_started_total", &[("upstream", "main"), ("method", "password")]);
    assert_eq!((started, metrics.sum("session_duration_seconds_count", &[])), (1.0, 1.0));
    site.bridge.wait_nobody();
}

#[test]
fn each_step_on_the_way_to_the_upstream_is_timed_by_its_outcome() {
    let site = site();
    site.session();
    assert_eq!(site.bridge.anonymous().basic(&site.bridge.user.name, "wrong").send().status, 401);
    let metrics = site.bridge.wait_metric("session_ends_total", &[], 1.0);
    let count = |step, outcome| {
        let labels = [("upstream", "main"), ("step", step), ("outcome", outcome)];
        metrics.sum("upstream_step_duration_seconds_count", &labels)
    };
    for step in ["connect", "identification", "key-exchange"] {
        assert_eq!(count(step, "ok"), 2.0, "{step}");
    }
    let rest = [count("login", "ok"), count("login", "refused"), count("subsystem", "ok")];
    assert_eq!(rest, [1.0; 3], "{}", metrics.text);
    assert_eq!(metrics.sum("upstream_step_duration_seconds_count", &[]), 9.0);
}

#[test]
fn a_step_that_fails_is_told_from_one_that_runs_out_of_time() {
    let bridge = Config::to_port(closed_port()).admin().start();
    assert_eq!(bridge.login().send().status, 502);
    let failed = [("step", "connect"), ("outcome", "failed")];
    bridge.wait_metric("upstream_step_duration_seconds_count", &failed, 1.0);
    let silent = crate::support::fake::Fake::black_hole();
    let bridge = Config::to_port(silent.port).upstream("connect_timeout = \"1s\"").admin().start();
    assert_eq!(bridge.login().send().status, 504);
    let late = [("step", "identification"), ("outcome", "timed-out")];
    bridge.wait_metric("upstream_step_duration_seconds_count", &late, 1.0);
}

#[test]
fn every_refusal_is_counted_once_by_its_reason() {
    let sshd = Sshd::start();
    let bridge = Config::to(&sshd).listen("require_subprotocol = true").admin().start();
    let user = &bridge.user;
    bridge.get("/sftp").send();
    bridge.anonymous().send();
    bridge.anonymous().basic(&user.name, "wrong").send();
    bridge.anonymous().basic("", "x").send();
    bridge.login().header("Origin", "http://elsewhere.example").send();
    bridge.login().without("Sec-WebSocket-Protocol").send();
    crate::support::http::Request::upgrade(bridge.port, "/sftp/nobody").send();
    bridge.get("/nothing").send();
    let metrics = Metrics::of(&bridge);
    for (reason, status) in [
        ("unknown-route", "404"),
        ("not-websocket", "426"),
        ("no-credentials", "401"),
        ("wrong-credentials", "401"),
        ("unusable-credentials", "401"),
        ("origin", "403"),
        ("no-subprotocol", "400"),
        ("unknown-upstream", "404"),
    ] {
        let counted = metrics.sum("refusals_total", &[("reason", reason), ("status", status)]);
        assert_eq!(counted, 1.0, "{reason}\n{}", metrics.text);
    }
    assert_eq!(metrics.sum("refusals_total", &[]), 8.0);
    assert_eq!(metrics.sum("logins_total", &[]), 1.0);
    let refused = [("upstream", "main"), ("method", "password"), ("outcome", "refused")];
    assert_eq!(metrics.sum("logins_total", &refused), 1.0);
    bridge.wait_nobody();
}

#[test]
fn a_changed_host_key_is_counted_from_0() {
    let sshd = Sshd::options().keys(HostKeys::named("other")).start();
    let bridge = Config::to_port(sshd.port).admin().start();
    let labels = [("reason", "host-key"), ("status", "502")];
    let metrics = Metrics::of(&bridge);
    assert!(metrics.text.contains("{reason=\"host-key\",status=\"502\"} 0\n"), "{}", metrics.text);
    assert_eq!(bridge.login().send().status, 502);
    bridge.wait_metric("refusals_total", &labels, 1.0);
}

#[test]
fn logins_of_a_conversation_are_counted_by_method_and_outcome() {
    let asking = Sshd::options().config("KbdInteractiveAuthentication yes").start();
    let site = Site::with(asking, |config| config.admin());
    let user = &site.bridge.user;
    let mut talk = Talk::start(&site.bridge);
    site.bridge.wait_metric("conversations", &[], 1.0);
    talk.password(&user.name, "wrong");
    talk.fails("refused");
    talk.log_in();
    talk.session().is_alive();
    // The client is cut off at a question, which is its own doing.
    let mut left = Conversation::open(&site.bridge.anonymous());
    left.say(&json!({ "type": "login", "user": user.name, "method": "keyboard-interactive" }));
    left.hear();
    drop(left);
    let metrics = site.bridge.wait_metric("logins_total", &[], 3.0);
    for (method, outcome) in
        [("password", "refused"), ("password", "ok"), ("keyboard-interactive", "abandoned")]
    {
        let labels = [("upstream", "main"), ("method", method), ("outcome", outcome)];
        assert_eq!(metrics.sum("logins_total", &labels), 1.0, "{method} {outcome}\n{}", metrics.text);
    }
    assert_eq!(metrics.sum("refusals_total", &[("reason", "wrong-credentials")]), 1.0);
}

#[test]
fn a_method_that_the_server_does_not_take_is_no_failed_login() {
    let site = Site::with(Sshd::start(), |config| config.admin());
    let user = &site.bridge.user;
    let mut talk = Talk::start(&site.bridge);
    talk.say(json!({ "type": "login", "user": user.name, "method": "keyboard-interactive" }));
    talk.fails("method-unavailable");
    talk.log_in();
    talk.session().is_alive();
    let metrics = site.bridge.wait_metric("logins_total", &[], 2.0);
    for (method, outcome) in [("keyboard-interactive", "unavailable"), ("password", "ok")] {
        let labels = [("method", method), ("outcome", outcome)];
        assert_eq!(metrics.sum("logins_total", &labels), 1.0, "{method} {outcome}\n{}", metrics.text);
    }
    assert_eq!(metrics.sum("refusals_total", &[]), 0.0);
    assert_eq!(site.bridge.logged(&["event=refused"]), 0, "{}", site.bridge.log());
}

#[test]
fn tokens_are_counted_as_a_method_of_their_own() {
    let scratch = Scratch::new();
    let tokens = Tokens::issue(&scratch, &User::read().name);
    let site = Minting::with("ed25519", |config| config.section(&tokens.section()).admin());
    Session::start(site.bridge.anonymous().bearer(tokens.get("good")).open()).is_alive();
    assert_eq!(site.bridge.anonymous().bearer(tokens.get("forged")).send().status, 401);
    for outcome in ["ok", "refused"] {
        let labels = [("method", "bearer"), ("outcome", outcome)];
        site.bridge.wait_metric("logins_total", &labels, 1.0);
    }
}

#[test]
fn too_many_failures_are_counted_as_throttled() {
    let site = Site::with(Sshd::start(), |config| {
        config.admin().throttle("attempts_per_user = 1\nattempts_per_address = 1")
    });
    let wrong = site.bridge.anonymous().basic(&site.bridge.user.name, "wrong");
    assert_eq!(wrong.send().status, 401);
    assert_eq!(wrong.send().status, 429);
    let metrics = site.bridge.wait_metric("throttled_total", &[], 1.0);
    assert_eq!(metrics.sum("refusals_total", &[("reason", "throttled")]), 1.0);
    assert_eq!(metrics.sum("logins_total", &[("outcome", "throttled")]), 1.0);
}

#[test]
fn gauges_are_back_at_0_however_a_session_ends() {
    let site = site();
    let mut sessions: Vec<_> = (0..4).map(|_| site.session()).collect();
    let silent = site.bridge.tcp();
    site.bridge.wait_metric("sessions", &[], 4.0);
    site.bridge.wait_metric("connections", &[], 1.0);
    drop(silent);
    // In order, by a cut, by a breach of the rules, and by the death of its server.
    sessions[0].ws.send_close(1000);
    sessions[1].ws.send(&sftp::init());
    drop(sessions.remove(2));
    // One whose end has not been noticed yet would lose its server first.
    site.bridge.wait_metric("sessions", &[], 1.0);
    site.sshd.kill_sessions();
    site.bridge.wait_nobody();
    let metrics = Metrics::of(&site.bridge);
    assert_eq!(metrics.sum("session_ends_total", &[]), 4.0);
    assert_eq!(metrics.sum("session_ends_total", &[("code", "1000")]), 1.0, "{}", metrics.text);
    assert_eq!(metrics.sum("session_ends_total", &[("code", "1008")]), 1.0, "{}", metrics.text);
}

#[test]
fn a_login_that_is_kept_is_counted_until_its_time_is_over() {
    let site = Site::with(Sshd::start(), |config| config.admin().upstream("resume = \"3s\""));
    let mut talk = Talk::start(&site.bridge);
    talk.log_in();
    let session = talk.session();
    site.bridge.wait_metric("sessions", &[], 1.0);
    drop(session);
    site.bridge.wait_metric("sessions_parked", &[], 1.0);
    site.bridge.wait_nobody();
}

#[test]
fn a_stall_is_counted_by_its_side() {
    let site = Site::with(Sshd::start(), |config| config.admin().limit("stall = \"2s\""));
    let mut session = site.session();
    let handle = session.create(&site.sshd.remote("file"));
    let _stopped = Stopped::new(site.sshd.sftp_server());
    let mut socket = session.ws.socket();
    let id = session.id();
    let write =
        crate::support::ws::frame(true, crate::support::ws::BINARY, &sftp::write_of(id, &handle, 32_768));
    std::thread::spawn(move || {
        use std::io::Write;
        while socket.write_all(&write).is_ok() {}
    });
    site.bridge.wait_metric("stalls_total", &[("side", "upstream")], 1.0);
}
