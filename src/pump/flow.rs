//! What the two directions share: the observer, the counters, and the word to stop.

use std::collections::VecDeque;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::task::Context;
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use super::{Ended, Observer, PacketSink, Progress, Side, Verdict};
use crate::sftp::{Packet, RequestId};

/// Answers of an observer that may wait for the client. When it does not read them, it is not read either.
pub(super) const ANSWERS: usize = 16;

/// Requests of unknown types that are remembered.
const UNKNOWN: usize = 16;

pub(super) struct Flow<'a, O> {
    pub(super) progress: &'a Progress,
    /// One task, so never contended; a lock because the future must be able to move between threads.
    observer: Mutex<O>,
    pub(super) answers: Sender<Packet>,
    /// Requests of unknown types, which some servers answer and OpenSSH does not: nobody waits for them, and
    /// an answer to one must not pass for another's.
    unknown: Mutex<VecDeque<RequestId>>,
    /// No further request, once the one in hand is through.
    pub(super) halt: CancellationToken,
    keepalive: Option<Duration>,
}

impl<'a, O: Observer> Flow<'a, O> {
    pub(super) fn new(
        progress: &'a Progress,
        observer: O,
        answers: Sender<Packet>,
        keepalive: Option<Duration>,
    ) -> Self {
        Self {
            progress,
            observer: Mutex::new(observer),
            answers,
            unknown: Mutex::default(),
            halt: CancellationToken::new(),
            keepalive,
        }
    }

    /// Waits until the observer has room.
    pub(super) async fn ready(&self, request: &Packet) {
        let poll = |cx: &mut Context<'_>| {
            self.observer.lock().unwrap_or_else(PoisonError::into_inner).poll_ready(request, cx)
        };
        std::future::poll_fn(poll).await;
    }

    pub(super) fn judge(&self, request: &Packet) -> Verdict {
        self.observer.lock().unwrap_or_else(PoisonError::into_inner).request(request)
    }

    pub(super) fn note_response(&self, packet: &Packet) {
        self.observer.lock().unwrap_or_else(PoisonError::into_inner).response(packet);
        if packet.kind().is_response() && !self.answers_unknown_request(packet) {
            self.progress.answered();
        }
    }

    pub(super) fn note_unknown_request(&self, id: RequestId) {
        let mut unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        unknown.truncate(UNKNOWN - 1);
        unknown.push_front(id);
    }

    fn answers_unknown_request(&self, response: &Packet) -> bool {
        let mut unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        let place = unknown.iter().position(|id| response.id() == Some(*id));
        place.is_some_and(|place| unknown.remove(place).is_some())
    }

    pub(super) fn ticks<S: PacketSink>(&self) -> Option<Interval> {
        let period = self.keepalive.filter(|_| S::HAS_KEEPALIVE)?;
        let mut ticks = interval_at(Instant::now() + period, period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Some(ticks)
    }
}

pub(super) async fn tick(ticks: &mut Option<Interval>) -> Instant {
    match ticks {
        Some(ticks) => ticks.tick().await,
        None => std::future::pending().await,
    }
}

pub(super) fn client_lost(error: io::Error) -> Ended {
    Ended::Lost { side: Side::Client, source: error.into() }
}

pub(super) fn upstream_lost(error: io::Error) -> Ended {
    Ended::Lost { side: Side::Upstream, source: error.into() }
}
