//! Every refusal before the upgrade: its status, and its public reason where sftp-ws looks for it.

use std::time::{Duration, Instant};

use crate::support::Site;
use crate::support::bridge::{Bridge, Config};
use crate::support::fake::{Fake, closed_port};
use crate::support::files::Scratch;
use crate::support::host_keys::HostKeys;
use crate::support::http::{Answer, Request};
use crate::support::session::Session;
use crate::support::sshd::{Sshd, Subsystem};
use crate::support::wait::{SOON, wait_for, wait_until};

/// Less than the default limit of the first step at an upstream.
const PROMPTLY: Duration = Duration::from_secs(9);

/// The answer refuses with `status` and says why, without saying what it should keep to itself.
#[track_caller]
fn assert_refused(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{:?}", answer.header("SFTP-Authenticate-Info"));
    let reason = answer.header("SFTP-Authenticate-Info").expect("a public reason");
    assert!(!reason.is_empty() && reason.len() <= 123, "{reason:?}");
    assert!(!reason.contains("127.0.0.1") && !reason.contains("SHA256"), "inner detail: {reason:?}");
    let challenge = answer.headers("WWW-Authenticate");
    assert_eq!(status == 401, !challenge.is_empty(), "{challenge:?}");
    let again = answer.header("Retry-After");
    assert_eq!(matches!(status, 429 | 503), again.is_some(), "Retry-After: {again:?}");
    if let Some(seconds) = again {
        assert!(seconds.parse::<u32>().unwrap() >= 1);
    }
}

#[track_caller]
fn refused(request: &Request, status: u16) {
    assert_refused(&request.send(), status);
}

/// 401 in the words that sftp-ws compares, case and order included.
#[track_caller]
fn unauthorized(request: &Request) {
    let answer = request.send();
    assert_refused(&answer, 401);
    let basic = answer.headers("WWW-Authenticate").into_iter().find(|value| value.starts_with("Basic "));
    let realm = basic.expect("a Basic challenge").strip_prefix("Basic realm=\"").expect("realm comes first");
    let (realm, rest) = realm.split_once('"').unwrap();
    assert!(!realm.is_empty());
    assert_eq!(rest, ", charset=\"UTF-8\"");
}

/// The refusal comes well before `limit`.
#[track_caller]
fn refused_within(request: &Request, status: u16, limit: Duration) {
    let start = Instant::now();
    refused(request, status);
    assert!(start.elapsed() < limit, "refused only after {:?}", start.elapsed());
}

#[track_caller]
fn log_says(bridge: &Bridge, text: &str) {
    wait_until(&format!("{text:?} in the log"), SOON, || bridge.log().contains(text));
}

#[test]
fn a_request_that_is_no_websocket_is_426() {
    let site = Site::start();
    let answer = site.bridge.get("/sftp").send();
    assert_refused(&answer, 426);
    assert_eq!(answer.header("Upgrade").map(str::to_ascii_lowercase).as_deref(), Some("websocket"));
    assert_eq!(site.sshd.connections(), 0);
}

#[test]
fn no_subprotocol_in_common_is_400() {
    let site = Site::start();
    refused(&site.bridge.login().protocol("chat"), 400);
    refused(&site.bridge.login().protocol("SFTP"), 400);
    assert_eq!(site.sshd.connections(), 0);
}

#[test]
fn no_subprotocol_at_all_is_400_where_one_is_required() {
    let site = Site::with(Sshd::start(), |config| config.listen("require_subprotocol = true"));
    refused(&site.bridge.login().without("Sec-WebSocket-Protocol"), 400);
    Session::start(site.bridge.login().open()).is_alive();
}

#[test]
fn missing_credentials_are_401_and_the_upstream_hears_nothing() {
    let site = Site::start();
    unauthorized(&site.bridge.anonymous());
    unauthorized(&site.bridge.anonymous().header("Authorization", "Basic !!!"));
    assert_eq!(site.sshd.connections(), 0);
}

#[test]
fn an_empty_user_or_password_is_401_and_the_upstream_hears_nothing() {
    let site = Site::start();
    let (user, password) = (&site.bridge.user.name, &site.bridge.user.password);
    for (user, password) in [("", ""), (user.as_str(), ""), ("", password.as_str())] {
        unauthorized(&site.bridge.anonymous().basic(user, password));
    }
    assert_eq!(site.sshd.connections(), 0);
}

