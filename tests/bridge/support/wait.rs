//! Waiting for a condition, with a deadline. The only place in these tests that sleeps.

use std::time::{Duration, Instant};

const STEP: Duration = Duration::from_millis(10);

pub const SOON: Duration = Duration::from_secs(20);

/// The first `Some` of `probe`, or `None` when `limit` runs out.
pub fn poll<T>(limit: Duration, mut probe: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        let found = probe();
        if found.is_some() || start.elapsed() >= limit {
            return found;
        }
        std::thread::sleep(STEP);
    }
}

/// The same, where waiting in vain for `what` fails the test.
#[track_caller]
pub fn wait_for<T>(what: &str, limit: Duration, probe: impl FnMut() -> Option<T>) -> T {
    let Some(found) = poll(limit, probe) else { panic!("waited {limit:?} in vain for {what}") };
    found
}

/// The same for a bare condition.
#[track_caller]
pub fn wait_until(what: &str, limit: Duration, mut holds: impl FnMut() -> bool) {
    wait_for(what, limit, || holds().then_some(()));
}

/// The value of `probe` once it has not changed for `quiet`.
#[track_caller]
pub fn wait_stable<T: PartialEq>(
    what: &str,
    quiet: Duration,
    limit: Duration,
    mut probe: impl FnMut() -> T,
) -> T {
    let mut last = probe();
    let mut since = Instant::now();
    wait_until(what, limit, || {
        let now = probe();
        if now != last {
            last = now;
            since = Instant::now();
        }
        since.elapsed() >= quiet
    });
    last
}
