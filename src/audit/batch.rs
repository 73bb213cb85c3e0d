//! Lines that are written together.

use super::record::{LONGEST_NAME, Record};

/// Bytes beyond which no line is added.
const BYTES: usize = 256 * 1024;

/// Bytes of a name in a line that would be too long with all of it.
const SHORT_NAME: usize = 256;

/// Whole lines, and how far they are written.
#[derive(Debug, Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    /// Where each line ends.
    ends: Vec<usize>,
    written: usize,
}

impl Batch {
    pub(super) fn has_room(&self) -> bool {
        self.bytes.len() < BYTES
    }

    /// Adds a record; where its line would be over `longest`, with less of its names.
    pub(super) fn push(&mut self, record: &Record, longest: usize) {
        let start = self.bytes.len();
        record.write(LONGEST_NAME, &mut self.bytes);
        if self.bytes.len() - start > longest {
            self.bytes.truncate(start);
            record.write(SHORT_NAME, &mut self.bytes);
        }
        self.ends.push(self.bytes.len());
    }

    /// What is still to be written.
    pub(super) fn rest(&self) -> &[u8] {
        self.bytes.get(self.written..).unwrap_or_default()
    }

    /// What is still to be written of the line that is next.
    pub(super) fn line(&self) -> &[u8] {
        let end = self.ends.iter().find(|end| **end > self.written).copied().unwrap_or_default();
        self.bytes.get(self.written..end).unwrap_or_default()
    }

    pub(super) fn wrote(&mut self, bytes: usize) {
        self.written = (self.written + bytes).min(self.bytes.len());
    }

    /// Takes out what is written; tells how many records that was.
    pub(super) fn settle(&mut self) -> u64 {
        let lines = self.ends.iter().filter(|end| **end <= self.written).count();
        let end = lines.checked_sub(1).and_then(|last| self.ends.get(last)).copied().unwrap_or_default();
        self.bytes.drain(..end);
        self.ends.drain(..lines);
        self.ends.iter_mut().for_each(|other| *other -= end);
        self.written -= end;
        lines as u64
    }

    /// Gives up what is not written, but for the rest of a line of which a part is: half a line would spoil the next.
    /// Tells how many records that was.
    pub(super) fn give_up(&mut self) -> u64 {
        let kept = usize::from(self.written > 0);
        let lost = self.ends.len().saturating_sub(kept);
        self.ends.truncate(kept);
        self.bytes.truncate(self.ends.last().copied().unwrap_or_default());
        lost as u64
    }

    /// Begins the line anew of which a part is written: it goes to another file now.
    pub(super) fn start_over(&mut self) {
        self.written = 0;
    }

    #[cfg(test)]
    fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::audit::name::Name;
    use crate::audit::record::{Entry, Value};

    fn record(path: &[u8]) -> Record {
        let entry = Entry::new("rename")
            .with("path", Value::Name(Name::new(path, LONGEST_NAME)))
            .with("new_path", Value::Name(Name::new(path, LONGEST_NAME)));
        Record::new(SystemTime::UNIX_EPOCH, &Vec::new().into(), entry)
    }

    fn batch(count: usize) -> (Batch, usize) {
        let mut batch = Batch::default();
        (0..count).for_each(|_| batch.push(&record(b"x"), usize::MAX));
        let line = batch.rest().len() / count.max(1);
        (batch, line)
    }

    #[test]
    fn what_is_written_is_taken_out_line_by_line() {
        let (mut batch, line) = batch(3);
        batch.wrote(line + 5);
        assert_eq!(batch.line().len(), line - 5);
        assert_eq!((batch.settle(), batch.rest().len()), (1, 2 * line - 5));
        batch.wrote(2 * line - 5);
        assert_eq!((batch.settle(), batch.is_empty(), batch.rest().len()), (2, true, 0));
    }

    #[test]
    fn half_a_line_keeps_its_other_half_when_the_rest_is_given_up() {
        let (mut batch, line) = batch(3);
        batch.wrote(line + 5);
        batch.settle();
        assert_eq!((batch.give_up(), batch.rest().len()), (1, line - 5));
        batch.start_over();
        assert_eq!(batch.rest().len(), line);
        assert_eq!((batch.give_up(), batch.is_empty()), (1, true));
    }

    #[test]
    fn a_line_that_is_too_long_has_shorter_names() {
        let mut batch = Batch::default();
        batch.push(&record(&[0xFF; 5000]), 8000);
        assert!(batch.rest().len() < 4500, "{}", batch.rest().len());
        let value: serde_json::Value = serde_json::from_slice(batch.rest()).unwrap();
        assert_eq!(value["path_length"], 5000);
    }
}
