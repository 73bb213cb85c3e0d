//! The HTTP surface beside the socket, and how the listener treats those who do not speak.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::Site;
use crate::support::http::Request;
use crate::support::session::Session;
use crate::support::sshd::Sshd;
use crate::support::wait::{SOON, wait_until};

#[test]
fn health_is_200() {
    let site = Site::start();
    for path in ["/healthz", "/readyz"] {
        assert_eq!(site.bridge.get(path).send().status, 200, "{path}");
    }
    assert_eq!(site.sshd.connections(), 0, "health does not ask the upstream");
}

#[test]
fn readiness_is_503_while_draining_and_health_stays_200() {
    let site = Site::with(Sshd::start(), |config| config.limit(r#"drain = "30s""#));
    let mut session = site.session();
    site.bridge.terminate();
    wait_until("readyz to say 503", SOON, || site.bridge.get("/readyz").send().status == 503);
    assert_eq!(site.bridge.get("/healthz").send().status, 200);
    session.is_alive();
}

#[test]
fn info_names_upstreams_and_keeps_addresses_to_itself() {
    let site = Site::with(Sshd::start(), |config| config.upstream(r#"title = "The archive""#));
    let answer = site.bridge.get("/api/info").send();
    assert_eq!(answer.status, 200);
    assert!(answer.header("Content-Type").unwrap().starts_with("application/json"));
    let body = answer.body();
    let info: Value = serde_json::from_str(&body).unwrap();
    let upstreams = info["upstreams"].as_array().unwrap();
    assert_eq!(upstreams.len(), 1);
    assert_eq!((&upstreams[0]["name"], &upstreams[0]["title"]), (&"main".into(), &"The archive".into()));
    assert!(info["title"].is_string() && info["limits"].is_object(), "{body}");
    let inner = [site.sshd.port.to_string(), "127.0.0.1".to_owned(), "known_hosts".to_owned()];
    assert!(inner.iter().all(|word| !body.contains(word.as_str())), "{body}");
}

#[test]
fn everything_moves_under_the_base_path() {
    let site = Site::with(Sshd::start(), |config| config.listen(r#"base_path = "/files""#));
    let (user, password) = (&site.bridge.user.name, &site.bridge.user.password);
    assert_eq!(site.bridge.get("/files/healthz").send().status, 200);
    assert_eq!(site.bridge.get("/files/api/info").send().status, 200);
    assert_eq!(site.bridge.login().send().status, 404);
    let moved = Request::upgrade(site.bridge.port, "/files/sftp").basic(user, password);
    Session::start(moved.open()).is_alive();
}

#[test]
fn a_header_over_sixteen_kibibytes_is_431() {
    let site = Site::start();
    let long = "x".repeat(20 << 10);
    assert_eq!(site.bridge.get("/healthz").header("X-Long", &long).send().status, 431);
}

#[test]
fn silence_half_a_header_and_a_bare_preface_of_http_2_are_closed_within_ten_seconds() {
    let site = Site::start();
    let silent = site.bridge.tcp();
    let mut half = site.bridge.tcp();
    half.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n").unwrap();
    let mut http2 = site.bridge.tcp();
    http2.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    let start = Instant::now();
    for stream in [silent, half, http2] {
        assert_ends(stream, Duration::from_secs(12).saturating_sub(start.elapsed()));
    }
}

#[track_caller]
fn assert_ends(mut stream: TcpStream, limit: Duration) {
    stream.set_read_timeout(Some(limit.max(Duration::from_millis(1)))).unwrap();
    // An answer (408, 400) before the end is fine.
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) => {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "not closed within {limit:?}")
        }
    }
}
