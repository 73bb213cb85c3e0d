//! What is known of a session: what its handles are, and where its relative paths start.
//!
//! Handles are learnt from the server's answers, and which request an answer belongs to is told by its id. So no two
//! requests may be on their way under one id: whoever answers out of order could be made to give a file the path of
//! another one.

use std::collections::HashMap;

use super::denial::Denial;
use super::path::{self, Path, Place};
use crate::sftp::{Answer, Arguments, OpenFlags, Packet, RequestId};

/// Requests without an answer.
const UNANSWERED: usize = 16_384;

/// Open files and directories. OpenSSH's own limit is about as high.
const OPEN: usize = 1024;

/// Bytes of their paths in all.
const PATHS: usize = 512 * 1024;

/// Longest handle in bytes (draft-ietf-secsh-filexfer-02, section 6.2).
const LONGEST_HANDLE: usize = 256;

/// What is known of a session.
#[derive(Debug, Default)]
pub(super) struct Session {
    start: Option<Place>,
    handles: HashMap<Box<[u8]>, Box<Opened>>,
    noted: HashMap<RequestId, Note>,
    /// Files that are being opened.
    opening: usize,
    /// Bytes of the paths of files that are open or being opened.
    paths: usize,
    /// All requests without an answer, noted or not.
    unanswered: usize,
    /// A request of an unknown type went on, which some servers answer and others do not.
    uncountable: bool,
}

/// An open file or directory.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Opened {
    /// Its path, as the client wrote it.
    pub(super) path: Box<[u8]>,
    /// How it was opened; a directory is read.
    pub(super) flags: OpenFlags,
}

/// What an answer will tell.
#[derive(Debug)]
enum Note {
    /// Nothing.
    Other,
    /// Where relative paths start.
    Start,
    /// The handle of a file.
    Open(Box<Opened>),
}

impl Session {
    /// Where relative paths start, once the server has told.
    pub(super) fn start(&self) -> Option<&[u8]> {
        self.start.as_deref()
    }

    /// What a handle is.
    pub(super) fn opened(&self, handle: &[u8]) -> Option<&Opened> {
        self.handles.get(handle).map(|opened| &**opened)
    }

    /// A request goes on that nobody will ask anything of.
    pub(super) fn counted(&mut self) {
        self.unanswered += 1;
    }

    /// A request of an unknown type goes on. From now on nobody can say whether all requests are answered, so that no
    /// handle can be learnt any more, should rules come that ask for it.
    pub(super) fn is_uncountable(&mut self) {
        self.uncountable = true;
    }

    /// A response to a request that nobody asks anything of.
    pub(super) fn uncounted(&mut self) {
        self.unanswered = self.unanswered.saturating_sub(1);
    }

    /// Forgets the handles. Where the session starts stays true.
    pub(super) fn forget(&mut self) {
        let Session { start, unanswered, uncountable, .. } = std::mem::take(self);
        *self = Session { start, unanswered, uncountable, ..Session::default() };
    }

    /// Whether requests are on their way that were not noted, so that nobody can say what an answer is for.
    fn is_blind(&self) -> bool {
        self.uncountable || self.unanswered > self.noted.len()
    }

    /// Whether there is room to note a request.
    ///
    /// # Errors
    /// Why it must not go on.
    pub(super) fn has_room(&self, id: RequestId, arguments: &Arguments<'_>) -> Result<(), Denial> {
        let path = match arguments {
            Arguments::Open { path, .. } | Arguments::Opendir { path } => Some(path.len()),
            _ => None,
        };
        if self.noted.contains_key(&id) {
            return Err(Denial::Id);
        }
        if self.unanswered >= UNANSWERED {
            return Err(Denial::Unanswered);
        }
        match path {
            Some(_) if self.is_blind() => Err(Denial::Changed),
            Some(_) if self.handles.len() + self.opening >= OPEN => Err(Denial::Open),
            Some(bytes) if self.paths + bytes > PATHS => Err(Denial::Open),
            _ => Ok(()),
        }
    }

    /// Notes a request that goes on; there is room for it.
    pub(super) fn note(&mut self, id: RequestId, arguments: &Arguments<'_>) {
        let note = match *arguments {
            Arguments::Open { path, flags, .. } => self.opens(path, flags),
            Arguments::Opendir { path } => self.opens(path, OpenFlags(OpenFlags::READ)),
            // To some servers the empty path is another place than the one where relative paths start.
            Arguments::Realpath { path }
                if !path.is_empty() && Path::read(path, None).is_ok_and(|path| path.is_start) =>
            {
                Note::Start
            }
            Arguments::Close { handle } => {
                self.close(handle);
                Note::Other
            }
            _ => Note::Other,
        };
        if !self.is_blind() {
            self.noted.insert(id, note);
        }
        self.unanswered += 1;
    }

    fn opens(&mut self, path: &[u8], flags: OpenFlags) -> Note {
        self.opening += 1;
        self.paths += path.len();
        Note::Open(Box::new(Opened { path: path.into(), flags }))
    }

    /// From now on the server may give the handle to another file: what comes with it is nobody's until it says so.
    fn close(&mut self, handle: &[u8]) {
        if let Some(opened) = self.handles.remove(handle) {
            self.paths -= opened.path.len();
            return;
        }
        // Perhaps the client guesses what the server will call a file that it opens just now. Then the name is free
        // again before we hear of it.
        if self.opening > 0 {
            for note in self.noted.values_mut() {
                if matches!(note, Note::Open(_)) {
                    let Note::Open(opened) = std::mem::replace(note, Note::Other) else { continue };
                    self.paths -= opened.path.len();
                }
            }
            self.opening = 0;
        }
    }

    /// Learns from a response.
    pub(super) fn learn(&mut self, response: &Packet) {
        let blind = self.is_blind();
        let note = response.id().and_then(|id| self.noted.remove(&id));
        // What answers nothing makes no room for another request.
        if blind || note.is_some() {
            self.uncounted();
        }
        let Some(note) = note else { return };
        match (note, Answer::of(response)) {
            (Note::Start, Ok(Answer::Names { first: Some(first), .. })) if first.starts_with(b"/") => {
                // It does not move, and what was judged once stays so.
                self.start.get_or_insert_with(|| path::normal(first));
            }
            (Note::Open(opened), answer) => {
                self.opening -= 1;
                self.paths -= opened.path.len();
                if let Ok(Answer::Handle(handle)) = answer {
                    self.opened_as(handle, opened);
                }
            }
            _ => {}
        }
    }

    fn opened_as(&mut self, handle: &[u8], opened: Box<Opened>) {
        if handle.len() > LONGEST_HANDLE {
            return;
        }
        self.paths += opened.path.len();
        if let Some(before) = self.handles.insert(handle.into(), opened) {
            self.paths -= before.path.len();
        }
    }
}

#[cfg(test)]
mod tests;
