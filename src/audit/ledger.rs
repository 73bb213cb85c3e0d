//! What a session's requests do, as far as the packets tell. Pure: no IO, and the time comes in.
//!
//! A request is noted when it goes out, and recorded when its answer comes. Notes are keyed by request ids and not by
//! the order of the answers, and know their file by a number of ours and not by its handle, whose bytes the upstream may
//! use again as soon as it has closed the file.

use std::collections::HashMap;

use tokio::time::Instant;

use super::describe::{cut_short, describe, is_recorded, may_be_recorded};
use super::handles::{Handles, LONGEST_HANDLE};
use super::name::Name;
use super::note::{Asked, Counts, Note, Number};
use super::open_file::OpenFile;
use super::outcome::Outcome;
use super::record::{Entry, LONGEST_NAME, Value};
use super::strays::Strays;
use crate::sftp::{Answer, Arguments, Packet, PacketType, Pending, RequestKind, StatusCode};

/// Requests without an answer that are noted. Those beyond are not.
const NOTES: usize = 8192;

/// Files open at a time that are noted: more than sftp-server opens with the usual limit of descriptors.
const FILES: usize = 2048;

/// Requests that hold a place in the queue while they wait for their answers: one session cannot take them all.
pub(super) const PLACES: usize = 256;

/// Bytes of names beyond which less is kept of each.
const NAMES: usize = 512 * 1024;

/// Bytes that are kept of a name then.
const SHORT_NAME: usize = 128;

/// A record to be written, and the place that was reserved for it, if one was.
pub(super) type Due<P> = (Entry, Option<P>);

/// The ledger of one session. `P` is a place for a record.
#[derive(Debug)]
pub(super) struct Ledger<P> {
    pending: Pending<Note<P>>,
    files: HashMap<Number, OpenFile<P>>,
    handles: Handles,
    strays: Strays,
    /// OPENs without an answer.
    opening: usize,
    /// Notes with a place.
    places: usize,
    /// Bytes of names that are kept.
    names: usize,
    next: Number,
    pub(super) counts: Counts,
}

impl<P> Ledger<P> {
    pub(super) fn new() -> Self {
        Self {
            pending: Pending::new(NOTES),
            files: HashMap::new(),
            handles: Handles::default(),
            strays: Strays::new(),
            opening: 0,
            places: 0,
            names: 0,
            next: 0,
            counts: Counts::default(),
        }
    }

    /// Whether `request` can be noted with all that comes of it. `share` is how many places this session may hold.
    pub(super) fn has_room(&self, request: &Packet, share: usize) -> bool {
        let for_file = request.kind() != PacketType::OPEN || self.files.len() + self.opening < FILES;
        let for_place = self.places < share || !may_be_recorded(request);
        !self.pending.is_full() && for_file && for_place
    }

    /// A request on its way to the upstream; `place` is for its record.
    pub(super) fn request(&mut self, request: &Packet, place: Option<P>) {
        let arguments = Arguments::of(request);
        let row = RequestKind::of(request).ok().flatten();
        if arguments.is_err() || row.is_none() {
            self.counts.unparsed += 1;
        }
        let Some(row) = row else { return self.strays.is_unknown(request.id()) };
        let Some(id) = request.id() else { return };
        let asked = match arguments {
            Ok(arguments) => self.asked(&arguments),
            Err(_) => {
                self.cut_short(request, row).map_or(Asked::Nothing, |entry| Asked::Other(Box::new(entry)))
            }
        };
        let place = place.filter(|_| matches!(asked, Asked::Open(_) | Asked::Close(_) | Asked::Other(_)));
        self.names += asked.weight();
        self.opening += usize::from(matches!(asked, Asked::Open(_)));
        self.places += usize::from(place.is_some());
        let note = Note { number: self.number(), asked, place };
        if let Err(note) = self.pending.asked(id, note) {
            self.miss(note);
        }
    }

    /// A request that was answered here, by `answer`. `recorded` says whether that has a record of its own.
    pub(super) fn denied(&mut self, request: &Packet, answer: &Packet, recorded: bool) -> Option<Entry> {
        let Ok(Answer::Status(code)) = Answer::of(answer) else { return None };
        if code == StatusCode::OK {
            return None;
        }
        self.counts.denied += 1;
        let kind = RequestKind::of(request).ok().flatten().filter(|_| recorded)?;
        let entry = match Arguments::of(request) {
            Ok(arguments) => self.describe(&arguments),
            Err(_) => self.cut_short(request, kind).unwrap_or(Entry::new(kind.name)),
        };
        let entry = entry.with("result", Value::Word("denied"));
        let message = answer.status_message().map(String::from_utf8_lossy);
        Some(
            entry
                .with("status", Value::Number(code.0.into()))
                .with_some("reason", message.map(|message| Value::sentence(&message))),
        )
    }

