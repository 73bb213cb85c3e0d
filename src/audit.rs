//! Who did what with which file: a record for each, as a line of JSON.
//!
//! An observer of the pump keeps a ledger of its session, and hands records to one writer through a queue of bounded
//! length. It never changes a packet. Where records are required, a request waits until there is a place for its record,
//! and in no other case. docs/audit.md describes the records.

mod audited;
mod batch;
mod describe;
mod handles;
mod ledger;
mod name;
mod note;
mod open_file;
mod outcome;
mod queue;
mod record;
mod sequence;
mod sink;
mod strays;
mod syslog;
mod writer;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::config;
use crate::file_error::Unwritable;
use crate::pump::Observer;

pub use audited::{Audited, Ending, SessionEnd};

use audited::Desk;
use queue::Queue;
use record::{Entry, Record, Value, whose};
use sink::Sink;
use writer::Writer;

/// Where records go. Cheap to clone; the clones are one.
#[derive(Debug, Clone)]
pub struct Audit {
    /// `None` where there are to be no records.
    queue: Option<Arc<Queue>>,
}

/// The audit log cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The file.
    #[error("audit.file: cannot open {}: {}", .path.display(), Unwritable(.source))]
    File {
        /// Its path.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The socket of the syslog daemon.
    #[error("audit.syslog: no way to the daemon at {}: {}", .path.display(), unheard(.source))]
    Syslog {
        /// Its path.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The system has no thread for the writer.
    #[error("audit: cannot start the writer: {0}")]
    Thread(io::Error),
}

/// What to do about a daemon that is out of reach.
fn unheard(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => Unwritable(error).to_string(),
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
            format!("{error}; start the daemon; in a container mount its socket")
        }
        _ => error.to_string(),
    }
}

/// Whose session it is.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Its name.
    pub session: &'a str,
    /// Who has logged in, or tried to.
    pub user: &'a str,
    /// How; empty where that is not known.
    pub method: &'a str,
    /// Where.
    pub upstream: &'a str,
    /// The client's address.
    pub peer: &'a str,
}

/// Why a login was refused.
#[derive(Debug, Clone, Copy)]
pub struct RefusedLogin<'a> {
    /// The HTTP status that stands for it.
    pub http_status: u16,
    /// The sentence that the visitor was told.
    pub reason: &'a str,
    /// What the log knows beside.
    pub cause: &'a str,
}

impl Audit {
    /// Opens the log, and starts its writer.
    ///
    /// # Errors
    /// [`AuditError`]
    pub fn start(settings: &config::Audit) -> Result<Self, AuditError> {
        let Some(sink) = &settings.sink else { return Ok(Self { queue: None }) };
        let sink = Sink::open(sink)?;
        let required = settings.required;
        let (queue, records) = Queue::new(required);
        let tally = Arc::clone(&queue.tally);
        Writer { sink, records, tally, required }.start().map_err(AuditError::Thread)?;
        Ok(Self { queue: Some(Arc::new(queue)) })
    }

    /// Records that a session begins. The observer records what passes `judge`, and what does not; what is left when the
    /// observer is gone is recorded by the [`Ending`].
    pub fn session<O: Observer>(&self, subject: &Subject<'_>, judge: O) -> (Audited<O>, Ending) {
        let Some(queue) = &self.queue else { return (Audited::new(judge, None), Ending(None)) };
        let desk = Desk::new(queue, whose(subject));
        desk.begin([login(subject).with("result", Value::Word("ok")), Entry::new("session_start")]);
        (Audited::new(judge, Some(desk.clone())), Ending(Some(desk)))
    }

    /// Records that credentials were judged, and refused. It changed nothing, so that it waits for nothing: where the
    /// queue is full, the record is lost, and counted.
    pub fn login_refused(&self, subject: &Subject<'_>, refused: &RefusedLogin<'_>) {
        let Some(queue) = &self.queue else { return };
        let entry = login(subject)
            .with("result", Value::Word("refused"))
            .with("http_status", Value::Number(refused.http_status.into()))
            .with("reason", Value::sentence(refused.reason))
            .with("cause", Value::sentence(refused.cause));
        queue.put(Record::new(SystemTime::now(), &whose(subject), entry), None);
    }

    /// Has the file opened anew, soon. Where that fails, the one that is open is kept, and the log says why.
    pub fn reopen(&self) {
        if let Some(queue) = &self.queue {
            queue.tally.reopen.notify_one();
        }
    }

    /// Waits until all records so far are written, for at most `limit`.
    pub async fn flush(&self, limit: Duration) {
        let Some(queue) = &self.queue else { return };
        queue.tally.tell();
        let unwritten = queue.flush(limit).await;
        if unwritten > 0 {
            tracing::error!(event = %"audit_unwritten", unwritten, "the audit log did not take these records in time");
        }
    }
}

fn login(subject: &Subject<'_>) -> Entry {
    let method = (!subject.method.is_empty()).then(|| Value::sentence(subject.method));
    Entry::new("login").with_some("method", method)
}

#[cfg(test)]
mod tests;
