//! Records on their way to the writer: so many and no more.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{OwnedPermit, Receiver, Sender, channel};
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use super::record::Record;

/// Records that wait for the writer.
pub(super) const QUEUE: usize = 4096;

/// How often the log tells of lost records.
pub(super) const TELL: Duration = Duration::from_secs(10);

/// A place for one record.
pub(super) type Place = OwnedPermit<Record>;

/// The queue, at the end of those who have records.
#[derive(Debug)]
pub(super) struct Queue {
    records: Sender<Record>,
    /// Whether records wait for a place.
    pub(super) required: bool,
    pub(super) tally: Arc<Tally>,
}

/// What the queue and the writer tell each other.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Records that were taken.
    taken: AtomicU64,
    /// Of those, how many are written, or given up.
    settled: watch::Sender<u64>,
    losses: Mutex<Losses>,
    /// The file is to be opened anew.
    pub(super) reopen: Notify,
}

/// Lost records, of which the log tells now and then.
#[derive(Debug, Default)]
struct Losses {
    /// In all.
    all: u64,
    untold: u64,
    told: Option<Instant>,
    /// Why the latest were.
    cause: String,
}

impl Queue {
    pub(super) fn new(required: bool) -> (Self, Receiver<Record>) {
        let (records, written) = channel(QUEUE);
        (Self { records, required, tally: Arc::default() }, written)
    }

    /// A place, now or when there is one. Cancel-safe, but whoever asks again stands at the end of the line.
    pub(super) fn place(&self) -> impl Future<Output = Place> + Send + use<> {
        let reserved = self.records.clone().reserve_owned();
        async move {
            match reserved.await {
                Ok(place) => place,
                // The writer is gone, by a defect. What must be recorded cannot go on.
                Err(_) => std::future::pending().await,
            }
        }
    }

    /// How many of at most `most` places one session may hold with requests that are not answered: an eighth of those that
    /// are free, so that however many sessions hold what they can, some are left for the others; and one.
    pub(super) fn share(&self, most: usize) -> usize {
        (self.records.capacity() / 8).clamp(1, most)
    }

    /// Takes a record; without a place it is lost when the queue is full.
    pub(super) fn put(&self, record: Record, place: Option<Place>) {
        self.tally.taken.fetch_add(1, Ordering::Relaxed);
        match place {
            Some(place) => _ = place.send(record),
            None => {
                if let Err(TrySendError::Full(_) | TrySendError::Closed(_)) = self.records.try_send(record) {
                    self.tally.lost(1, &"the queue is full");
                    self.tally.settle(1);
                }
            }
        }
    }

    /// Waits until all that was taken so far is written, for at most `limit`; tells how many records are not.
    pub(super) async fn flush(&self, limit: Duration) -> u64 {
        let taken = self.tally.taken.load(Ordering::Relaxed);
        let mut settled = self.tally.settled.subscribe();
        let written = timeout(limit, settled.wait_for(|settled| *settled >= taken)).await;
        match written {
            Ok(_) => 0,
            Err(_) => taken.saturating_sub(*self.tally.settled.borrow()),
        }
    }
}

impl Tally {
    pub(super) fn settle(&self, records: u64) {
        self.settled.send_modify(|settled| *settled += records);
    }

    /// Counts lost records. The log hears of the first at once, and of those after it together.
    pub(super) fn lost(&self, records: u64, cause: &dyn fmt::Display) {
        metrics::counter!("sftpbridge_audit_lost_total").increment(records);
        {
            let mut losses = self.losses.lock().unwrap_or_else(PoisonError::into_inner);
            losses.all += records;
            losses.untold += records;
            if losses.told.is_none_or(|told| told.elapsed() >= TELL) {
                losses.cause = cause.to_string();
            }
        }
        self.tell();
    }

    #[cfg(test)]
    pub(super) fn all_lost(&self) -> u64 {
        self.losses.lock().unwrap().all
    }

    /// Whether there are losses that the log does not know of.
    pub(super) fn has_untold(&self) -> bool {
        self.losses.lock().unwrap_or_else(PoisonError::into_inner).untold > 0
    }

    /// Logs the losses, if any, unless it did so a moment ago.
    pub(super) fn tell(&self) {
        let mut losses = self.losses.lock().unwrap_or_else(PoisonError::into_inner);
        if losses.untold > 0 && losses.told.is_none_or(|told| told.elapsed() >= TELL) {
            let lost = std::mem::take(&mut losses.untold);
            losses.told = Some(Instant::now());
            tracing::error!(event = %"audit_lost", lost, cause = losses.cause, "audit records are lost");
        }
    }
}
