//! The PROXY protocol: by hand, and from HAProxy.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::Site;
use crate::support::bridge::Config;
use crate::support::certificates::{self, text};
use crate::support::fake::closed_port;
use crate::support::files::Scratch;
use crate::support::http::Request;
use crate::support::identity::{HEADER, Minting};
use crate::support::process::{Running, tool};
use crate::support::session::Session;
use crate::support::sshd::Sshd;
use crate::support::wait::{SOON, wait_until};

/// The balancer of these tests calls from 127.0.0.3.
const BALANCER: u8 = 3;
const LISTED: &str = "proxy_protocol_from = [\"127.0.0.3/32\"]";

/// A header may take three seconds; this is for a busy machine.
const DEADLINE: Duration = Duration::from_secs(9);

fn version_1(client: &str, port: u16) -> Vec<u8> {
    format!("PROXY TCP4 {client} 198.51.100.1 {port} 443\r\n").into_bytes()
}

fn version_2(client: [u8; 4], port: u16) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".to_vec();
    header.extend(client);
    header.extend([198, 51, 100, 1]);
    header.extend(port.to_be_bytes());
    header.extend(443u16.to_be_bytes());
    header
}

/// Of version 2, from a balancer that connects for itself.
const LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

fn site(configure: impl FnOnce(Config) -> Config) -> Site {
    Site::with(Sshd::start(), |config| configure(config.listen(LISTED)))
}

fn balanced(site: &Site, header: &[u8]) -> Request {
    site.bridge.login().source(BALANCER).after(header)
}

