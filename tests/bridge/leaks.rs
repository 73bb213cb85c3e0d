//! What is given up is gone: no socket and no task of a failed attempt outlives it for long.

use std::net::Shutdown;
use std::time::Duration;

use rustix::process::Pid;

use crate::support::Site;
use crate::support::bridge::{Bridge, Config};
use crate::support::fake::Fake;
use crate::support::wait::{SOON, wait_for, wait_until};

/// How long an upstream connection may live after the attempt that it was for.
const GONE: Duration = Duration::from_secs(2);

fn bridge_to(fake: &Fake) -> Bridge {
    let impatient = "connect_timeout = \"1s\"\nlogin_timeout = \"1s\"";
    Config::to_port(fake.port).upstream(impatient).start()
}

fn descriptors(pid: Pid) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", pid.as_raw_nonzero())).unwrap().count()
}

#[test]
fn an_upstream_that_never_speaks_is_hung_up_on_with_the_504() {
    let fake = Fake::black_hole();
    let bridge = bridge_to(&fake);
    assert_eq!(bridge.login().send().status, 504);
    wait_until("the upstream connection to end", GONE, || fake.connections() == 1 && fake.open() == 0);
}

#[test]
fn an_upstream_that_stops_in_the_key_exchange_is_hung_up_on_with_the_504() {
    let fake = Fake::says(b"SSH-2.0-silent\r\n");
    let bridge = bridge_to(&fake);
    assert_eq!(bridge.login().send().status, 504);
    wait_until("the upstream connection to end", GONE, || fake.connections() == 1 && fake.open() == 0);
}

#[test]
fn a_client_that_leaves_during_its_login_takes_the_upstream_connection_along() {
    for fake in [Fake::black_hole(), Fake::says(b"SSH-2.0-silent\r\n")] {
        let bridge = Config::to_port(fake.port).start();
        let client = bridge.login().send_only();
        wait_until("the upstream to be dialled", SOON, || fake.open() == 1);
        client.shutdown(Shutdown::Both).unwrap();
        wait_until("the upstream connection to end", GONE, || fake.open() == 0);
    }
}

#[test]
fn failed_and_finished_sessions_leave_no_descriptor_behind() {
    let site = Site::start();
    drop(site.session());
    site.sshd.wait_idle();
    let pid = site.bridge.pid();
    let before = wait_for("the first session to be gone", SOON, || {
        (site.bridge.session_ends().len() == 1).then(|| descriptors(pid))
    });
    for _ in 0..3 {
        let mut refused = site.bridge.anonymous().basic(&site.bridge.user.name, "wrong");
        refused = refused.header("Connection", "Upgrade, close");
        assert_eq!(refused.send().status, 401);
    }
    for _ in 0..20 {
        drop(site.session());
    }
    wait_until("all descriptors to be given back", SOON * 2, || descriptors(pid) <= before);
}
