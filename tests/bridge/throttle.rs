//! Failed logins are counted by the bridge, and beyond the limit sshd hears of no further one.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::Site;
use crate::support::bridge::Config;
use crate::support::conversation::Conversation;
use crate::support::http::{Answer, Request};
use crate::support::session::Session;
use crate::support::sshd::Sshd;
use crate::support::wait::{SOON, wait_for, wait_stable, wait_until};

/// The limits as they are by default, but for the window: the tests of one machine must not slow it down.
fn site(window: &str) -> Site {
    Site::with(Sshd::start(), |config| config.throttle(&format!("window = {window:?}")))
}

/// The same with an sshd that takes its time, so that attempts meet, and with more lines.
fn slow_site(more: &[&str]) -> Site {
    let lines = [&[r#"window = "60s""#], more].concat();
    let configure = |config: Config| lines.iter().fold(config, |config, line| config.throttle(line));
    Site::with(Sshd::slow().start(), configure)
}

fn wrong(site: &Site) -> Request {
    site.bridge.anonymous().basic(&site.bridge.user.name, "wrong")
}

/// All at the same time.
fn send_all(requests: Vec<Request>) -> Vec<Answer> {
    let sent: Vec<_> =
        requests.into_iter().map(|request| std::thread::spawn(move || request.send())).collect();
    sent.into_iter().map(|answer| answer.join().unwrap()).collect()
}

/// Its `Retry-After`.
#[track_caller]
fn assert_throttled(answer: &Answer) -> u64 {
    assert_eq!(answer.status, 429, "{:?}", answer.header("SFTP-Authenticate-Info"));
    let reason = answer.header("SFTP-Authenticate-Info").expect("a public reason");
    assert!(reason.contains("logins failed"), "{reason}");
    answer.header("Retry-After").expect("when to come back").parse().expect("whole seconds")
}

/// Once sshd's log says no more.
fn passwords_tried(sshd: &Sshd) -> usize {
    let tried = || sshd.log().matches("Failed password").count();
    wait_stable("sshd's log", Duration::from_millis(500), SOON, tried)
}

#[test]
fn of_20_wrong_passwords_in_a_row_3_reach_sshd_and_the_rest_hear_when_to_come_back() {
    let site = site("60s");
    let start = Instant::now();
    for _ in 0..3 {
        assert_eq!(wrong(&site).send().status, 401);
    }
    for _ in 3..20 {
        let wait = assert_throttled(&wrong(&site).send());
        let passed = start.elapsed().as_secs();
        assert!((60 - passed..=60).contains(&wait), "{wait} s after {passed} s");
    }
    assert_throttled(&site.bridge.login().send());
    assert_eq!(passwords_tried(&site.sshd), 3);
    assert_eq!(site.sshd.connections(), 3);
}

#[test]
fn of_20_wrong_passwords_at_a_time_3_reach_sshd_and_another_address_gets_in() {
    let site = slow_site(&["attempts_per_user = 100"]);
    let answers = send_all((0..20).map(|_| wrong(&site)).collect());
    let (refused, throttled): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 401);
    assert_eq!((refused.len(), throttled.len()), (3, 17));
    for answer in throttled {
        assert!((50..=60).contains(&assert_throttled(answer)));
    }
    assert_eq!(passwords_tried(&site.sshd), 3);
    assert_throttled(&site.bridge.login().send());
    Session::start(site.bridge.login().source(2).open()).is_alive();
}

/// A socket with one wrong password: the code of the failure that it comes to.
fn wrong_on_a_socket(site: &Site) -> String {
    let login = json!({ "method": "password", "user": site.bridge.user.name, "password": "wrong" });
    let failure = Conversation::open(&site.bridge.anonymous()).login(login, &[]);
    assert_eq!(failure["type"], "failure", "{failure}");
    failure["code"].as_str().expect("a code").to_owned()
}

#[track_caller]
fn assert_3_of_20(codes: &[String]) {
    let count = |code: &str| codes.iter().filter(|heard| *heard == code).count();
    assert_eq!((count("refused"), count("throttled")), (3, 17), "{codes:?}");
}

#[test]
fn of_20_sockets_in_a_row_with_a_wrong_password_3_reach_sshd() {
    let site = site("60s");
    let codes: Vec<_> = (0..20).map(|_| wrong_on_a_socket(&site)).collect();
    assert!(codes[..3].iter().all(|code| code == "refused"), "{codes:?}");
    assert_3_of_20(&codes);
    assert_eq!(passwords_tried(&site.sshd), 3);
    assert_throttled(&site.bridge.login().send());
}

#[test]
fn of_20_sockets_at_a_time_with_a_wrong_password_3_reach_sshd() {
    let site = slow_site(&["attempts_per_user = 100"]);
    let codes: Vec<_> = std::thread::scope(|scope| {
        let sockets: Vec<_> = (0..20).map(|_| scope.spawn(|| wrong_on_a_socket(&site))).collect();
        sockets.into_iter().map(|socket| socket.join().unwrap()).collect()
    });
    assert_3_of_20(&codes);
    assert_eq!(passwords_tried(&site.sshd), 3);
    Session::start(site.bridge.login().source(2).open()).is_alive();
}

#[test]
fn of_wrong_passwords_in_headers_and_on_sockets_3_together_reach_sshd() {
    let site = site("60s");
    assert_eq!(wrong(&site).send().status, 401);
    assert_eq!(wrong_on_a_socket(&site), "refused");
    assert_eq!(wrong(&site).send().status, 401);
    assert_eq!(wrong_on_a_socket(&site), "throttled");
    assert_throttled(&wrong(&site).send());
    assert_eq!(passwords_tried(&site.sshd), 3);
}

#[test]
fn of_20_sockets_with_a_wrong_answer_to_a_question_3_reach_sshd() {
    let asks = "PasswordAuthentication no\nKbdInteractiveAuthentication yes";
    let site = Site::with(Sshd::slow().config(asks).start(), |config| config.throttle(r#"window = "60s""#));
    let login = || {
        let login = json!({ "method": "keyboard-interactive", "user": site.bridge.user.name });
        let mut conversation = Conversation::open(&site.bridge.anonymous());
        conversation.login(login, &[("assword", "wrong")])["code"].as_str().expect("a code").to_owned()
    };
    let codes: Vec<_> = std::thread::scope(|scope| {
        let sockets: Vec<_> = (0..20).map(|_| scope.spawn(login)).collect();
        sockets.into_iter().map(|socket| socket.join().unwrap()).collect()
    });
    assert_3_of_20(&codes);
    let tried = || site.sshd.log().matches("Failed keyboard-interactive").count();
    assert_eq!(wait_stable("sshd's log", Duration::from_millis(500), SOON, tried), 3, "{}", site.sshd.log());
}

#[test]
fn of_20_right_passwords_at_a_time_all_get_in() {
    let site = site("60s");
    let answers = send_all((0..20).map(|_| site.bridge.login()).collect());
    for answer in answers {
        Session::start(answer.upgraded()).is_alive();
    }
}

#[test]
fn a_user_is_guarded_across_addresses_and_another_user_is_tried_all_the_same() {
    let site = site("60s");
    for last in 2..5 {
        assert_eq!(wrong(&site).source(last).send().status, 401);
    }
    assert_throttled(&wrong(&site).source(5).send());
    assert_throttled(&site.bridge.login().source(6).send());
    assert_eq!(passwords_tried(&site.sshd), 3);
    let other = site.bridge.anonymous().basic("nobody-by-this-name", "wrong").source(6);
    assert_eq!(other.send().status, 401);
}

#[test]
fn when_the_window_has_slid_the_right_password_gets_in() {
    let site = site("5s");
    send_all((0..3).map(|_| wrong(&site)).collect());
    let wait = assert_throttled(&site.bridge.login().send());
    assert!((1..=5).contains(&wait), "{wait}");
    let start = Instant::now();
    let socket = wait_for("the window to slide", SOON, || {
        let answer = site.bridge.login().send();
        (answer.status == 101).then(|| answer.upgraded())
    });
    // What was told is rounded up. Asking meanwhile has not made it longer, else this had no end.
    let waited = start.elapsed();
    assert!(
        waited + Duration::from_millis(1100) > Duration::from_secs(wait),
        "told {wait} s, waited {waited:?}"
    );
    Session::start(socket).is_alive();
}

#[test]
fn who_hangs_up_while_the_password_is_tried_has_no_guess_for_nothing() {
    // With it sshd tells when a password has come.
    let sshd = Sshd::slow().config("LogLevel DEBUG1").start();
    let site = Site::with(sshd, |config| config.throttle(r#"window = "60s""#));
    let told = |text: &str| site.sshd.log().matches(text).count();
    for tries in 1..=3 {
        let socket = wrong(&site).send_only();
        let asked = || told("method password") == tries;
        wait_until("sshd to be asked", SOON, asked);
        drop(socket);
        // Its attempt is settled before the next one begins, else that one would only wait.
        site.sshd.wait_idle();
    }
    assert_throttled(&site.bridge.login().send());
}

#[test]
fn an_upstream_that_is_out_of_reach_costs_no_login() {
    let bridge = Config::to_port(crate::support::fake::closed_port()).throttle(r#"window = "60s""#).start();
    for _ in 0..5 {
        assert_eq!(bridge.login().send().status, 502);
    }
}
