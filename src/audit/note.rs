//! What the ledger keeps of a request until its answer comes.

use super::name::Name;
use super::record::Entry;
use crate::sftp::OpenFlags;

/// Of requests, notes and files alike, in the order of their appearance.
pub(super) type Number = u64;

/// What does not stand in any record of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    /// Packets that could not be read.
    pub(super) unparsed: u64,
    /// Requests and files that were not noted, because there were too many.
    pub(super) untracked: u64,
    /// Requests that were answered here.
    pub(super) denied: u64,
    /// Requests that nobody answered.
    pub(super) unanswered: u64,
    /// Of VERSION.
    pub(super) version: Option<u32>,
}

#[derive(Debug)]
pub(super) struct Note<P> {
    pub(super) number: Number,
    pub(super) asked: Asked,
    pub(super) place: Option<P>,
}

/// What an answer will tell.
#[derive(Debug)]
pub(super) enum Asked {
    /// Nothing that is recorded. It is noted so that its answer is not taken for that of another of the same id.
    Nothing,
    Open(Box<(Entry, Name, OpenFlags)>),
    Close(Number),
    Read(Number, u64),
    Write(Number, u64),
    /// Everything else has its record ready but for the result.
    Other(Box<Entry>),
}

impl Asked {
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Open(opening) => opening.0.weight(),
            Self::Other(entry) => entry.weight(),
            Self::Nothing | Self::Close(_) | Self::Read(..) | Self::Write(..) => 0,
        }
    }
}
