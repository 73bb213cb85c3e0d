//! Every end after the upgrade: its close code, its reason, and that TCP closes behind it.

use std::io::Read as _;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::Site;
use crate::support::bridge::Config;
use crate::support::fake::Fake;
use crate::support::files::random_bytes;
use crate::support::process::signal_process;
use crate::support::session::Session;
use crate::support::sftp;
use crate::support::sshd::{Sshd, Subsystem};
use crate::support::wait::{SOON, wait_until};
use crate::support::ws::{self, BINARY, Heard, TEXT, Ws};

const ECHO: Duration = Duration::from_secs(2);

/// Reads to the close frame, which must carry `code`; echoes it; TCP must end then. The reason comes back.
#[track_caller]
fn assert_closes(ws: &mut Ws, code: u16) -> String {
    let reason = closing(ws, code);
    ws.send_close(code);
    assert_eq!(ws.hear_within(ECHO), Some(Heard::End), "TCP ends after the echo");
    reason
}

#[track_caller]
fn closing(ws: &mut Ws, code: u16) -> String {
    loop {
        match ws.hear() {
            Heard::Close(found, reason) => {
                assert_eq!(found, Some(code), "{reason}");
                return reason;
            }
            Heard::Binary(_) | Heard::Pong(_) => {}
            other => panic!("before the close frame: {other:?}"),
        }
    }
}

#[track_caller]
fn assert_logged(site: &Site, code: u64) {
    assert_eq!(site.bridge.session_end().number("close_code"), code);
}

fn hard_limit(packet: usize) -> usize {
    packet.max(1 << 20) + (64 << 10)
}

#[test]
fn a_client_that_closes_hears_1000_and_leaves_nothing_behind() {
    let site = Site::start();
    let mut session = site.session();
    session.is_alive();
    session.ws.send_close(1000);
    closing(&mut session.ws, 1000);
    assert_eq!(session.ws.hear_within(ECHO), Some(Heard::End));
    assert_logged(&site, 1000);
    site.sshd.wait_idle();
}

#[test]
fn a_close_before_init_is_1000_as_well() {
    let site = Site::start();
    let mut ws = site.socket();
    ws.send_close(1000);
    closing(&mut ws, 1000);
    assert_eq!(ws.hear_within(ECHO), Some(Heard::End));
    site.sshd.wait_idle();
}

#[test]
fn an_upstream_that_ends_with_nothing_unanswered_is_1000() {
    // sftp-server sees the end of its input after INIT, once the test says so.
    let ends = "(head -c 9; until [ -e \"$FILES/end\" ]; do sleep 0.05; done) | \"$SFTP_SERVER\"";
    let site = Site::with(Sshd::with(Subsystem::Script(ends)), |config| config);
    let mut session = site.session();
    std::fs::write(site.sshd.remote("end"), b"").unwrap();
    assert_closes(&mut session.ws, 1000);
    assert_logged(&site, 1000);
}

