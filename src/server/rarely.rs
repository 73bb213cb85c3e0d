//! Lines of the log that strangers can cause as often as they like.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Lets something through once in a while, and counts the rest.
#[derive(Debug)]
pub(super) struct Rarely {
    every: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last: Option<Instant>,
    missed: u64,
}

impl Rarely {
    pub(super) fn new(every: Duration) -> Self {
        Self { every, state: Mutex::default() }
    }

    /// Whether it is time again at `now`: then how many were not let through since the last time.
    pub(super) fn allows(&self, now: Instant) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.last.is_some_and(|last| now.duration_since(last) < self.every) {
            state.missed += 1;
            return None;
        }
        state.last = Some(now);
        Some(std::mem::take(&mut state.missed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_a_while_passes_and_tells_how_many_did_not() {
        let (rarely, start) = (Rarely::new(Duration::from_secs(10)), Instant::now());
        let at = |seconds| rarely.allows(start + Duration::from_secs(seconds));
        assert_eq!(
            [at(0), at(1), at(9), at(10), at(11), at(30)],
            [Some(0), None, None, Some(2), None, Some(1)]
        );
    }
}
