//! Thousands who connect and say nothing, or half of something: they are gone in time, and nobody else
//! notices. And one who says the same without end.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::support::Site;
use crate::support::certificates;
use crate::support::files::{MIB, Scratch, alone, random_bytes};
use crate::support::http::Request;
use crate::support::relay::Relay;
use crate::support::session::Session;
use crate::support::sftp;
use crate::support::sshd::Sshd;
use crate::support::wait::{SOON, wait_until};
use crate::support::ws::{CONTINUATION, Heard, PONG, frame};

const FLOOD: usize = 5000;

/// After this a visitor who has not finished a request is gone.
const GONE: Duration = Duration::from_secs(15);

/// What 99 of 100 requests of a session take at most meanwhile.
const PATIENCE: Duration = Duration::from_secs(1);

/// From here a header of the PROXY protocol is due.
const BALANCER: u8 = 3;

/// One of those who come to stay.
struct Visitor {
    stream: TcpStream,
    since: Instant,
    kind: &'static Kind,
}

/// How one behaves.
struct Kind {
    name: &'static str,
    source: u8,
    says: &'static [u8],
    /// Sends a byte of a header that never ends, again and again.
    drips: bool,
}

const fn kind(name: &'static str, says: &'static [u8]) -> Kind {
    Kind { name, source: 1, says, drips: false }
}

const ON_HTTP: &[Kind] = &[
    kind("silent", b""),
    kind("half a request", b"GET /sftp HTTP/1.1\r\nHost: x\r\nX-Half: "),
    Kind { drips: true, ..kind("byte by byte", b"GET /sftp HTTP/1.1\r\nX-Drip: ") },
    kind("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"),
    kind("idle after a request", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
    Kind { source: BALANCER, ..kind("no header of the PROXY protocol", b"") },
    Kind { source: BALANCER, ..kind("half a line of PROXY", b"PROXY TCP4 192.0.2.1 198.51") },
    Kind { source: BALANCER, drips: true, ..kind("PROXY byte by byte", b"PROXY UNKNOWN ") },
    Kind { source: BALANCER, ..kind("half a binary PROXY", b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0") },
    Kind { source: BALANCER, ..kind("silent after PROXY", b"PROXY TCP4 192.0.2.1 198.51.100.1 1 2\r\n") },
];

const ON_TLS: &[Kind] = &[
    kind("silent", b""),
    kind("the start of a record", b"\x16\x03\x01"),
    kind("half a ClientHello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x01\x02\x03\x04\x05\x06\x07"),
    Kind {
        drips: true,
        ..kind("a ClientHello byte by byte", b"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03")
    },
];

impl Visitor {
    fn new(port: u16, kind: &'static Kind) -> Visitor {
        let mut stream = Request::get(port, "/").source(kind.source).connect();
        stream.write_all(kind.says).unwrap();
        stream.set_nonblocking(true).unwrap();
        Visitor { stream, since: Instant::now(), kind }
    }

    /// Whether the bridge has hung up; an answer before that is fine.
    #[track_caller]
    fn is_gone(&mut self) -> bool {
        if self.kind.drips {
            let _ = self.stream.write(b"x");
        }
        let gone = loop {
            match self.stream.read(&mut [0; 1024]) {
                Ok(0) => break true,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break false,
                Err(_) => break true,
            }
        };
        assert!(
            gone || self.since.elapsed() < GONE,
            "{} is here for {:?}",
            self.kind.name,
            self.since.elapsed()
        );
        gone
    }
}

/// Both ends of each connection are files of ours or of the bridge's.
fn raise_descriptors() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
    assert!(maximum.is_none_or(|most| most > 2 * FLOOD as u64), "a hard limit of {maximum:?} open files");
}

/// All of them come at once and are seen off. `during` runs beside, until it is told to end.
fn flood(port: u16, kinds: &'static [Kind], during: impl Fn(&AtomicBool) + Sync) {
    raise_descriptors();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let beside = scope.spawn(|| during(&over));
        let _told = Told(&over);
        let mut visitors = crowd(port, kinds);
        wait_until("all of them to be gone", 2 * GONE, || {
            visitors.retain_mut(|visitor| !visitor.is_gone());
            visitors.is_empty() || beside.is_finished()
        });
    });
}

/// Who comes from several sides at once is here at once.
fn crowd(port: u16, kinds: &'static [Kind]) -> Vec<Visitor> {
    const SIDES: usize = 10;
    thread::scope(|scope| {
        let come = || kinds.iter().cycle().take(FLOOD / SIDES).map(|kind| Visitor::new(port, kind)).collect();
        let sides: Vec<_> = (0..SIDES).map(|_| scope.spawn(come)).collect();
        sides.into_iter().flat_map(|side| -> Vec<Visitor> { side.join().unwrap() }).collect()
    })
}

/// Tells those beside to end, in a panic too.
struct Told<'a>(&'a AtomicBool);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// The 99th percentile of what requests take, one after the other.
fn ninety_ninth(session: &mut Session, over: &AtomicBool) -> Duration {
    let mut took = Vec::new();
    while !over.load(Relaxed) {
        let start = Instant::now();
        session.is_alive();
        took.push(start.elapsed());
    }
    took.sort();
    eprintln!("{} requests, the longest took {:?}", took.len(), took.last());
    assert!(took.len() > 100, "only {} requests", took.len());
    took[took.len() * 99 / 100]
}

