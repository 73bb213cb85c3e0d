//! Answers to requests that were not noted: they must not pass for those of others, and least of all a failure for that of
//! something that was done.

use crate::sftp::{Answer, Pending, RequestId, StatusCode};

/// Requests of unknown types whose ids are kept. Stock clients send none.
const UNKNOWN: usize = 1024;

/// Requests that were not noted, and may be answered.
#[derive(Debug)]
pub(super) struct Strays {
    /// Requests of unknown types, which some servers answer by a failure, and sftp-server does not.
    unknown: Pending<()>,
    /// There were more of them than are kept.
    beyond: bool,
    /// Requests for which there was no room: each is answered.
    missed: u64,
}

impl Strays {
    pub(super) fn new() -> Self {
        Self { unknown: Pending::new(UNKNOWN), beyond: false, missed: 0 }
    }

    /// A request of an unknown type goes on. Who answers one without an id, does it under any.
    pub(super) fn is_unknown(&mut self, id: Option<RequestId>) {
        self.beyond |= id.is_none_or(|id| self.unknown.asked(id, ()).is_err());
    }

    /// A request goes on for which there is no room.
    pub(super) fn is_missed(&mut self) {
        self.missed += 1;
    }

    /// A response came that answers no note.
    pub(super) fn is_answered(&mut self) {
        self.missed = self.missed.saturating_sub(1);
    }

    /// Whether a response is taken for the answer to a request of an unknown type: a failure, by its id. If it was
    /// another's, that one stays without an answer, and nobody is told that it failed.
    pub(super) fn take(&mut self, id: RequestId, answer: Option<&Answer<'_>>) -> bool {
        let failed = matches!(answer, Some(Answer::Status(code)) if *code != StatusCode::OK);
        failed && self.unknown.answered(id).is_some()
    }

    /// Whether any response may be one of theirs.
    pub(super) fn are_about(&self) -> bool {
        self.beyond || self.missed > 0
    }
}