#[test]
fn a_drain_is_1001_and_the_bridge_leaves_with_success() {
    let mut site = Site::with(Sshd::start(), |config| config.limit(r#"drain = "1s""#));
    let mut session = site.session();
    session.is_alive();
    site.bridge.terminate();
    assert_closes(&mut session.ws, 1001);
    assert!(site.bridge.wait_exit(SOON).success());
    assert_logged(&site, 1001);
    site.sshd.wait_idle();
}

#[test]
fn a_bridge_without_sessions_leaves_at_once() {
    let mut site = Site::with(Sshd::start(), |config| config.limit(r#"drain = "30s""#));
    let start = Instant::now();
    site.bridge.terminate();
    assert!(site.bridge.wait_exit(SOON).success());
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_text_message_is_1003() {
    let site = Site::start();
    let mut session = site.session();
    session.ws.send_frame(true, TEXT, b"{\"type\":\"login\"}");
    assert_closes(&mut session.ws, 1003);
    assert_logged(&site, 1003);
}

#[test]
fn a_malformed_packet_is_1007() {
    let site = Site::start();
    let mut too_long = sftp::with_name(sftp::REALPATH, 5, ".");
    too_long.push(0);
    let mut too_short = sftp::with_name(sftp::REALPATH, 5, ".");
    too_short.pop();
    let two_in_one =
        [sftp::with_name(sftp::REALPATH, 5, "."), sftp::with_name(sftp::REALPATH, 6, ".")].concat();
    let cases: [&[u8]; 6] =
        [&too_long, &too_short, &two_in_one, &[0, 0, 0], &[0, 0, 0, 0], &[0, 0, 0, 3, sftp::STAT, 0, 0]];
    for packet in cases {
        let mut session = site.session();
        session.ws.send(packet);
        assert_closes(&mut session.ws, 1007);
    }
}

#[test]
fn a_request_before_init_is_1008_and_never_forwarded() {
    let site = Site::start();
    let mut ws = site.socket();
    ws.send(&sftp::mkdir(1, site.sshd.remote("early")));
    assert_closes(&mut ws, 1008);
    assert!(!site.sshd.files().join("early").exists());
    assert_logged(&site, 1008);
}

#[test]
fn an_idle_session_is_1008() {
    let site = Site::with(Sshd::start(), |config| config.limit(r#"idle = "1s""#));
    let start = Instant::now();
    let mut session = site.session();
    assert_closes(&mut session.ws, 1008);
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert_logged(&site, 1008);
}

#[test]
fn a_session_in_use_is_not_idle() {
    let site = Site::with(Sshd::start(), |config| config.limit(r#"idle = "1s""#));
    let mut session = site.session();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(3) {
        session.is_alive();
    }
}

#[test]
fn a_session_in_use_beyond_its_lifetime_is_1008() {
    let site = Site::with(Sshd::start(), |config| config.limit(r#"lifetime = "1s""#));
    let mut session = site.session();
    let start = Instant::now();
    loop {
        let id = session.id();
        session.ws.send(&sftp::with_name(sftp::REALPATH, id, "."));
        match session.ws.hear() {
            Heard::Binary(_) => assert!(start.elapsed() < Duration::from_secs(10), "it lives on"),
            Heard::Close(code, _) => break assert_eq!(code, Some(1008)),
            other => panic!("{other:?}"),
        }
    }
    assert!(start.elapsed() >= Duration::from_millis(900));
    assert_logged(&site, 1008);
}

#[test]
fn a_message_over_the_hard_limit_is_1009() {
    let site = Site::start();
    let mut session = site.session();
    let handle = session.create(&site.sshd.remote("huge"));
    session.ws.send(&sftp::write_of(9, &handle, hard_limit(262_148) + 1));
    assert_closes(&mut session.ws, 1009);
    assert_logged(&site, 1009);
}

#[test]
fn a_frame_that_only_claims_to_be_huge_is_1009_at_once() {
    let site = Site::start();
    let mut session = site.session();
    session.ws.send_raw(&ws::header(true, BINARY, 1 << 40));
    closing(&mut session.ws, 1009);
    assert_logged(&site, 1009);
}

#[test]
fn fragments_count_together_towards_the_hard_limit() {
    let site = Site::start();
    let mut session = site.session();
    let piece = vec![0; hard_limit(262_148) / 2 + 1];
    session.ws.send_frame(false, BINARY, &piece);
    session.ws.send_frame(true, ws::CONTINUATION, &piece);
    assert_closes(&mut session.ws, 1009);
}

#[test]
fn a_packet_over_the_limit_gets_a_status_and_the_session_lives() {
    let site = Site::start();
    let mut session = site.session();
    let handle = session.create(&site.sshd.remote("limit"));
    for total in [262_149, 1 << 20, hard_limit(262_148)] {
        let response = session.call(|id| sftp::write_of(id, &handle, total));
        assert_eq!(response.status(), sftp::FAILURE);
        assert!(!response.message().is_empty(), "the user reads why");
    }
    assert_eq!(session.call(|id| sftp::write_of(id, &handle, 262_148)).status(), sftp::OK);
    session.close(&handle);
    session.is_alive();
}

#[test]
fn a_smaller_limit_holds_as_well() {
    let site = Site::with(Sshd::start(), |config| config.limit("packet = 34000"));
    let mut session = site.session();
    let handle = session.create(&site.sshd.remote("limit"));
    assert_eq!(session.call(|id| sftp::write_of(id, &handle, 34_000)).status(), sftp::OK);
    assert_eq!(session.call(|id| sftp::write_of(id, &handle, 34_001)).status(), sftp::FAILURE);
    session.is_alive();
}

#[test]
fn an_sshd_killed_in_mid_transfer_is_1011_with_a_sentence() {
    let site = Site::start();
    let mut session = site.session();
    let handle = session.create(&site.sshd.remote("half"));
    let data = random_bytes(32 << 10);
    for number in 0..16 {
        session.ws.send(&sftp::write(100 + number, &handle, u64::from(number) << 15, &data));
    }
    site.sshd.kill_sessions();
    let reason = assert_closes(&mut session.ws, 1011);
    assert!(reason.contains(' ') && !reason.contains("127.0.0.1"), "{reason:?}");
    assert_logged(&site, 1011);
}

#[test]
fn an_sshd_killed_while_the_session_is_idle_is_1011() {
    let site = Site::start();
    let mut session = site.session();
    session.is_alive();
    site.sshd.kill_sessions();
    assert_closes(&mut session.ws, 1011);
}

#[test]
fn an_sftp_server_killed_with_requests_unanswered_is_1011() {
    let site = Site::start();
    let mut session = site.session();
    let server = site.sshd.sftp_server();
    signal_process(server, Signal::STOP);
    session.ws.send(&sftp::with_name(sftp::REALPATH, 50, "."));
    signal_process(server, Signal::KILL);
    let reason = assert_closes(&mut session.ws, 1011);
    assert!(!reason.is_empty());
    assert_logged(&site, 1011);
}

#[test]
fn shell_noise_before_version_ends_the_session_and_is_in_the_log() {
    let noisy = "echo 'Welcome to the jungle'; exec \"$SFTP_SERVER\"";
    let site = Site::with(Sshd::with(Subsystem::Script(noisy)), |config| config);
    let answer = site.bridge.login().send();
    // 502 when the noise is seen before the upgrade, 1011 when it comes after.
    if answer.status == 101 {
        let mut ws = answer.upgraded();
        ws.send(&sftp::init());
        let reason = assert_closes(&mut ws, 1011);
        assert!(!reason.is_empty() && !reason.contains("jungle"), "{reason:?}");
    } else {
        assert_eq!(answer.status, 502);
    }
    wait_until("the noise in the log", SOON, || site.bridge.log().contains("Welcome to the jungle"));
}

#[test]
fn an_upstream_that_takes_nothing_more_is_1011_once_stalled() {
    let site = Site::with(Sshd::start(), |config| config.limit(r#"stall = "1s""#));
    let mut session = site.session();
    let handle = session.create(&site.sshd.remote("stalled"));
    let server = site.sshd.sftp_server();
    signal_process(server, Signal::STOP);
    let mut socket = session.ws.socket();
    let packet = sftp::write(8, &handle, 0, &vec![0; 32 << 10]);
    let writer = std::thread::spawn(move || {
        use std::io::Write as _;
        let frame = ws::frame(true, BINARY, &packet);
        while socket.write_all(&frame).is_ok() {}
    });
    // The writer still owns the sending side, so there is no echo: TCP must end all the same.
    let reason = closing(&mut session.ws, 1011);
    assert!(reason.contains("1 second"), "{reason}");
    assert_eq!(session.ws.hear_within(Duration::from_secs(8)), Some(Heard::End));
    writer.join().unwrap();
    assert_logged(&site, 1011);
    signal_process(server, Signal::KILL);
}

#[test]
fn a_client_that_never_echoes_the_close_is_cut_after_five_seconds() {
    let site = Site::start();
    let mut session = site.session();
    session.ws.send_frame(true, TEXT, b"text");
    closing(&mut session.ws, 1003);
    let start = Instant::now();
    assert_eq!(session.ws.hear_within(Duration::from_secs(8)), Some(Heard::End));
    assert!(start.elapsed() >= Duration::from_secs(3), "cut after {:?} already", start.elapsed());
}

#[test]
fn a_login_that_the_client_gives_up_leaves_no_upstream_connection() {
    let fake = Fake::black_hole();
    let bridge = Config::to_port(fake.port).upstream(r#"connect_timeout = "5s""#).start();
    let client = bridge.login().send_only();
    wait_until("the upstream connection", SOON, || fake.connections() == 1);
    drop(client);
    wait_until("it to be given up", SOON, || fake.open() == 0);
}

#[test]
fn sessions_end_alone_when_one_of_them_fails() {
    let site = Site::start();
    let mut one = site.session();
    let mut other = site.session();
    one.ws.send(&[0, 0, 0]);
    assert_closes(&mut one.ws, 1007);
    other.is_alive();
    Session::start(site.socket()).is_alive();
}

#[test]
fn logins_under_way_when_the_bridge_drains_are_503() {
    const LOGINS: usize = 16;
    let fake = Fake::black_hole();
    let mut bridge = Config::to_port(fake.port).start();
    let clients: Vec<_> = (0..LOGINS).map(|_| bridge.login().send_only()).collect();
    wait_until("the upstream connections", SOON, || fake.connections() == LOGINS);
    bridge.terminate();
    let answers = clients.into_iter().map(|mut client| {
        let mut answer = Vec::new();
        let _ = client.read_to_end(&mut answer);
        answer.starts_with(b"HTTP/1.1 503 ")
    });
    assert_eq!(answers.filter(|refused| *refused).count(), LOGINS);
    assert!(bridge.wait_exit(SOON).success());
}

#[test]
fn a_message_that_stays_open_is_closed_after_half_a_minute() {
    let site = Site::start();
    let mut session = site.session();
    session.ws.send_frame(false, BINARY, &[0; 1 << 10]);
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(40) {
        session.ws.send_frame(true, ws::PING, b"here");
        match session.ws.hear_within(Duration::from_secs(1)) {
            Some(Heard::Close(..)) => return,
            Some(Heard::Pong(_)) => std::thread::sleep(Duration::from_secs(1)),
            other => panic!("{other:?}"),
        }
    }
    panic!("still open after {:?}", start.elapsed());
}

#[test]
fn an_sshd_that_dies_while_it_takes_nothing_more_is_1011_within_5_seconds() {
    let site = Site::start();
    let mut session = site.session();
    let handle = session.create(&site.sshd.remote("blocked"));
    signal_process(site.sshd.sftp_server(), Signal::STOP);
    let mut socket = session.ws.socket();
    let packet = sftp::write(8, &handle, 0, &vec![0; 200 << 10]);
    let writer = std::thread::spawn(move || {
        use std::io::Write as _;
        let frame = ws::frame(true, BINARY, &packet);
        socket.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
        // Ends once nothing is taken any more.
        while socket.write_all(&frame).is_ok() {}
    });
    writer.join().unwrap();
    site.sshd.kill_sessions();
    let start = Instant::now();
    closing(&mut session.ws, 1011);
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_client_that_ends_without_a_close_frame_is_sent_none_with_the_reserved_1006() {
    let site = Site::start();
    let mut session = site.session();
    session.ws.shut();
    assert_eq!(session.ws.hear(), Heard::End);
    assert_eq!(site.bridge.session_end().number("close_code"), 1006);
}