/// What is answered before the end.
fn answer(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn the_client_that_a_balancer_names_is_the_peer_of_the_session() {
    let site = site(|config| config);
    for (count, (header, peer)) in [
        (version_1("192.0.2.1", 4000), "192.0.2.1:4000"),
        (version_2([192, 0, 2, 2], 4001), "192.0.2.2:4001"),
        (b"PROXY TCP6 2001:db8::1 2001:db8::2 4002 443\r\n".to_vec(), "[2001:db8::1]:4002"),
        // For whom it connects here is not known: as far as anybody can tell, for itself.
        (LOCAL.to_vec(), "127.0.0.3:"),
        (b"PROXY UNKNOWN\r\n".to_vec(), "127.0.0.3:"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut session = Session::start(balanced(&site, &header).open());
        session.is_alive();
        session.ws.send_close(1000);
        wait_until("the session's end", SOON, || site.bridge.session_ends().len() > count);
        let found = site.bridge.session_ends();
        assert!(found[count].get("peer").starts_with(peer), "{peer}: {:?}", found[count]);
    }
}

#[test]
fn the_limits_per_address_count_the_clients_and_not_the_balancer() {
    let site = site(|config| config.limit("sessions_per_address = 1"));
    let _first = balanced(&site, &version_1("192.0.2.1", 4000)).open();
    assert_eq!(balanced(&site, &version_2([192, 0, 2, 1], 4001)).send().status, 429);
    let _second = balanced(&site, &version_1("192.0.2.2", 4000)).open();
    let _third = balanced(&site, LOCAL).open();
    assert_eq!(balanced(&site, b"PROXY UNKNOWN\r\n").send().status, 429, "the balancer is one address");
}

#[test]
fn a_listed_balancer_that_sends_no_header_is_hung_up_on_with_one_line_in_the_log() {
    let site = site(|config| config);
    for start in [
        &b""[..],
        b"PROXY TCP9 ",
        b"\r\n\r\n\0\r\nQUIT\n\xff\xff\0\0",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff",
    ] {
        for _ in 0..5 {
            assert_eq!(answer(balanced(&site, start).send_only()), "", "{start:?}");
        }
    }
    let log = site.bridge.log();
    assert_eq!(log.matches("no header of the PROXY protocol").count(), 1, "{log}");
    assert_eq!(site.sshd.connections(), 0);
}

#[test]
fn from_anybody_else_a_header_is_no_http() {
    let site = site(|config| config);
    for header in [version_1("127.0.0.3", 4000), version_2([127, 0, 0, 3], 4000)] {
        let said = answer(site.bridge.login().after(&header).send_only());
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 400"), "{said}");
    }
    assert_eq!(site.sshd.connections(), 0);
    Session::start(site.socket()).is_alive();
}

#[test]
fn forwarding_headers_count_by_the_address_that_the_balancer_names() {
    let site = site(|config| config.listen("trusted_proxies = [\"127.0.0.3\", \"10.0.0.0/8\"]"));
    let peer_of = |header: &[u8]| {
        let before = site.bridge.session_ends().len();
        drop(balanced(&site, header).header("X-Forwarded-For", "192.0.2.9").open());
        wait_until("the session's end", SOON, || site.bridge.session_ends().len() > before);
        site.bridge.session_ends().pop().unwrap().get("peer").to_owned()
    };
    assert_eq!(peer_of(&version_1("10.0.0.7", 4000)), "192.0.2.9", "a listed proxy behind the balancer");
    assert_eq!(peer_of(&version_1("192.0.2.1", 4000)), "192.0.2.1:4000");
    // The balancer is listed too, but looks into no request: these are words of whoever is behind it.
    assert!(peer_of(LOCAL).starts_with("127.0.0.3:"));
    assert!(peer_of(b"PROXY UNKNOWN\r\n").starts_with("127.0.0.3:"));
}

#[test]
fn behind_a_balancer_nobody_becomes_somebody_by_a_header() {
    let section = format!(
        "[identity.trusted_header]\nname = {HEADER:?}\nfrom = [\"127.0.0.{BALANCER}/32\", \"10.0.0.0/8\"]"
    );
    let site = Minting::with("ed25519", |config| config.listen(LISTED).section(&section));
    let by = |header: &[u8]| {
        let request = site.bridge.anonymous().source(BALANCER).after(header);
        request.header(HEADER, &site.user.name).send().status
    };
    for header in
        [&version_1("192.0.2.1", 4000)[..], &version_2([192, 0, 2, 1], 4000), LOCAL, b"PROXY UNKNOWN\r\n"]
    {
        assert_eq!(by(header), 401, "{header:?}");
    }
    assert_eq!(site.sshd.connections(), 0);
    assert_eq!(by(&version_1("10.0.0.7", 4000)), 101, "a listed proxy behind the balancer");
}

#[test]
fn a_header_that_does_not_come_is_given_three_seconds_and_delays_nobody() {
    let site = site(|config| config);
    let start = Instant::now();
    let stalled: Vec<TcpStream> = (0..100)
        .map(|number| {
            let halves = [&b""[..], b"PROXY TCP4 192.0", b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0"];
            let mut stream = Request::get(site.bridge.port, "/").source(BALANCER).connect();
            stream.write_all(halves[number % halves.len()]).unwrap();
            stream
        })
        .collect();
    Session::start(balanced(&site, &version_1("192.0.2.1", 4000)).open()).is_alive();
    // One after the other they would take five minutes.
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    for stream in stalled {
        assert_eq!(answer(stream), "");
        assert!(start.elapsed() < DEADLINE, "{:?}", start.elapsed());
    }
    assert!(start.elapsed() >= Duration::from_secs(2), "closed after {:?} already", start.elapsed());
}

/// HAProxy passing on connections, whatever is in them.
struct Haproxy {
    _process: Running,
    port: u16,
    _scratch: Scratch,
}

impl Haproxy {
    fn before(bridge_port: u16, option: &str) -> Haproxy {
        let (scratch, port) = (Scratch::new(), closed_port());
        let file = scratch.join("haproxy.cfg");
        let lines = format!(
            "defaults\n mode tcp\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n\
             listen in\n bind 127.0.0.1:{port}\n\
             server bridge 127.0.0.1:{bridge_port} source 127.0.0.{BALANCER} {option}\n"
        );
        fs::write(&file, lines).unwrap();
        let process = Running::spawn(Command::new(tool("haproxy")).args(["-db", "-f", text(&file)]));
        let haproxy = Haproxy { _process: process, port, _scratch: scratch };
        wait_until("HAProxy to pass on", SOON, || TcpStream::connect(("127.0.0.1", port)).is_ok());
        haproxy
    }
}

#[test]
fn haproxy_names_its_clients_by_either_version() {
    for option in ["send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c,unique-id"] {
        let site = site(|config| config);
        let haproxy = Haproxy::before(site.bridge.port, option);
        let (user, password) = (&site.bridge.user.name, &site.bridge.user.password);
        let request = Request::upgrade(haproxy.port, "/sftp").source(7).basic(user, password);
        let mut session = Session::start(request.open());
        session.is_alive();
        session.ws.send_close(1000);
        let end = site.bridge.session_end();
        assert!(end.get("peer").starts_with("127.0.0.7:"), "{option}: {end:?}");
    }
}

#[test]
fn the_header_comes_before_tls() {
    let scratch = Scratch::new();
    let (authority, leaf) = (scratch.join("authority.pem"), scratch.join("bridge.pem"));
    certificates::authority(&authority);
    certificates::signed(&leaf, &authority, "bridge", "IP:127.0.0.1");
    let line = format!("tls = {{ certificate = {leaf:?}, key = {:?} }}", leaf.with_extension("key"));
    let site = site(|config| config.listen(&line));
    let haproxy = Haproxy::before(site.bridge.port, "send-proxy-v2");
    let mut openssl = Command::new(tool("openssl"));
    openssl.args(["s_client", "-quiet", "-verify_return_error", "-CAfile", text(&authority)]);
    openssl.args(["-connect", &format!("127.0.0.1:{}", haproxy.port), "-bind", "127.0.0.7:0"]);
    let mut client = Running::spawn(&mut openssl);
    client.stdin().write_all(site.bridge.login().text().as_bytes()).unwrap();
    client.line("the 101", |line| line.starts_with("HTTP/1.1 101").then_some(()));
    drop(client);
    let end = site.bridge.session_end();
    assert!(end.get("peer").starts_with("127.0.0.7:"), "{end:?}");
}