/// Writes a file, reads it back and compares, again and again. How often.
fn transfers(session: &mut Session, path: &str, over: &AtomicBool) -> usize {
    const CHUNK: usize = 32 << 10;
    let data = random_bytes(MIB);
    let mut rounds = 0;
    while !over.load(Relaxed) {
        let handle = session.create(path);
        for (number, chunk) in data.chunks(CHUNK).enumerate() {
            session.write(&handle, (number * CHUNK) as u64, chunk);
        }
        session.close(&handle);
        let handle = session.open(path, sftp::READ_FLAG);
        for (number, chunk) in data.chunks(CHUNK).enumerate() {
            assert!(session.read(&handle, (number * CHUNK) as u64, CHUNK as u32) == chunk);
        }
        session.close(&handle);
        rounds += 1;
    }
    rounds
}

/// A flood at `port`, while sessions over `good` go on as if nothing were.
fn nobody_else_notices(site: &Site, port: u16, kinds: &'static [Kind], good: u16) {
    let login = Request::upgrade(good, "/sftp").basic(&site.bridge.user.name, &site.bridge.user.password);
    drop(Session::start(login.open()));
    wait_until("the first session to be gone", SOON, || !site.sshd.has_sessions());
    let before = site.bridge.descriptors();
    let path = site.sshd.remote("file");
    flood(port, kinds, |over| {
        let (mut one, mut other) = (Session::start(login.open()), Session::start(login.open()));
        thread::scope(|scope| {
            let copies = scope.spawn(|| transfers(&mut other, &path, over));
            let latency = ninety_ninth(&mut one, over);
            assert!(latency < PATIENCE, "99 of 100 requests took up to {latency:?}");
            assert!(copies.join().unwrap() > 0, "no file was copied meanwhile");
        });
    });
    // Nor does anything stay behind.
    wait_until("the descriptors to be given back", SOON, || site.bridge.descriptors() <= before + 2);
    Session::start(login.open()).is_alive();
}

#[test]
fn five_thousand_who_finish_no_request_are_gone_in_fifteen_seconds_and_nobody_else_notices() {
    let _alone = alone();
    let listed = format!("proxy_protocol_from = [\"127.0.0.{BALANCER}/32\"]");
    let site = Site::with(Sshd::start(), |config| config.listen(&listed));
    nobody_else_notices(&site, site.bridge.port, ON_HTTP, site.bridge.port);
}

/// A bridge with TLS, and a port from which plain HTTP gets there.
fn tls() -> (Site, Relay, Scratch) {
    let scratch = Scratch::new();
    let (authority, leaf) = (scratch.join("authority.pem"), scratch.join("bridge.pem"));
    certificates::authority(&authority);
    certificates::signed(&leaf, &authority, "bridge", "IP:127.0.0.1");
    let line = format!("tls = {{ certificate = {leaf:?}, key = {:?} }}", leaf.with_extension("key"));
    let site = Site::with(Sshd::start(), |config| config.listen(&line));
    let relay = Relay::to_tls(site.bridge.port);
    (site, relay, scratch)
}

#[test]
fn five_thousand_who_finish_no_tls_handshake_are_gone_in_fifteen_seconds_and_nobody_else_notices() {
    let _alone = alone();
    let (site, relay, _scratch) = tls();
    nobody_else_notices(&site, site.bridge.port, ON_TLS, relay.port);
}

#[test]
fn a_request_that_comes_byte_by_byte_is_closed_at_ten_seconds() {
    let site = Site::start();
    let drip = ON_HTTP.iter().find(|kind| kind.drips).unwrap();
    let mut visitor = Visitor::new(site.bridge.port, drip);
    wait_until("the end of it", GONE, || visitor.is_gone());
    let stayed = visitor.since.elapsed();
    assert!(stayed > Duration::from_secs(8) && stayed < GONE, "{stayed:?}");
}

#[test]
fn a_message_in_too_many_frames_is_closed_over_tls_too() {
    let (site, relay, _scratch) = tls();
    let (user, password) = (&site.bridge.user.name, &site.bridge.user.password);
    let login = Request::upgrade(relay.port, "/sftp").basic(user, password);
    let mut session = Session::start(login.open());
    session.ws.send_frame(false, crate::support::ws::BINARY, b"");
    let empty = frame(false, CONTINUATION, b"");
    session.ws.send_raw(&empty.repeat(2000));
    let heard = session.ws.hear();
    assert!(matches!(heard, Heard::Close(Some(1007..=1009), _)), "{heard:?}");
}

#[test]
fn one_client_that_floods_pongs_does_not_hold_up_the_others() {
    let _alone = alone();
    let site = Site::start();
    // One of the two shares a worker with the flood.
    let mut others = [site.session(), site.session()];
    let mut answers_within = |time: Duration| {
        let start = Instant::now();
        let mut answers = 0;
        while start.elapsed() < time {
            others.iter_mut().for_each(Session::is_alive);
            answers += 1;
        }
        answers
    };
    let quiet = answers_within(Duration::from_secs(2));
    let mut socket = site.session().ws.socket();
    let start = Instant::now();
    let writer = thread::spawn(move || {
        let pongs = frame(true, PONG, b"").repeat(100_000);
        while start.elapsed() < Duration::from_secs(5) && socket.write_all(&pongs).is_ok() {}
    });
    let beside = answers_within(Duration::from_secs(4));
    writer.join().unwrap();
    eprintln!("rounds of answers: {quiet} in two quiet seconds, {beside} in four beside the flood");
    // A flood that never lets go leaves one in fifty.
    assert!(beside * 20 > quiet * 2, "{quiet} in two quiet seconds, {beside} in four beside the flood");
}
