//! Bytes and packets, while they move.

use std::sync::Arc;
use std::time::{Duration, Instant};

use metrics::Counter;

use super::series;
use crate::pump::{Direction, Progress, Totals};

/// How long the counters of a session that does not rest may stay behind.
const BEHIND: Duration = Duration::from_secs(1);

/// Passes on what a session's own counters have grown by: all sessions share these, and processors that write to
/// the same counter for every packet slow each other down.
#[derive(Debug)]
pub(super) struct Traffic {
    progress: Arc<Progress>,
    told_at: Instant,
    up: Lane,
    down: Lane,
}

#[derive(Debug)]
struct Lane {
    told: Totals,
    bytes: Counter,
    packets: Counter,
}

impl Traffic {
    pub(super) fn of(progress: Arc<Progress>) -> Self {
        Self { progress, told_at: Instant::now(), up: Lane::new("up"), down: Lane::new("down") }
    }

    /// A session that moves packets without a pause.
    pub(super) fn tell_if_due(&mut self, now: Instant) {
        if now.saturating_duration_since(self.told_at) >= BEHIND {
            self.tell(now);
        }
    }

    pub(super) fn tell(&mut self, now: Instant) {
        self.told_at = now;
        self.up.tell(self.progress.totals(Direction::Requests));
        self.down.tell(self.progress.totals(Direction::Responses));
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.tell(self.told_at);
    }
}

impl Lane {
    fn new(direction: &'static str) -> Self {
        Self {
            told: Totals { packets: 0, bytes: 0 },
            bytes: metrics::counter!(series::BYTES, "direction" => direction),
            packets: metrics::counter!(series::PACKETS, "direction" => direction),
        }
    }

    fn tell(&mut self, now: Totals) {
        self.bytes.increment(now.bytes.saturating_sub(self.told.bytes));
        self.packets.increment(now.packets.saturating_sub(self.told.packets));
        self.told = now;
    }
}
