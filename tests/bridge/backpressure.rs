//! A side that stops reading stops the other side, and the bridge keeps next to nothing in between.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::Site;
use crate::support::files::{MIB, random_bytes};
use crate::support::process::{io_counter, signal_process};
use crate::support::session::Session;
use crate::support::sftp;
use crate::support::sshd::Sshd;
use crate::support::wait::{SOON, wait_stable};
use crate::support::ws::{self, BINARY, Heard};

const BLOCK: u64 = 32 << 10;
const QUIET: Duration = Duration::from_secs(2);
/// What a session may hold above idle, in KiB.
const ALLOWANCE: u64 = 2048;

#[track_caller]
fn assert_within_allowance(site: &Site, idle: u64) {
    let held = site.bridge.own_memory().saturating_sub(idle);
    eprintln!("held while stalled: {held} KiB above {idle} KiB");
    assert!(held <= ALLOWANCE, "{held} KiB above idle");
}

#[test]
fn an_upstream_that_stops_reading_stops_the_client_and_costs_at_most_2_mib() {
    const BLOCKS: u64 = 4096;
    // No pings: the answer to one would come between the parts of a frame that is still being written.
    let site = Site::with(Sshd::start(), |config| config.limit(r#"keepalive = "1h""#));
    let mut session = site.session();
    let path = site.sshd.remote("up");
    let handle = session.create(&path);
    session.is_alive();
    let server = site.sshd.sftp_server();
    let idle = site.bridge.own_memory();
    signal_process(server, Signal::STOP);

    let sent = Arc::new(AtomicU64::new(0));
    let data = random_bytes(BLOCK);
    let (mut socket, counter, block) = (session.ws.socket(), sent.clone(), data.clone());
    let writer = thread::spawn(move || {
        for number in 0..BLOCKS {
            let packet = sftp::write(1000 + number as u32, &handle, number * BLOCK, &block);
            socket.write_all(&ws::frame(true, BINARY, &packet)).unwrap();
            counter.store(number + 1, Ordering::SeqCst);
        }
    });
    let taken = wait_stable("the client to be stopped", QUIET, SOON * 2, || sent.load(Ordering::SeqCst));
    eprintln!("taken before the stop: {} MiB", taken * BLOCK / MIB);
    assert!(taken < BLOCKS, "nothing stopped the client");
    assert_within_allowance(&site, idle);

    // And then everything goes on as if nothing had been.
    signal_process(server, Signal::CONT);
    for _ in 0..BLOCKS {
        assert_eq!(session.response().status(), sftp::OK);
    }
    writer.join().unwrap();
    let file = std::fs::read(&path).unwrap();
    assert_eq!(file.len() as u64, BLOCKS * BLOCK);
    assert!(file.chunks(BLOCK as usize).all(|chunk| chunk == data));
}

#[test]
fn a_client_that_stops_reading_stops_the_upstream_and_costs_at_most_2_mib() {
    const READS: u32 = 512;
    const LENGTH: u32 = 255 << 10;
    let site = Site::start();
    let mut session = site.session();
    let path = site.sshd.remote("down");
    std::fs::write(&path, random_bytes(LENGTH.into())).unwrap();
    let handle = session.open(&path, sftp::READ_FLAG);
    session.is_alive();
    let server = site.sshd.sftp_server();
    let idle = site.bridge.own_memory();
    let before = io_counter(server, "wchar");

    for number in 0..READS {
        session.ws.send(&sftp::read(1000 + number, &handle, 0, LENGTH));
    }
    let written = wait_stable("the upstream to be stopped", QUIET, SOON * 2, || io_counter(server, "wchar"));
    eprintln!("sent before the stop: {} MiB", (written - before) / MIB);
    assert!(written - before < u64::from(READS * LENGTH), "nothing stopped the upstream");
    assert_within_allowance(&site, idle);

    let expected = std::fs::read(&path).unwrap();
    for number in 0..READS {
        let response = session.response();
        assert_eq!((response.kind, response.id), (sftp::DATA, 1000 + number));
        assert!(response.string() == expected);
    }
    session.is_alive();
}

#[test]
fn clients_that_pause_for_many_upstream_keepalives_go_on_where_they_were() {
    const READS: u32 = 128;
    const LENGTH: u32 = 255 << 10;
    let site = Site::with(Sshd::start(), |config| config.upstream(r#"keepalive = "1s""#));
    let path = site.sshd.remote("down");
    std::fs::write(&path, random_bytes(LENGTH.into())).unwrap();
    let mut sessions: Vec<Session> = (0..8).map(|_| site.session()).collect();
    for session in &mut sessions {
        let handle = session.open(&path, sftp::READ_FLAG);
        for number in 0..READS {
            session.ws.send(&sftp::read(1000 + number, &handle, 0, LENGTH));
        }
    }
    thread::sleep(Duration::from_secs(8));
    for session in &mut sessions {
        for number in 0..READS {
            assert_eq!(session.response().id, 1000 + number);
        }
    }
}

#[test]
fn pings_are_answered_within_5_seconds_while_an_upload_is_blocked_for_30() {
    let site = Site::start();
    let mut session = site.session();
    let handle = session.create(&site.sshd.remote("up"));
    let server = site.sshd.sftp_server();
    signal_process(server, Signal::STOP);
    // Somewhat more than the window of the upstream.
    for number in 0..80 {
        session.ws.send(&sftp::write(100 + number, &handle, 0, &vec![0; BLOCK as usize]));
    }
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(30) {
        session.ws.send_frame(true, ws::PING, b"there?");
        let heard = session.ws.hear_within(Duration::from_secs(5));
        assert_eq!(heard, Some(Heard::Pong(b"there?".to_vec())), "after {:?}", start.elapsed());
        thread::sleep(Duration::from_secs(3));
    }
    signal_process(server, Signal::CONT);
    for number in 0..80 {
        let response = session.response();
        assert_eq!((response.id, response.status()), (100 + number, sftp::OK));
    }
}
