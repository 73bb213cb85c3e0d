//! What a session owes when it ends: sftp-server exits on EOF with requests still queued, so a bridge that passes the end on
//! too early loses the last writes. What concerns endings runs many times.

use std::io::Read;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::Site;
use crate::support::files::random_bytes;
use crate::support::process::signal_process;
use crate::support::session::Session;
use crate::support::sftp;
use crate::support::sshd::Sshd;
use crate::support::wait::{SOON, poll, wait_until};
use crate::support::ws::{self, BINARY};

const RUNS: usize = 100;
const WRITES: u32 = 64;
/// sftp-server reads 16 KiB at a time and answers one request between two reads: small WRITEs queue up in front of the EOF,
/// large ones fill the window on the way to it.
const BLOCKS: [usize; 3] = [300, 4 << 10, 32 << 10];

/// Sends all WRITEs in one breath, then `end`s; whole files upstream, every time, are what counts.
#[track_caller]
fn no_byte_is_lost(end: impl Fn(&mut Session)) {
    let site = Site::start();
    let pool = random_bytes((WRITES as usize * BLOCKS[2] + RUNS) as u64);
    for (run, block) in (0..RUNS).zip(BLOCKS.into_iter().cycle()) {
        let data = &pool[run..run + WRITES as usize * block];
        let path = site.sshd.remote(&format!("run-{run}"));
        let mut session = site.session();
        let handle = session.create(&path);
        let mut burst = Vec::new();
        for (number, bytes) in (0..WRITES).zip(data.chunks(block)) {
            let packet = sftp::write(1000 + number, &handle, u64::from(number) * block as u64, bytes);
            burst.extend(ws::frame(true, BINARY, &packet));
        }
        session.ws.send_raw(&burst);
        end(&mut session);
        // A reset would throw away what the bridge has not read yet: the socket stays open for reading until the end.
        let mut socket = session.ws.socket();
        socket.set_read_timeout(Some(SOON)).unwrap();
        let _ = socket.read_to_end(&mut Vec::new());
        let whole = poll(SOON, || (std::fs::read(&path).unwrap() == data).then_some(()));
        let length = std::fs::metadata(&path).unwrap().len();
        assert!(whole.is_some(), "run {run}: {length} of {} bytes", data.len());
        std::fs::remove_file(&path).unwrap();
    }
    site.sshd.wait_idle();
    // The last line may come after the end of TCP, and of sshd.
    wait_until("a line of the log for each end", SOON, || site.bridge.session_ends().len() >= RUNS);
    assert_eq!(site.bridge.session_ends().len(), RUNS);
}

#[test]
fn sixty_four_writes_then_close_lose_no_byte() {
    no_byte_is_lost(|session| session.ws.send_close(1000));
}

#[test]
fn sixty_four_writes_then_the_end_of_tcp_lose_no_byte() {
    no_byte_is_lost(|session| session.ws.shut());
}

#[test]
fn a_close_waits_for_answers_no_longer_than_the_linger() {
    let site = Site::with(Sshd::start(), |config| config.limit(r#"linger = "1s""#));
    let mut session = site.session();
    let server = site.sshd.sftp_server();
    signal_process(server, Signal::STOP);
    session.ws.send(&sftp::with_name(sftp::REALPATH, 60, "."));
    session.ws.send_close(1000);
    let start = Instant::now();
    site.bridge.session_end();
    let waited = start.elapsed();
    assert!(waited >= Duration::from_millis(900), "ended after {waited:?} with an answer owed");
    assert!(waited < Duration::from_secs(5), "ended after {waited:?} only");
    signal_process(server, Signal::KILL);
    site.sshd.wait_idle();
}

#[test]
fn a_client_that_vanishes_takes_its_upstream_connection_along() {
    let site = Site::start();
    for _ in 0..5 {
        let mut session = site.session();
        session.is_alive();
        drop(session);
    }
    wait_until("five ends in the log", SOON, || site.bridge.session_ends().len() == 5);
    site.sshd.wait_idle();
}

#[test]
fn writes_and_a_close_from_a_client_that_hangs_up_unread_lose_no_byte() {
    const BLOCK: usize = 1 << 10;
    const MANY: u32 = 256;
    let site = Site::start();
    let mut short = Vec::new();
    for run in 0..20 {
        let data = random_bytes((MANY as usize * BLOCK) as u64);
        let path = site.sshd.remote(&format!("run-{run}"));
        let mut session = site.session();
        let handle = session.create(&path);
        let mut burst = Vec::new();
        for (number, bytes) in (0..MANY).zip(data.chunks(BLOCK)) {
            let packet = sftp::write(1000 + number, &handle, u64::from(number) * BLOCK as u64, bytes);
            burst.extend(ws::frame(true, BINARY, &packet));
        }
        burst.extend(ws::frame(true, ws::CLOSE, &1000u16.to_be_bytes()));
        session.ws.send_raw(&burst);
        session.ws.wait_sent();
        // The answers meet a closed socket and are answered by a reset: what was sent before still counts.
        drop(session);
        wait_until("the session's end", SOON, || site.bridge.session_ends().len() == run + 1);
        let length = std::fs::metadata(&path).unwrap().len();
        if std::fs::read(&path).unwrap() != data {
            short.push(length);
        }
    }
    assert!(short.is_empty(), "{} of 20 files are short: {short:?}", short.len());
    for end in site.bridge.session_ends() {
        assert_eq!(end.number("close_code"), 1000, "{end:?}");
    }
}
