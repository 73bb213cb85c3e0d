//! One session's part of the audit: an observer that keeps its ledger, and its end.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::describe::may_be_recorded;
use super::ledger::{Due, Ledger, PLACES};
use super::queue::{Place, Queue};
use super::record::{Entry, Record, Value};
use crate::pump::{Observer, Verdict};
use crate::sftp::Packet;

/// Records the requests of one session.
pub struct Audited<O> {
    judge: O,
    desk: Option<Desk>,
    /// In the line for a place.
    wait: Option<Pin<Box<dyn Future<Output = Place> + Send>>>,
    /// For the record of the request that comes next.
    place: Option<Place>,
}

/// Where a session's records are made.
#[derive(Debug, Clone)]
pub(super) struct Desk {
    queue: Arc<Queue>,
    whose: Arc<[u8]>,
    book: Arc<Mutex<Book>>,
}

#[derive(Debug)]
struct Book {
    ledger: Ledger<Place>,
    /// Records that wait for a place: those of the session's beginning, and of what nobody asked for. The next request
    /// waits for them.
    waiting: VecDeque<Record>,
    /// Of a request that waits until the ledger has room.
    waker: Option<Waker>,
}

/// What remains to be recorded at a session's end.
#[derive(Debug)]
#[must_use = "the session's end is a record"]
pub struct Ending(pub(super) Option<Desk>);

/// How a session ended.
#[derive(Debug, Clone, Copy)]
pub struct SessionEnd<'a> {
    /// The close code that the client was told.
    pub close_code: u16,
    /// Why.
    pub reason: &'a str,
    /// Bytes of requests.
    pub bytes_up: u64,
    /// Bytes of responses.
    pub bytes_down: u64,
    /// Packets both ways.
    pub packets: u64,
    /// Since its start.
    pub duration: Duration,
}

impl Desk {
    pub(super) fn new(queue: &Arc<Queue>, whose: Arc<[u8]>) -> Self {
        let book = Book { ledger: Ledger::new(), waiting: VecDeque::new(), waker: None };
        Self { queue: Arc::clone(queue), whose, book: Arc::new(Mutex::new(book)) }
    }

    /// Records the beginning: at once, or when the first request finds places for it.
    pub(super) fn begin(&self, entries: impl IntoIterator<Item = Entry>) {
        for entry in entries {
            let record = self.record(entry);
            if self.queue.required {
                self.book().waiting.push_back(record);
            } else {
                self.queue.put(record, None);
            }
        }
    }

    /// A defect in a session is that session's end, and its record comes none the less.
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, entry: Entry) -> Record {
        Record::new(SystemTime::now(), &self.whose, entry)
    }

    fn put_all(&self, due: Vec<Due<Place>>) {
        for (entry, place) in due {
            let record = self.record(entry);
            match place {
                // A file that the upstream closed by itself.
                None if self.queue.required => self.book().waiting.push_back(record),
                place => self.queue.put(record, place),
            }
        }
    }
}

impl<O> Audited<O> {
    pub(super) fn new(judge: O, desk: Option<Desk>) -> Self {
        Self { judge, desk, wait: None, place: None }
    }

    fn poll_place(&mut self, desk: &Desk, cx: &mut Context<'_>) -> Poll<Place> {
        let wait = self.wait.get_or_insert_with(|| Box::pin(desk.queue.place()));
        let place = ready!(wait.as_mut().poll(cx));
        self.wait = None;
        Poll::Ready(place)
    }

    /// Where nothing may go unrecorded, a request waits for the place of its record, and those before it.
    fn poll_desk(&mut self, desk: &Desk, request: &Packet, cx: &mut Context<'_>) -> Poll<()> {
        while !desk.book().waiting.is_empty() {
            let place = ready!(self.poll_place(desk, cx));
            if let Some(record) = desk.book().waiting.pop_front() {
                desk.queue.put(record, Some(place));
            }
        }
        {
            let mut book = desk.book();
            if !book.ledger.has_room(request, desk.queue.share(PLACES)) {
                book.waker = Some(cx.waker().clone());
                return Poll::Pending;
            }
        }
        if self.place.is_none() && may_be_recorded(request) {
            self.place = Some(ready!(self.poll_place(desk, cx)));
        }
        Poll::Ready(())
    }
}

impl<O: Observer> Observer for Audited<O> {
    fn poll_ready(&mut self, request: &Packet, cx: &mut Context<'_>) -> Poll<()> {
        ready!(self.judge.poll_ready(request, cx));
        match &self.desk {
            Some(desk) if desk.queue.required => {
                let desk = desk.clone();
                self.poll_desk(&desk, request, cx)
            }
            _ => Poll::Ready(()),
        }
    }

    fn request(&mut self, packet: &Packet) -> Verdict {
        let verdict = self.judge.request(packet);
        let Some(desk) = &self.desk else { return verdict };
        let place = self.place.take();
        let mut book = desk.book();
        match &verdict {
            Verdict::Forward => book.ledger.request(packet, place),
            Verdict::Answer(answer) => {
                let entry = book.ledger.denied(packet, answer, may_be_recorded(packet));
                drop(book);
                if let Some(entry) = entry {
                    desk.queue.put(desk.record(entry), place);
                }
            }
        }
        verdict
    }

    fn response(&mut self, packet: &Packet) {
        if let Some(desk) = &self.desk {
            let mut due = Vec::new();
            let mut book = desk.book();
            book.ledger.response(packet, Instant::now(), &mut due);
            if let Some(waker) = book.waker.take() {
                waker.wake();
            }
            drop(book);
            desk.put_all(due);
        }
        self.judge.response(packet);
    }
}

impl<O: fmt::Debug> fmt::Debug for Audited<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audited").field("judge", &self.judge).finish_non_exhaustive()
    }
}

impl Ending {
    /// Records what nobody answered, what nobody closed, and the end itself. The observer must be gone.
    ///
    /// Where nothing may go unrecorded, this waits for places as long as it takes. Not cancel-safe: what has no place yet
    /// is lost.
    pub async fn record(self, end: &SessionEnd<'_>) {
        let Some(desk) = self.0 else { return };
        let (waiting, mut due, counts) = {
            let mut book = desk.book();
            let due = book.ledger.end(Instant::now());
            (std::mem::take(&mut book.waiting), due, book.ledger.counts)
        };
        let number = |number: u64| (number > 0).then_some(Value::Number(number));
        let last = Entry::new("session_end")
            .with("close_code", Value::Number(end.close_code.into()))
            .with("reason", Value::sentence(end.reason))
            .with("bytes_up", Value::Number(end.bytes_up))
            .with("bytes_down", Value::Number(end.bytes_down))
            .with("packets", Value::Number(end.packets))
            .with("duration", Value::Time(end.duration))
            .with_some("sftp_version", counts.version.map(|version| Value::Number(version.into())))
            .with_some("denied", number(counts.denied))
            .with_some("unanswered", number(counts.unanswered))
            .with_some("unparsed", number(counts.unparsed))
            .with_some("untracked", number(counts.untracked));
        // Whoever waits for a place holds none: sessions that end together would wait for each other.
        let mut places: VecDeque<Place> = due.iter_mut().filter_map(|(_, place)| place.take()).collect();
        let due = due.into_iter().map(|(entry, _)| entry).chain([last]);
        let records: Vec<Record> = waiting.into_iter().chain(due.map(|entry| desk.record(entry))).collect();
        for record in records {
            let place = match places.pop_front() {
                None if desk.queue.required => Some(desk.queue.place().await),
                place => place,
            };
            desk.queue.put(record, place);
        }
    }
}
