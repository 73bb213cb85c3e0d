//! The times after which a session is ended.

use std::time::Duration;

use super::{Direction, Ended, Notices, Progress, Side, Violation};

/// The clocks of one session. `None` switches one off.
#[derive(Debug, Clone)]
pub struct Clocks {
    /// Longest time without a packet either way.
    pub idle: Option<Duration>,
    /// Longest life.
    pub lifetime: Option<Duration>,
    /// Longest time that a packet waits for its taker.
    pub stall: Option<Duration>,
    /// Time between keepalives. A WebSocket peer that is silent for three of them is taken for dead.
    pub keepalive: Option<Duration>,
    /// Longest time for one WebSocket message to arrive.
    pub message: Option<Duration>,
    /// Which direction the keepalives' answers come in: that of the side that is a WebSocket.
    pub listens_to: Direction,
    /// Longest wait for the answers that the upstream owes when the client has ended.
    pub linger: Duration,
    /// What the client is told before its time is over.
    pub notices: Notices,
}

/// Keepalives without an answer after which a peer is taken for dead.
const UNANSWERED_KEEPALIVES: u32 = 3;

/// Time for one message of a client to arrive: a packet of 256 KiB at 9 kB/s.
pub const MESSAGE_TIME: Duration = Duration::from_secs(30);

/// How much later than its time a clock may be noticed, as a part of that time.
const PRECISION: u32 = 8;

impl Clocks {
    /// Ready when one of the clocks has run out. Cancel-safe.
    pub(super) async fn watch(&self, progress: &Progress) -> Ended {
        loop {
            if let Some(ended) = self.expired(progress) {
                return ended;
            }
            tokio::time::sleep(self.next_look(progress)).await;
        }
    }

    fn expired(&self, progress: &Progress) -> Option<Ended> {
        let over = |limit: Option<Duration>, elapsed: Duration| limit.is_some_and(|limit| elapsed >= limit);
        let stalled =
            |direction| progress.blocked_for(direction).is_some_and(|blocked| over(self.stall, blocked));
        if over(self.lifetime, progress.age()) {
            Some(Ended::Lifetime)
        } else if stalled(Direction::Responses) {
            // First: a client that takes no responses makes its own requests wait, too.
            Some(Ended::Stalled(Side::Client))
        } else if stalled(Direction::Requests) {
            Some(Ended::Stalled(Side::Upstream))
        } else if over(self.idle, progress.idle_for()) {
            Some(Ended::Idle)
        } else if over(self.silence(), progress.silent_for(self.listens_to)) {
            Some(Ended::Silent(self.listens_side()))
        } else if progress.message_open_for(self.listens_to).is_some_and(|open| over(self.message, open)) {
            Some(Ended::Violation { side: self.listens_side(), violation: Violation::OpenTooLong })
        } else {
            None
        }
    }

    /// The side that is a WebSocket.
    fn listens_side(&self) -> Side {
        match self.listens_to {
            Direction::Requests => Side::Client,
            Direction::Responses => Side::Upstream,
        }
    }

    fn silence(&self) -> Option<Duration> {
        self.keepalive.map(silence)
    }

    /// Idle and lifetime are known to the millisecond; a stall can begin at any time, so it is looked for in
    /// steps.
    fn next_look(&self, progress: &Progress) -> Duration {
        let left =
            |limit: Option<Duration>, elapsed: Duration| limit.map(|limit| limit.saturating_sub(elapsed));
        let step = |limit: Option<Duration>| limit.map(|limit| limit / PRECISION);
        [
            left(self.lifetime, progress.age()),
            left(self.idle, progress.idle_for()),
            step(self.stall),
            step(self.silence()),
            step(self.message),
        ]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(Duration::from_secs(3600))
        .max(Duration::from_millis(1))
    }
}

/// The silence after which a peer is taken for dead that is asked for a sign of life every `keepalive`.
pub fn silence(keepalive: Duration) -> Duration {
    keepalive.saturating_mul(UNANSWERED_KEEPALIVES)
}