#[test]
fn a_wrong_password_is_401_and_stands_in_no_log() {
    let site = Site::start();
    let canary = "canary-5f0c2b";
    unauthorized(&site.bridge.anonymous().basic(&site.bridge.user.name, canary));
    log_says(&site.bridge, &site.bridge.user.name);
    assert!(!site.bridge.log().contains(canary));
    wait_until("sshd to have refused it", SOON, || site.sshd.log().contains("Failed password"));
}

#[test]
fn an_unknown_user_is_401_in_the_same_words_as_a_wrong_password() {
    let site = Site::start();
    let wrong = site.bridge.anonymous().basic(&site.bridge.user.name, "wrong").send();
    let unknown = site.bridge.anonymous().basic("nobody-by-this-name", "wrong").send();
    assert_refused(&unknown, 401);
    assert_eq!(wrong.reason(), unknown.reason());
}

#[test]
fn a_foreign_origin_is_403_before_the_upstream_hears_of_it() {
    let site = Site::start();
    let port = site.bridge.port;
    for origin in [
        "https://evil.example".to_owned(),
        "null".to_owned(),
        format!("https://127.0.0.1:{port}"),
        format!("http://127.0.0.1:{}", port ^ 1),
        format!("http://127.0.0.1:{port}.evil.example"),
    ] {
        refused(&site.bridge.login().header("Origin", &origin), 403);
    }
    assert_eq!(site.sshd.connections(), 0);
}

#[test]
fn the_pages_own_origin_and_an_allowed_one_are_let_in() {
    let allow = r#"allowed_origins = ["https://files.example"]"#;
    let site = Site::with(Sshd::start(), |config| config.listen(allow));
    for origin in [format!("http://127.0.0.1:{}", site.bridge.port), "https://files.example".to_owned()] {
        Session::start(site.bridge.login().header("Origin", &origin).open()).is_alive();
    }
}

#[test]
fn an_unknown_upstream_or_route_is_404() {
    let site = Site::start();
    let (user, password) = (&site.bridge.user.name, &site.bridge.user.password);
    for path in ["/sftp/nowhere", "/sftp/main/more", "/nothing/here"] {
        refused(&Request::upgrade(site.bridge.port, path).basic(user, password), 404);
    }
    assert_eq!(site.sshd.connections(), 0);
}

#[test]
fn one_session_too_many_for_a_user_is_429_until_one_has_ended() {
    one_too_many("sessions_per_user = 1", 429);
}

#[test]
fn one_session_too_many_for_an_address_is_429_until_one_has_ended() {
    one_too_many("sessions_per_address = 1", 429);
}

#[test]
fn a_full_bridge_is_503_until_a_session_has_ended() {
    one_too_many("sessions = 1", 503);
}

#[track_caller]
fn one_too_many(limit: &str, status: u16) {
    let site = Site::with(Sshd::start(), |config| config.limit(limit));
    let mut first = site.session();
    refused(&site.bridge.login(), status);
    first.is_alive();
    first.ws.send_close(1000);
    drop(first);
    let next = wait_for("room for another session", SOON, || {
        let answer = site.bridge.login().send();
        (answer.status == 101).then(|| answer.upgraded())
    });
    Session::start(next).is_alive();
}

