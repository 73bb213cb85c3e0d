//! The host keys of upstreams.

use std::fs;

use crate::support::Site;
use crate::support::host_keys::HostKeys;
use crate::support::session::Session;
use crate::support::sshd::Sshd;

const RELOADED: &[&str] = &["event=reloaded", "what=known_hosts"];
const NOT_RELOADED: &[&str] = &["event=not_reloaded", "what=known_hosts"];

/// An sshd that has other keys than the file says.
fn rotated() -> Site {
    let sshd = Sshd::options().keys(HostKeys::named("other")).start();
    let old = HostKeys::named("main").known_hosts(sshd.port);
    Site::with(sshd, |config| config.known_hosts(&old))
}

#[test]
fn a_rotated_host_key_is_trusted_once_it_is_on_record() {
    let site = rotated();
    assert_eq!(site.bridge.login().send().status, 502);
    fs::write(site.bridge.file("known_hosts"), site.sshd.known_hosts()).unwrap();
    site.bridge.wait_logged(1, RELOADED);
    site.session().is_alive();
}

#[test]
fn a_key_that_is_gone_from_the_file_is_refused_and_sessions_go_on() {
    let site = Site::start();
    let mut session = site.session();
    let stranger = HostKeys::named("other").known_hosts(site.sshd.port);
    fs::write(site.bridge.file("known_hosts"), stranger).unwrap();
    site.bridge.wait_logged(1, RELOADED);
    assert_eq!(site.bridge.login().send().status, 502);
    session.is_alive();
    assert!(site.bridge.session_ends().is_empty());
}

#[test]
fn a_revoked_key_is_refused() {
    let site = Site::start();
    let revoked: String = site.sshd.known_hosts().lines().map(|line| format!("@revoked {line}\n")).collect();
    fs::write(site.bridge.file("known_hosts"), site.sshd.known_hosts() + &revoked).unwrap();
    site.bridge.wait_logged(1, RELOADED);
    assert_eq!(site.bridge.login().send().status, 502);
}

#[test]
fn a_file_that_trusts_nobody_is_a_mistake_and_changes_nothing() {
    let site = Site::start();
    fs::write(site.bridge.file("known_hosts"), "").unwrap();
    site.bridge.wait_logged(1, NOT_RELOADED);
    site.session().is_alive();
    // Whoever asks is told again.
    site.bridge.hang_up();
    site.bridge.wait_logged(2, NOT_RELOADED);
    site.session().is_alive();
    fs::write(site.bridge.file("known_hosts"), site.sshd.known_hosts()).unwrap();
    site.bridge.wait_logged(1, RELOADED);
}

#[test]
fn a_key_of_another_type_is_asked_for_as_soon_as_it_is_on_record() {
    // The server has three, and the client's order of algorithms decides which one it shows.
    let site = Site::start();
    let only = |kind: &str| -> String {
        let all = site.sshd.known_hosts();
        all.lines().filter(|line| line.contains(kind)).map(|line| format!("{line}\n")).collect()
    };
    for (times, kind) in [(1, "ecdsa"), (2, "ssh-rsa"), (3, "ed25519")] {
        fs::write(site.bridge.file("known_hosts"), only(kind)).unwrap();
        site.bridge.wait_logged(times, RELOADED);
        Session::start(site.socket()).is_alive();
    }
}
