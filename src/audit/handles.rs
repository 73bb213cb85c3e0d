//! What the upstream's handles mean, for as long as that is sure.
//!
//! Handles can be guessed: sftp-server counts them from 0, and gives those away again that were closed. A client that does
//! not wait for the answer to its OPEN can write to the file, or close it, before anybody here knows what the handle is.
//! What was opened before a guess is not trusted.

use std::collections::{HashMap, HashSet};

use super::note::Number;

/// Longest handle in bytes (draft-ietf-secsh-filexfer-02, section 6.3).
pub(super) const LONGEST_HANDLE: usize = 256;

/// Open directories that are known.
const DIRECTORIES: usize = 2048;

#[derive(Debug, Default)]
pub(super) struct Handles {
    files: HashMap<Box<[u8]>, Number>,
    directories: HashSet<Box<[u8]>>,
    /// What was asked up to here may have been read or written by a handle that was guessed.
    used: Number,
    /// What was asked up to here may have been closed by a handle that was guessed, and its name be another file's.
    closed: Number,
}

impl Handles {
    pub(super) fn file(&self, handle: &[u8]) -> Option<Number> {
        self.files.get(handle).copied()
    }

    /// The upstream calls a file by it.
    pub(super) fn give(&mut self, handle: &[u8], file: Number) {
        self.files.insert(handle.into(), file);
    }

    /// The upstream calls a directory by it, that was asked for by request `asked`.
    pub(super) fn give_directory(&mut self, handle: &[u8], asked: Number) {
        if self.directories.len() < DIRECTORIES && handle.len() <= LONGEST_HANDLE && self.is_sure(asked) {
            self.directories.insert(handle.into());
        }
    }

    /// The handle means nothing any more. Tells which file it was.
    pub(super) fn take(&mut self, handle: &[u8]) -> Option<Number> {
        self.directories.remove(handle);
        self.files.remove(handle)
    }

    /// A handle that is no file's was read or written by; requests up to `now` may be what it was opened by.
    pub(super) fn is_guessed(&mut self, now: Number) {
        self.used = now;
    }

    /// A handle that is no file's was closed.
    pub(super) fn close_other(&mut self, handle: &[u8], now: Number) {
        if !self.directories.remove(handle) {
            self.doubt(now);
        }
    }

    /// Nobody knows what the handles are that requests up to `now` are answered by.
    pub(super) fn doubt(&mut self, now: Number) {
        self.closed = now;
    }

    /// Whether the handle that answers request `asked` is certain to be its file's.
    pub(super) fn is_sure(&self, asked: Number) -> bool {
        asked > self.closed
    }

    /// Whether all was seen that was done by the handle that answers request `asked`.
    pub(super) fn is_whole(&self, asked: Number) -> bool {
        asked > self.used
    }

    pub(super) fn forget(&mut self, file: Number) {
        self.files.retain(|_, known| *known != file);
    }

    pub(super) fn clear(&mut self) {
        self.files.clear();
        self.directories.clear();
    }
}
