//! `sftpbridge connect` by itself: its exit codes, its one sentence, and its patience with other programs' arguments.

use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::Site;
use crate::support::bridge::binary;
use crate::support::fake::closed_port;
use crate::support::process::{Running, Said, Stopped, run};
use crate::support::sftp::{self, Response};
use crate::support::wait::{SOON, poll, wait_for};

const QUICK: Duration = Duration::from_secs(20);

fn connect(site: &Site) -> Command {
    let mut connect = Command::new(binary());
    connect.arg("connect").arg(site.bridge.url());
    connect
}

fn with_login<'a>(connect: &'a mut Command, site: &Site) -> &'a mut Command {
    connect.args(["--user", &site.bridge.user.name]).arg("--password-file").arg(site.bridge.password_file())
}

#[track_caller]
fn assert_fails(said: &Said, code: i32) {
    assert_eq!(said.status.code(), Some(code), "{}", said.stderr);
    assert_eq!(said.stdout, "", "stdout belongs to SFTP");
}

#[track_caller]
fn assert_one_sentence(said: &Said) {
    let lines: Vec<&str> = said.stderr.lines().collect();
    assert!(matches!(lines[..], [line] if line.contains(' ')), "{:?}", said.stderr);
}

#[test]
fn the_end_of_its_input_is_a_clean_exit() {
    let site = Site::start();
    let said = run(with_login(&mut connect(&site), &site), &sftp::init(), QUICK);
    assert_eq!(said.status.code(), Some(0), "{}", said.stderr);
    assert_eq!(said.stderr, "");
    assert_eq!(site.bridge.session_end().number("close_code"), 1000);
}

#[test]
fn answers_still_owed_at_the_end_of_input_arrive() {
    let site = Site::start();
    let path = site.sshd.remote("read");
    std::fs::write(&path, vec![7; 100_000]).unwrap();
    let mut input = sftp::init();
    input.extend(sftp::open(1, &path, sftp::READ_FLAG));
    // OpenSSH's first handle is four zero bytes.
    input.extend(sftp::read(2, &[0, 0, 0, 0], 0, 100_000));
    let mut running = Running::spawn(with_login(&mut connect(&site), &site));
    std::io::Write::write_all(running.stdin(), &input).unwrap();
    running.close_stdin();
    let said = running.wait(QUICK);
    assert_eq!(said.status.code(), Some(0), "{}", said.stderr);
    assert!(said.stdout.len() > 100_000, "the last answer is missing: {} bytes", said.stdout.len());
}

#[test]
fn the_password_may_come_from_the_environment() {
    let site = Site::start();
    let mut command = connect(&site);
    command.args(["--user", &site.bridge.user.name]).env("SFTPBRIDGE_PASSWORD", &site.bridge.user.password);
    assert_eq!(run(&mut command, &sftp::init(), QUICK).status.code(), Some(0));
}

#[test]
fn a_refused_login_is_77_and_one_sentence() {
    let site = Site::start();
    let mut command = connect(&site);
    command.args(["--user", &site.bridge.user.name]).env("SFTPBRIDGE_PASSWORD", "wrong");
    let said = run(&mut command, &sftp::init(), QUICK);
    assert_fails(&said, 77);
    assert_one_sentence(&said);
}

#[test]
fn a_bad_command_line_is_64() {
    for arguments in
        [&["connect"][..], &["connect", "http://"], &["connect", "ws://127.0.0.1:1/", "--no-such-flag"]]
    {
        let said = run(Command::new(binary()).args(arguments), b"", QUICK);
        assert_fails(&said, 64);
    }
}

#[test]
fn a_password_that_is_no_text_is_not_passed_over() {
    use std::os::unix::ffi::OsStrExt;
    let mut connect = Command::new(binary());
    let password = std::ffi::OsStr::from_bytes(b"canary\xff");
    connect.args(["connect", "ws://127.0.0.1:1", "--user", "u"]).env("SFTPBRIDGE_PASSWORD", password);
    let said = run(&mut connect, b"", QUICK);
    assert_fails(&said, 64);
    assert!(
        said.stderr.contains("SFTPBRIDGE_PASSWORD") && !said.stderr.contains("canary"),
        "{}",
        said.stderr
    );
}

