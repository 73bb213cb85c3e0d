//! Handles: what a session has open. A handle is never used twice, so a late request cannot reach
//! another file than the one it was meant for.

use std::collections::HashMap;

use super::file::OpenFile;
use super::listing::Listing;
use super::reply::{Answer, Refusal, Reply};

/// The most handles of one session.
pub(super) const MAX_HANDLES: usize = 256;

/// The open files and directories of one session; dropped, all are closed.
#[derive(Debug, Default)]
pub(super) struct Handles {
    open: HashMap<String, Opened>,
    next: u64,
}

#[derive(Debug)]
pub(super) enum Opened {
    File(OpenFile),
    Directory(Listing),
}

impl Handles {
    /// Opens something when there is room for it.
    pub(super) fn open(&mut self, open: impl FnOnce() -> Result<Opened, Refusal>) -> Answer {
        if self.open.len() >= MAX_HANDLES {
            return Err(Refusal::failure("Too many open handles"));
        }
        let opened = open()?;
        let handle = self.next.to_string();
        self.next += 1;
        self.open.insert(handle.clone(), opened);
        Ok(Reply::Handle(handle))
    }

    pub(super) fn close(&mut self, handle: &str) -> Answer {
        self.open.remove(handle).map(|_| Reply::Done).ok_or_else(invalid)
    }

    pub(super) fn file(&self, handle: &str) -> Result<&OpenFile, Refusal> {
        match self.open.get(handle) {
            Some(Opened::File(file)) => Ok(file),
            Some(Opened::Directory(_)) | None => Err(invalid()),
        }
    }

    pub(super) fn directory(&mut self, handle: &str) -> Result<&mut Listing, Refusal> {
        match self.open.get_mut(handle) {
            Some(Opened::Directory(listing)) => Ok(listing),
            Some(Opened::File(_)) | None => Err(invalid()),
        }
    }
}

fn invalid() -> Refusal {
    Refusal::failure("Invalid handle")
}
