//! The listener for those who operate the bridge.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::{Duration, Instant};

use super::site;
use crate::support::Site;
use crate::support::bridge::binary;
use crate::support::files::Scratch;
use crate::support::http::Request;
use crate::support::process::{Running, Said, run};
use crate::support::sshd::Sshd;
use crate::support::wait::{SOON, wait_until};

const QUICK: Duration = Duration::from_secs(20);

#[test]
fn metrics_are_at_the_admin_listener_and_at_no_other() {
    let site = site();
    let answer = site.bridge.admin("/metrics").send();
    assert_eq!(answer.header("Content-Type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert!(answer.body().contains("# TYPE sftpbridge_sessions gauge\n"));
    assert_eq!(site.bridge.get("/metrics").send().status, 404);
    for (path, status, body) in [("/healthz", 200, "ok\n"), ("/readyz", 200, "ready\n")] {
        let answer = site.bridge.admin(path).send();
        assert_eq!((answer.status, answer.body().as_str()), (status, body));
    }
    for path in ["/", "/sftp", "/api/info", "/metrics/", "/debug"] {
        assert_eq!(site.bridge.admin(path).send().status, 404, "{path}");
    }
}

#[test]
fn what_was_never_read_again_is_counted_as_0() {
    let text = site().bridge.admin("/metrics").send().body();
    for what in ["config", "tls", "acme", "known_hosts", "credentials", "users", "jwks"] {
        for outcome in ["reloaded", "not_reloaded"] {
            let line = format!("sftpbridge_reloads_total{{what=\"{what}\",outcome=\"{outcome}\"}} 0\n");
            assert!(text.contains(&line), "{line}");
        }
    }
}

#[test]
fn nothing_but_reading_is_allowed() {
    let site = site();
    let port = site.bridge.admin_port.unwrap();
    assert_eq!(Request::post(port, "/metrics", "a=b").send().status, 405);
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(b"HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 200") && text.ends_with("\r\n\r\n"), "{text}");
}

#[test]
fn while_draining_it_goes_on_and_is_not_ready() {
    let mut site = Site::with(Sshd::start(), |config| config.admin().limit("drain = \"60s\""));
    let mut session = site.session();
    site.bridge.terminate();
    wait_until("readyz to say so", SOON, || site.bridge.admin("/readyz").send().status == 503);
    assert_eq!(site.bridge.admin("/healthz").send().status, 200);
    site.bridge.wait_metric("sessions", &[], 1.0);
    assert_eq!(site.bridge.login().send().status, 503);
    site.bridge.wait_metric("refusals_total", &[("reason", "draining")], 1.0);
    session.is_alive();
    session.ws.send_close(1000);
    assert!(site.bridge.wait_exit(QUICK).success());
}

/// How long the other side takes to end the connection.
fn ended_after(mut stream: TcpStream, start: Instant) -> Duration {
    stream.set_read_timeout(Some(QUICK)).unwrap();
    let _ = stream.read_to_end(&mut Vec::new());
    start.elapsed()
}

#[test]
fn silent_and_slow_clients_are_gone_in_ten_seconds_and_nobody_waits_for_them() {
    let site = site();
    let port = site.bridge.admin_port.unwrap();
    let start = Instant::now();
    let connect = || TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut slow = connect();
    let silent: Vec<TcpStream> = (0..30).map(|_| connect()).collect();
    slow.write_all(b"GET /metrics HTTP/1.1\r\nHost:").unwrap();
    assert_eq!(site.bridge.admin("/healthz").send().status, 200);
    let mut session = site.session();
    session.is_alive();
    for stream in silent.into_iter().chain([slow]) {
        let after = ended_after(stream, start);
        assert!(after > Duration::from_secs(5) && after < Duration::from_secs(16), "{after:?}");
    }
}

#[test]
fn when_all_places_are_taken_sessions_go_on_and_the_next_scrape_waits() {
    let site = site();
    let port = site.bridge.admin_port.unwrap();
    let start = Instant::now();
    let taken: Vec<TcpStream> = (0..80).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
    let mut session = site.session();
    session.is_alive();
    assert_eq!(site.bridge.admin("/metrics").send().status, 200);
    assert!(start.elapsed() > Duration::from_secs(5), "64 at a time, not more");
    drop(taken);
}

fn serve(scratch: &Scratch, admin: &str) -> Command {
    let pin = "SHA256:Nh0Me49Zh9fDw/VYUfq43IJmI1T+XrjiYONPND8GzaM";
    let file = scratch.join("proxy.toml");
    let text = format!(
        "[listen]\naddress = \"127.0.0.1:0\"\n[admin]\naddress = {admin:?}\n\
         [upstreams.main]\naddress = \"127.0.0.1:22\"\nhost_keys = [{pin:?}]\n"
    );
    fs::write(&file, text).unwrap();
    let mut serve = Command::new(binary());
    serve.arg("serve").arg("--config").arg(file).env_remove("RUST_LOG");
    serve
}

#[test]
fn a_busy_admin_address_stops_the_start_and_is_named() {
    let scratch = Scratch::new();
    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = busy.local_addr().unwrap().to_string();
    let Said { status, stderr, stdout } = run(&mut serve(&scratch, &address), b"", QUICK);
    assert_eq!((status.code(), stderr.lines().count(), stdout.as_str()), (Some(1), 1, ""), "{stderr}");
    assert!(stderr.contains("admin.address") && stderr.contains(&address), "{stderr}");
}

#[test]
fn without_an_address_there_is_no_listener_and_no_line() {
    let scratch = Scratch::new();
    let mut process = Running::spawn(&mut serve(&scratch, ""));
    process.line("the first line", |line| line.starts_with("listening on http://").then_some(()));
    process.signal(rustix::process::Signal::TERM);
    let said = process.wait(QUICK);
    assert_eq!(said.stdout.lines().count(), 1, "{}", said.stdout);
}

#[test]
fn an_address_that_others_can_reach_is_worth_a_warning() {
    let scratch = Scratch::new();
    for (address, warned) in [("0.0.0.0:0", true), ("127.0.0.1:0", false)] {
        let mut process = Running::spawn(&mut serve(&scratch, address));
        process.line("the second line", |line| line.starts_with("metrics on http://").then_some(()));
        process.signal(rustix::process::Signal::TERM);
        let said = process.wait(QUICK);
        assert_eq!(said.stderr.contains("admin.address"), warned, "{}", said.stderr);
    }
}

#[test]
fn a_unix_socket_serves_and_is_removed_and_one_that_was_left_is_taken() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    let socket = scratch.join("admin.sock");
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let mut process = Running::spawn(&mut serve(&scratch, &format!("unix:{}", socket.display())));
    process.line("the second line", |line| line.starts_with("metrics on unix:").then_some(()));
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o660);
    let mut stream = UnixStream::connect(&socket).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(text.contains("sftpbridge_build_info"), "{text}");
    let said = run(&mut serve(&scratch, &format!("unix:{}", socket.display())), b"", QUICK);
    assert_eq!(said.status.code(), Some(1), "one that is in use is not taken: {}", said.stderr);
    process.signal(rustix::process::Signal::TERM);
    process.wait(QUICK);
    assert!(!socket.exists());
}
