//! How a request went.

use super::record::{Entry, Value};
use crate::sftp::{Answer, StatusCode};

/// What a record says of its request's result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Ok,
    Failed(StatusCode),
    /// No answer came, or none that can be read.
    Unknown,
}

/// Of draft-ietf-secsh-filexfer-02, section 7.
const NAMES: [&str; 9] = [
    "ok",
    "eof",
    "no_such_file",
    "permission_denied",
    "failure",
    "bad_message",
    "no_connection",
    "connection_lost",
    "op_unsupported",
];

impl Outcome {
    pub(super) fn of(answer: Option<&Answer<'_>>) -> Self {
        match answer {
            Some(Answer::Status(StatusCode::OK)) => Self::Ok,
            Some(Answer::Status(code)) => Self::Failed(*code),
            Some(Answer::Handle(_) | Answer::Extended(_)) => Self::Ok,
            Some(
                Answer::Version(_)
                | Answer::Data(_)
                | Answer::Names { .. }
                | Answer::Attributes(_)
                | Answer::Unknown(_),
            )
            | None => Self::Unknown,
        }
    }

    /// Adds `result`, and `status` where there is a number to tell.
    pub(super) fn tell(self, entry: Entry) -> Entry {
        match self {
            Self::Ok => entry.with("result", Value::Word("ok")),
            Self::Unknown => entry.with("result", Value::Word("unknown")),
            Self::Failed(code) => {
                let name = usize::try_from(code.0).ok().and_then(|number| NAMES.get(number));
                entry
                    .with("result", Value::Word(name.copied().unwrap_or("failed")))
                    .with("status", Value::Number(code.0.into()))
            }
        }
    }
}