    /// A response on its way to the client.
    pub(super) fn response(&mut self, response: &Packet, now: Instant, due: &mut Vec<Due<P>>) {
        let answer = Answer::of(response);
        if answer.is_err() {
            self.counts.unparsed += 1;
        }
        if let Ok(Answer::Version(version)) = answer {
            self.counts.version = Some(version);
        }
        if !response.kind().is_response() {
            return;
        }
        let Some(id) = response.id() else { return };
        let mut answer = answer.ok();
        if self.strays.take(id, answer.as_ref()) {
            return;
        }
        if self.strays.are_about() {
            self.handles.doubt(self.next);
            answer = answer.filter(|answer| matches!(answer, Answer::Handle(_)));
        }
        match self.pending.answered(id) {
            Some(note) => self.settle(note, answer.as_ref(), now, due),
            None => {
                self.strays.is_answered();
                if let Some(Answer::Handle(handle)) = answer {
                    self.let_go(handle, now, due);
                }
            }
        }
    }

    /// The session is over: what nobody answered, and what nobody closed.
    pub(super) fn end(&mut self, now: Instant) -> Vec<Due<P>> {
        let mut due = Vec::new();
        let mut notes: Vec<Note<P>> = self.pending.drain().collect();
        self.counts.unanswered += notes.len() as u64;
        notes.sort_unstable_by_key(|note| note.number);
        for note in notes {
            self.settle(note, None, now, &mut due);
        }
        self.handles.clear();
        let mut files: Vec<(Number, OpenFile<P>)> = self.files.drain().collect();
        files.sort_unstable_by_key(|(number, _)| *number);
        for (_, mut file) in files {
            self.names = self.names.saturating_sub(file.name.weight());
            let (outcome, place) = file.closed.take().unwrap_or((Outcome::Unknown, None));
            let forced = !file.closing;
            due.push((file.entry(outcome, forced, now), place));
        }
        due
    }

    fn asked(&mut self, arguments: &Arguments<'_>) -> Asked {
        match *arguments {
            Arguments::Open { path, flags, .. } => {
                return Asked::Open(Box::new((self.describe(arguments), self.name(path), flags)));
            }
            Arguments::Close { handle } => {
                let now = self.next;
                return match self.handles.file(handle) {
                    Some(number) => self.closes(handle, number),
                    None => {
                        self.handles.close_other(handle, now);
                        Asked::Nothing
                    }
                };
            }
            Arguments::Read { handle, offset, .. } => {
                return self.on_file(handle, |number, file| {
                    file.in_flight += 1;
                    Asked::Read(number, offset)
                });
            }
            Arguments::Write { handle, offset, data } => {
                return self.on_file(handle, |number, file| {
                    file.write(offset, data);
                    Asked::Write(number, data.len() as u64)
                });
            }
            Arguments::Fsetstat { handle, attributes } if attributes.size.is_some() => {
                self.on_file(handle, |_, file| {
                    file.is_changed();
                    Asked::Nothing
                });
            }
            Arguments::Setstat { path, attributes } if attributes.size.is_some() => {
                let name = self.name(path);
                self.files.values_mut().filter(|file| file.name == name).for_each(OpenFile::is_changed);
            }
            Arguments::CopyData { from, to, .. } => {
                self.on_file(to, |_, file| {
                    file.is_changed();
                    file.is_copied();
                    Asked::Nothing
                });
                self.on_file(from, |_, file| {
                    file.is_copied();
                    Asked::Nothing
                });
            }
            _ => {}
        }
        if is_recorded(arguments) { Asked::Other(Box::new(self.describe(arguments))) } else { Asked::Nothing }
    }

    /// From now on the upstream may give the handle to another file. Where there is no room to note the CLOSE, the file
    /// is taken for closed when that happens.
    fn closes(&mut self, handle: &[u8], number: Number) -> Asked {
        if !self.pending.is_full() {
            self.handles.take(handle);
        }
        if let Some(file) = self.files.get_mut(&number) {
            file.closing = true;
        }
        Asked::Close(number)
    }

    fn on_file(&mut self, handle: &[u8], then: impl FnOnce(Number, &mut OpenFile<P>) -> Asked) -> Asked {
        let number = self.handles.file(handle);
        match number.and_then(|number| Some((number, self.files.get_mut(&number)?))) {
            Some((number, file)) => then(number, file),
            None => {
                self.counts.untracked += 1;
                self.handles.is_guessed(self.next);
                Asked::Nothing
            }
        }
    }

