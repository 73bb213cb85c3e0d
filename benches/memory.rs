//! `make memory`: what a session costs in memory while it does nothing, its SSH leg included.
//!
//! The real binary in front of a real sshd; the figure is the resident memory of the bridge alone. Printed, and
//! never asserted: the allocator and the kernel have their own ideas.
#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the tests' support, of which a measurement needs a part; it stops at what it did not expect"
)]

#[path = "../tests/bridge/support/mod.rs"]
mod support;

use std::time::Duration;

use support::Site;
use support::files::random_bytes;
use support::session::Session;
use support::sftp;
use support::sshd::Sshd;
use support::wait::{SOON, wait_stable, wait_until};

const SESSIONS: u64 = 100;
/// Sessions that move data, and how much each way.
const BUSY: usize = 20;
const TRAFFIC: u64 = 16 << 20;
const BLOCK: u64 = 255 << 10;
const SETTLE: Duration = Duration::from_secs(2);

fn main() {
    let sshd = Sshd::options().config("MaxStartups 200\nMaxSessions 200\n").start();
    let site = Site::with(sshd, |config| {
        config.limit("sessions_per_user = 1000").limit("sessions_per_address = 1000")
    });
    // What the first session allocates once for all is not a session's.
    drop(site.session());
    site.sshd.wait_idle();
    let before = settled(&site);

    let mut sessions: Vec<Session> = (0..SESSIONS).map(|_| site.session()).collect();
    let idle = settled(&site);
    println!("no session                      {before:>8} KiB");
    println!("{SESSIONS} idle sessions               {idle:>8} KiB   {:>5} KiB each", each(before, idle));

    let busy: Vec<&mut Session> = sessions.iter_mut().take(BUSY).collect();
    for session in busy {
        traffic(&site, session);
    }
    let after = settled(&site);
    let extra = after.saturating_sub(idle) / BUSY as u64;
    println!("{BUSY} of them after {} MiB each way {after:>6} KiB   {extra:>+5} KiB each", TRAFFIC >> 20);

    drop(sessions);
    wait_until("all sessions to end", SOON * 4, || site.bridge.session_ends().len() as u64 > SESSIONS);
    println!("all closed                      {:>8} KiB", settled(&site));
}

fn each(before: u64, after: u64) -> u64 {
    after.saturating_sub(before) / SESSIONS
}

/// Resident memory in KiB, once it no longer changes.
fn settled(site: &Site) -> u64 {
    wait_stable("memory to settle", SETTLE, SOON * 4, || site.bridge.own_memory())
}

fn traffic(site: &Site, session: &mut Session) {
    let path = site.sshd.remote("traffic");
    let handle = session.open(&path, sftp::READ_FLAG | sftp::WRITE_FLAG | sftp::CREATE_FLAG);
    let data = random_bytes(BLOCK);
    let blocks = TRAFFIC / BLOCK;
    for block in 0..blocks {
        session.write(&handle, block * BLOCK, &data);
    }
    for block in 0..blocks {
        assert_eq!(session.read(&handle, block * BLOCK, BLOCK as u32).len() as u64, BLOCK);
    }
    session.close(&handle);
}
