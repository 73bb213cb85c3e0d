//! What is said after `ready`.

use super::{NoticeKind, ServerMessage};
use crate::pump::Notice;

/// A notice as the JSON of its message.
pub fn notice(notice: Notice) -> String {
    let (kind, time, message) = match notice {
        Notice::Drain(time) => (NoticeKind::Drain, time, "The bridge is going away; please save your work."),
        Notice::Idle(time) => {
            (NoticeKind::Idle, time, "Nothing has happened for long; the session will end.")
        }
    };
    let message = ServerMessage::Notice { kind, seconds: time.as_secs(), message: message.to_owned() };
    serde_json::to_string(&message).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_notice_tells_what_and_when() {
        let text = notice(Notice::Drain(Duration::from_secs(30)));
        assert!(text.starts_with(r#"{"type":"notice","kind":"drain","seconds":30,"message":"#), "{text}");
        let text = notice(Notice::Idle(Duration::from_secs(60)));
        assert!(text.starts_with(r#"{"type":"notice","kind":"idle","seconds":60,"message":"#), "{text}");
    }
}
