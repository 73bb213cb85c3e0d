//! What the bridge tells the person while a session runs.

use super::shown;
use crate::login::{LARGEST_MESSAGE, ServerMessage};
use crate::websocket::Texts;

/// Notices of one session that are shown. A bridge sends two or three; one that sends more has other intentions.
const MOST: u32 = 100;

/// Shows notices on stderr, one line each. Other texts are those of a later version, and left alone.
pub(super) fn shown() -> Texts {
    let mut left = MOST;
    Box::new(move |text| {
        if let Some(line) = line(text).filter(|_| left > 0) {
            left -= 1;
            eprintln!("sftpbridge: {line}");
        }
    })
}

fn line(text: &str) -> Option<String> {
    if text.len() > LARGEST_MESSAGE {
        return None;
    }
    match serde_json::from_str(text) {
        Ok(ServerMessage::Notice { message, .. }) => Some(shown::line(&message)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_one_harmless_line_and_other_texts_are_nothing() {
        let notice = |message: &str| {
            serde_json::json!({"type": "notice", "kind": "later", "seconds": 9, "message": message})
                .to_string()
        };
        assert_eq!(line(&notice("Going\naway\x1b[2J.")).as_deref(), Some(r"Going\naway\u{1b}[2J."));
        assert_eq!(line(&notice(&"x".repeat(LARGEST_MESSAGE))), None);
        for text in ["", "{}", r#"{"type":"unheard-of"}"#, "[1]"] {
            assert_eq!(line(text), None, "{text}");
        }
    }
}
