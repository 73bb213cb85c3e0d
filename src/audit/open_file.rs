//! A file that is open, and what went through it.

use tokio::time::Instant;

use super::name::Name;
use super::outcome::Outcome;
use super::record::{Entry, Value};
use super::sequence::Sequence;
use crate::sftp::OpenFlags;

/// An open file. `P` is a place for its last record.
#[derive(Debug)]
pub(super) struct OpenFile<P> {
    pub(super) name: Name,
    opened: Instant,
    bytes_read: u64,
    bytes_written: u64,
    reads: Sequence,
    /// The file's end was read where the sequence had come to.
    read_to_end: bool,
    writes: Sequence,
    /// READs and WRITEs without an answer.
    pub(super) in_flight: usize,
    /// CLOSE was sent.
    pub(super) closing: bool,
    /// CLOSE was answered.
    pub(super) closed: Option<(Outcome, Option<P>)>,
    /// The upstream copied from or to it by itself.
    copied: bool,
    /// Something went through that was not noted.
    incomplete: bool,
}

impl<P> OpenFile<P> {
    pub(super) fn new(name: Name, flags: OpenFlags, opened: Instant) -> Self {
        let fresh = flags.has(OpenFlags::TRUNCATE) || flags.has(OpenFlags::CREATE | OpenFlags::EXCLUSIVE);
        let from_start = flags.has(OpenFlags::WRITE) && fresh && !flags.has(OpenFlags::APPEND);
        Self {
            name,
            opened,
            bytes_read: 0,
            bytes_written: 0,
            reads: Sequence::new(),
            read_to_end: false,
            writes: if from_start { Sequence::new() } else { Sequence::broken() },
            in_flight: 0,
            closing: false,
            closed: None,
            copied: false,
            incomplete: false,
        }
    }

    /// A WRITE is on its way. Its bytes are hashed now, as they are not kept: an answer that is not "ok" spoils the hash.
    pub(super) fn write(&mut self, offset: u64, data: &[u8]) {
        self.in_flight += 1;
        self.writes.add(offset, data);
    }

    pub(super) fn written(&mut self, length: u64, outcome: Outcome) {
        self.in_flight = self.in_flight.saturating_sub(1);
        match outcome {
            Outcome::Ok => self.bytes_written = self.bytes_written.saturating_add(length),
            Outcome::Failed(_) | Outcome::Unknown => self.writes.spoil(),
        }
    }

    pub(super) fn read(&mut self, offset: u64, data: &[u8]) {
        self.bytes_read = self.bytes_read.saturating_add(data.len() as u64);
        self.reads.add(offset, data);
    }

    /// There is nothing from `offset` on.
    pub(super) fn ends_at(&mut self, offset: u64) {
        self.read_to_end |= self.reads.is_at(offset);
    }

    /// Its contents are changed otherwise than by WRITE.
    pub(super) fn is_changed(&mut self) {
        self.writes.spoil();
    }

    pub(super) fn is_copied(&mut self) {
        self.copied = true;
    }

    /// A READ or WRITE goes through that nobody will count.
    pub(super) fn is_missed(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.is_incomplete();
    }

    /// READs and WRITEs may have gone through that nobody counted.
    pub(super) fn is_incomplete(&mut self) {
        self.incomplete = true;
        self.reads.spoil();
        self.writes.spoil();
    }

    /// The record of its close.
    pub(super) fn entry(self, outcome: Outcome, forced: bool, now: Instant) -> Entry {
        let read = self.reads.digest().filter(|_| self.read_to_end);
        let written = self.writes.digest().filter(|_| self.in_flight == 0);
        let entry = Entry::new("close").with("path", Value::Name(self.name));
        outcome
            .tell(entry)
            .with("bytes_read", Value::Number(self.bytes_read))
            .with("bytes_written", Value::Number(self.bytes_written))
            .with("duration", Value::Time(now.saturating_duration_since(self.opened)))
            .with_some("sha256_read", read.map(Value::Digest))
            .with_some("sha256_written", written.map(Value::Digest))
            .flag("copy_data", self.copied)
            .flag("incomplete", self.incomplete)
            .flag("forced", forced)
    }
}
