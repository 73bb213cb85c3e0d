//! What a running pump has done so far: counters that its clocks, its log line and its ending read.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// A direction of the flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the upstream.
    Requests,
    /// From the upstream to the client.
    Responses,
}

/// The counters of one session. Everything is relaxed: one task writes, and readers want a recent value only.
#[derive(Debug)]
pub struct Progress {
    started: Instant,
    requests: Lane,
    responses: Lane,
    /// When a WebSocket peer was last heard, in milliseconds since `started`: any frame counts.
    heard: AtomicU64,
    /// Since when a WebSocket message has been coming in, likewise, plus one; 0 while there is none.
    open_since: AtomicU64,
    /// Requests sent upstream and not answered yet.
    unanswered: AtomicU64,
    /// Responses that are here, and not flushed to the client yet.
    undelivered: AtomicU64,
    upstream_over: AtomicBool,
    settled: Notify,
}

#[derive(Debug, Default)]
struct Lane {
    packets: AtomicU64,
    bytes: AtomicU64,
    /// When it last moved, in milliseconds since `started`.
    moved: AtomicU64,
    /// Whether a packet is being handed over right now.
    sending: AtomicBool,
}

/// Packets and bytes of one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Packets carried.
    pub packets: u64,
    /// Bytes carried, length prefixes included.
    pub bytes: u64,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            requests: Lane::default(),
            responses: Lane::default(),
            heard: AtomicU64::new(0),
            open_since: AtomicU64::new(0),
            unanswered: AtomicU64::new(0),
            undelivered: AtomicU64::new(0),
            upstream_over: AtomicBool::new(false),
            settled: Notify::new(),
        }
    }
}

impl Progress {
    /// Time since the session began.
    pub fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// What went through in `direction` so far.
    pub fn totals(&self, direction: Direction) -> Totals {
        let lane = self.lane(direction);
        Totals { packets: lane.packets.load(Relaxed), bytes: lane.bytes.load(Relaxed) }
    }

    /// Requests that the upstream has not answered yet.
    pub fn unanswered(&self) -> u64 {
        self.unanswered.load(Relaxed)
    }

    /// Notes a sign of life of a WebSocket peer.
    pub fn heard(&self) {
        self.heard.store(self.now(), Relaxed);
    }

    /// Notes whether a WebSocket message has begun and not ended.
    pub fn message_is_open(&self, open: bool) {
        if !open {
            self.open_since.store(0, Relaxed);
        } else if self.open_since.load(Relaxed) == 0 {
            self.open_since.store(self.now().saturating_add(1), Relaxed);
        }
    }

    /// For how long one message has been coming in; the time in which its sender was not read does not count.
    pub(super) fn message_open_for(&self, from: Direction) -> Option<Duration> {
        let lane = self.lane(from);
        let since = self.open_since.load(Relaxed).checked_sub(1)?;
        (!lane.sending.load(Relaxed)).then(|| self.since(since.max(lane.moved.load(Relaxed))))
    }

    pub(super) fn begins(&self, direction: Direction, bytes: usize) {
        let lane = self.lane(direction);
        lane.packets.fetch_add(1, Relaxed);
        lane.bytes.fetch_add(bytes as u64, Relaxed);
        self.sending(direction, true);
    }

    pub(super) fn sending(&self, direction: Direction, sending: bool) {
        let lane = self.lane(direction);
        lane.moved.store(self.now(), Relaxed);
        lane.sending.store(sending, Relaxed);
    }

    pub(super) fn asked(&self) {
        self.unanswered.fetch_add(1, Relaxed);
    }

    /// A response came. An upstream that answers more than it was asked does not make the count wrap.
    pub(super) fn answered(&self) {
        let left = self.unanswered.try_update(Relaxed, Relaxed, |count| count.checked_sub(1));
        if matches!(left, Ok(1) | Err(_)) {
            self.settled.notify_one();
        }
    }

    pub(super) fn taken(&self) {
        self.undelivered.fetch_add(1, Relaxed);
    }

    pub(super) fn flushed(&self, packets: u64) {
        if self.undelivered.fetch_sub(packets, Relaxed) == packets {
            self.settled.notify_one();
        }
    }

    /// Ready when every request is answered and every answer is with the client.
    pub(super) async fn delivered(&self) {
        while self.unanswered() > 0 || self.undelivered.load(Relaxed) > 0 {
            self.settled.notified().await;
        }
    }

    /// Ready when for `quiet` no request has come, nor waited to be taken.
    pub(super) async fn no_request_for(&self, quiet: Duration) {
        loop {
            let before = self.totals(Direction::Requests);
            tokio::time::sleep(quiet).await;
            if self.totals(Direction::Requests) == before && self.blocked_for(Direction::Requests).is_none() {
                return;
            }
        }
    }

    pub(super) fn upstream_is_over(&self) {
        self.upstream_over.store(true, Relaxed);
    }

    pub(super) fn is_upstream_over(&self) -> bool {
        self.upstream_over.load(Relaxed)
    }

    /// For how long a packet has been waiting to be taken in `direction`.
    pub(super) fn blocked_for(&self, direction: Direction) -> Option<Duration> {
        let lane = self.lane(direction);
        lane.sending.load(Relaxed).then(|| self.since(lane.moved.load(Relaxed)))
    }

    /// For how long no packet has moved either way.
    pub(super) fn idle_for(&self) -> Duration {
        self.since(self.last_moved())
    }

    /// When a packet last moved either way, in milliseconds since the session began.
    pub(super) fn last_moved(&self) -> u64 {
        self.requests.moved.load(Relaxed).max(self.responses.moved.load(Relaxed))
    }

    /// For how long the WebSocket peer gave no sign of life. Taking its packets counts as one, and so does a
    /// time in which it was not read.
    pub(super) fn silent_for(&self, from: Direction) -> Duration {
        let lane = self.lane(from);
        if lane.sending.load(Relaxed) {
            return Duration::ZERO;
        }
        self.since(self.heard.load(Relaxed).max(lane.moved.load(Relaxed)))
    }

    fn since(&self, stamp: u64) -> Duration {
        Duration::from_millis(self.now().saturating_sub(stamp))
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn lane(&self, direction: Direction) -> &Lane {
        match direction {
            Direction::Requests => &self.requests,
            Direction::Responses => &self.responses,
        }
    }
}