    fn settle(&mut self, note: Note<P>, answer: Option<&Answer<'_>>, now: Instant, due: &mut Vec<Due<P>>) {
        let Note { number: asked_as, asked, place } = note;
        self.places = self.places.saturating_sub(usize::from(place.is_some()));
        self.names = self.names.saturating_sub(asked.weight());
        let outcome = Outcome::of(answer);
        match asked {
            Asked::Nothing => {}
            Asked::Other(entry) => {
                if let Some(Answer::Handle(handle)) = answer {
                    // A directory's now. The file that had it is known by its number until its CLOSE is answered.
                    self.let_go(handle, now, due);
                    self.handles.give_directory(handle, asked_as);
                }
                due.push((outcome.tell(*entry), place));
            }
            Asked::Open(opening) => {
                self.opening = self.opening.saturating_sub(1);
                let (entry, name, flags) = *opening;
                let tracked = match answer {
                    Some(Answer::Handle(handle)) => {
                        self.let_go(handle, now, due);
                        self.open(handle, asked_as, OpenFile::new(name, flags, now))
                    }
                    _ => true,
                };
                due.push((outcome.tell(entry).flag("untracked", !tracked), place));
            }
            Asked::Close(number) => {
                if let Some(file) = self.files.get_mut(&number) {
                    file.closed = Some((outcome, place));
                    self.close_if_over(number, now, due);
                }
            }
            Asked::Read(number, offset) => {
                let Some(file) = self.files.get_mut(&number) else { return };
                file.in_flight = file.in_flight.saturating_sub(1);
                match answer {
                    Some(Answer::Data(data)) => file.read(offset, data),
                    Some(Answer::Status(StatusCode::EOF)) => file.ends_at(offset),
                    _ => {}
                }
                self.close_if_over(number, now, due);
            }
            Asked::Write(number, length) => {
                let Some(file) = self.files.get_mut(&number) else { return };
                file.written(length, outcome);
                self.close_if_over(number, now, due);
            }
        }
    }

    /// The upstream calls a file by `handle`, that was asked for by request `asked`. Whether what is done by it will be
    /// known.
    fn open(&mut self, handle: &[u8], asked: Number, mut file: OpenFile<P>) -> bool {
        if self.files.len() >= FILES || handle.len() > LONGEST_HANDLE || !self.handles.is_sure(asked) {
            self.counts.untracked += 1;
            return false;
        }
        if !self.handles.is_whole(asked) {
            file.is_incomplete();
        }
        let number = self.number();
        self.names += file.name.weight();
        self.files.insert(number, file);
        self.handles.give(handle, number);
        true
    }

    /// The upstream gives `handle` to another file: whoever had it is closed, or its close is still to be answered.
    fn let_go(&mut self, handle: &[u8], now: Instant, due: &mut Vec<Due<P>>) {
        let Some(number) = self.handles.take(handle) else { return };
        if self.files.get(&number).is_some_and(|file| !file.closing)
            && let Some(file) = self.remove(number)
        {
            due.push((file.entry(Outcome::Unknown, false, now), None));
        }
    }

    /// A close is recorded when the READs and WRITEs before it are answered too, whatever the order.
    fn close_if_over(&mut self, number: Number, now: Instant, due: &mut Vec<Due<P>>) {
        let over = |file: &OpenFile<P>| file.in_flight == 0 && file.closed.is_some();
        if !self.files.get(&number).is_some_and(over) {
            return;
        }
        if let Some(mut file) = self.remove(number)
            && let Some((outcome, place)) = file.closed.take()
        {
            due.push((file.entry(outcome, false, now), place));
        }
    }

    fn remove(&mut self, number: Number) -> Option<OpenFile<P>> {
        let file = self.files.remove(&number)?;
        self.handles.forget(number);
        self.names = self.names.saturating_sub(file.name.weight());
        Some(file)
    }

    /// A request that goes through without a note.
    fn miss(&mut self, note: Note<P>) {
        self.counts.untracked += 1;
        self.strays.is_missed();
        self.places = self.places.saturating_sub(usize::from(note.place.is_some()));
        self.names = self.names.saturating_sub(note.asked.weight());
        match note.asked {
            Asked::Open(_) => self.opening = self.opening.saturating_sub(1),
            Asked::Read(number, _) | Asked::Write(number, _) => {
                if let Some(file) = self.files.get_mut(&number) {
                    file.is_missed();
                }
            }
            Asked::Close(number) => {
                // Its answer will not be known; the file is taken for closed when its handle comes again.
                if let Some(file) = self.files.get_mut(&number) {
                    file.closing = false;
                }
            }
            Asked::Nothing | Asked::Other(_) => {}
        }
    }

    fn describe(&self, arguments: &Arguments<'_>) -> Entry {
        let file = |handle: &[u8]| Some(self.files.get(&self.handles.file(handle)?)?.name.clone());
        describe(arguments, |bytes| self.name(bytes), file)
    }

    /// The entry for a request that ends before its last field, if it may open or change anything. Some servers take
    /// what is missing for 0.
    fn cut_short(&self, request: &Packet, row: &RequestKind) -> Option<Entry> {
        cut_short(row, Arguments::first_string(request).map(|bytes| self.name(bytes)))
    }

    fn name(&self, bytes: &[u8]) -> Name {
        Name::new(bytes, if self.names < NAMES { LONGEST_NAME } else { SHORT_NAME })
    }

    fn number(&mut self) -> Number {
        self.next += 1;
        self.next
    }
}

#[cfg(test)]
mod tests;