#[test]
fn a_draining_bridge_is_503_while_its_sessions_run_on() {
    let site = Site::with(Sshd::start(), |config| config.limit(r#"drain = "30s""#));
    let mut session = site.session();
    site.bridge.terminate();
    wait_until("the drain to begin", SOON, || site.bridge.get("/readyz").send().status == 503);
    refused(&site.bridge.login(), 503);
    session.is_alive();
}

#[test]
fn a_closed_port_is_502() {
    let bridge = Config::to_port(closed_port()).start();
    refused_within(&bridge.login(), 502, PROMPTLY);
}

#[test]
fn a_wrong_host_key_is_502_and_no_credential_leaves() {
    let sshd = Sshd::options().keys(HostKeys::named("other")).start();
    let trusted = HostKeys::named("main");
    let bridge = Config::to(&sshd).known_hosts(&trusted.known_hosts(sshd.port)).start();
    refused(&bridge.login(), 502);
    assert!(!sshd.log().contains(&bridge.user.name), "the user's name came as far as sshd: {}", sshd.log());
    let log = bridge.log();
    let names = |keys: &HostKeys| keys.fingerprints().iter().any(|print| log.contains(print.as_str()));
    assert!(names(&sshd.keys), "the log names the key that was found: {log}");
    assert!(names(&trusted), "the log names a key that was expected: {log}");
}

#[test]
fn a_host_that_no_one_knows_is_502_and_no_credential_leaves() {
    let sshd = Sshd::start();
    let elsewhere = sshd.keys.known_hosts(sshd.port ^ 1);
    let bridge = Config::to(&sshd).known_hosts(&elsewhere).start();
    refused(&bridge.login(), 502);
    assert!(!sshd.log().contains(&bridge.user.name), "{}", sshd.log());
}

#[test]
fn no_host_key_is_learnt_while_the_bridge_runs() {
    let sshd = Sshd::start();
    let scratch = Scratch::new();
    let elsewhere = sshd.keys.known_hosts(sshd.port ^ 1);
    let file = scratch.join("known_hosts");
    std::fs::write(&file, &elsewhere).unwrap();
    let bridge = Config::to(&sshd).known_hosts_file(&file).start();
    for _ in 0..3 {
        refused(&bridge.login(), 502);
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), elsewhere);
}

#[test]
fn an_upstream_without_the_sftp_subsystem_is_a_prompt_502() {
    let site = Site::with(Sshd::with(Subsystem::Absent), |config| config);
    refused_within(&site.bridge.login(), 502, PROMPTLY);
    assert!(site.sshd.log().contains("Accepted password"), "the login itself went well");
}

#[test]
fn an_upstream_that_is_no_ssh_server_is_502() {
    let fake = Fake::says_and_ends(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    let bridge = Config::to_port(fake.port).start();
    refused_within(&bridge.login(), 502, PROMPTLY);
    assert_eq!(fake.connections(), 1);
}

#[test]
fn what_a_server_said_in_place_of_a_banner_is_in_the_log() {
    let fake = Fake::says_and_ends(b"Exceeded MaxStartups\x1b[31m\r\n");
    let bridge = Config::to_port(fake.port).start();
    refused_within(&bridge.login(), 502, PROMPTLY);
    log_says(&bridge, "Exceeded MaxStartups");
    assert!(!bridge.log().contains("\x1b[31m"), "a server's escape sequence reaches a terminal");
}

#[test]
fn lines_before_the_banner_do_not_disturb() {
    let sshd = Sshd::start();
    let fake = Fake::says_before(b"Welcome to the gateway\r\nBe nice\r\n", sshd.port);
    let bridge = Config::to_port(fake.port).known_hosts(&sshd.keys.known_hosts(fake.port)).start();
    Session::start(bridge.login().open()).is_alive();
}

#[test]
fn an_upstream_that_accepts_and_never_speaks_is_504() {
    let fake = Fake::black_hole();
    let bridge = Config::to_port(fake.port).upstream(r#"connect_timeout = "1s""#).start();
    refused_within(&bridge.login(), 504, PROMPTLY);
    assert_eq!(fake.connections(), 1);
}

#[test]
fn an_upstream_that_falls_silent_after_its_banner_is_504() {
    let fake = Fake::says(b"SSH-2.0-OpenSSH_9.2\r\n");
    let timeouts = "connect_timeout = \"1s\"\nlogin_timeout = \"1s\"";
    let bridge = Config::to_port(fake.port).upstream(timeouts).start();
    refused_within(&bridge.login(), 504, PROMPTLY);
}

#[test]
fn an_sshd_that_dies_during_the_login_is_502_and_no_wrong_password() {
    let site = Site::with(Sshd::slow().start(), |config| config);
    // PAM takes about two seconds to say no.
    let waiting = site.bridge.anonymous().basic(&site.bridge.user.name, "wrong");
    let answer = std::thread::spawn(move || waiting.send().status);
    wait_until("the login to begin", SOON, || site.sshd.connections() == 1);
    std::thread::sleep(Duration::from_millis(500));
    site.sshd.kill_sessions();
    assert_eq!(answer.join().unwrap(), 502);
}