#[test]
fn an_unreachable_bridge_is_1_and_one_sentence() {
    let mut command = Command::new(binary());
    command.args(["connect", &format!("ws://127.0.0.1:{}/sftp", closed_port()), "--user", "u"]);
    let said = run(command.env("SFTPBRIDGE_PASSWORD", "p"), b"", QUICK);
    assert_fails(&said, 1);
    assert_one_sentence(&said);
}

#[test]
fn an_upstream_lost_in_mid_session_is_1_and_its_reason() {
    let site = Site::start();
    let mut running = Running::spawn(with_login(&mut connect(&site), &site));
    std::io::Write::write_all(running.stdin(), &sftp::init()).unwrap();
    wait_for("VERSION", SOON, || (!running.stdout().is_empty()).then_some(()));
    site.sshd.kill_sessions();
    let said = running.wait(QUICK);
    assert_eq!(said.status.code(), Some(1));
    assert_one_sentence(&said);
}

#[test]
fn what_sshfs_and_sftp_append_is_taken() {
    let site = Site::start();
    for appended in [
        &["-s", "sftp"][..],
        &["-x", "-a", "-oClearAllForwardings=yes", "-2", "-s", "--", "user@host", "sftp"],
        &["-s", "-l", "user", "host", "sftp"],
    ] {
        let mut command = connect(&site);
        let said = run(with_login(&mut command, &site).args(appended), &sftp::init(), QUICK);
        assert_eq!(said.status.code(), Some(0), "{appended:?}: {}", said.stderr);
    }
}

#[test]
fn a_shell_command_fails_at_once_and_no_session_is_opened() {
    let site = Site::start();
    let mut command = connect(&site);
    let said = run(with_login(&mut command, &site).args(["user@host", "echo hello"]), b"", QUICK);
    assert!(!said.status.success());
    assert_eq!(said.stdout, "");
    assert_eq!(site.sshd.connections(), 0);
}

#[test]
fn version_is_passed_on_as_it_came() {
    let site = Site::start();
    let mut running = Running::spawn(with_login(&mut connect(&site), &site));
    std::io::Write::write_all(running.stdin(), &sftp::init()).unwrap();
    wait_for("VERSION", SOON, || running.stdout().contains("limits@openssh.com").then_some(()));
    let request = sftp::with_name(sftp::REALPATH, 0x41, "/");
    let before = running.stdout().len();
    std::io::Write::write_all(running.stdin(), &request).unwrap();
    let answer = wait_for("an answer", SOON, || {
        let all = running.stdout().into_bytes();
        (all.len() > before).then(|| all[before..].to_vec())
    });
    assert_eq!(Response::parse(&answer).kind, sftp::NAME);
}

/// `connect` with VERSION heard and a question that stays unanswered, as sftp-server is stopped.
#[track_caller]
fn with_an_answer_owed(site: &Site) -> (Running, Stopped) {
    let mut running = Running::spawn(with_login(&mut connect(site), site));
    std::io::Write::write_all(running.stdin(), &sftp::init()).unwrap();
    wait_for("VERSION", SOON, || (!running.stdout().is_empty()).then_some(()));
    let stopped = Stopped::new(site.sshd.sftp_server());
    std::io::Write::write_all(running.stdin(), &sftp::with_name(sftp::REALPATH, 5, ".")).unwrap();
    (running, stopped)
}

#[test]
fn an_upstream_lost_after_the_end_of_input_with_an_answer_owed_is_1_and_its_reason() {
    let site = Site::start();
    let (mut running, _stopped) = with_an_answer_owed(&site);
    running.close_stdin();
    // The end of input must have come before the loss.
    assert!(poll(Duration::from_millis(500), || running.ended()).is_none());
    site.sshd.kill_sessions();
    let said = running.wait(QUICK);
    assert_eq!(said.status.code(), Some(1), "{}", said.stderr);
    assert_one_sentence(&said);
}

#[test]
fn sigterm_is_not_held_up_by_an_answer_that_never_comes() {
    let site = Site::start();
    let (mut running, _stopped) = with_an_answer_owed(&site);
    assert!(poll(Duration::from_millis(500), || running.ended()).is_none());
    running.signal(Signal::TERM);
    assert_eq!(running.wait(QUICK).status.code(), Some(1));
}
