//! Text of others, harmless on a terminal and on one line.

/// Control characters, and those that change the order of what is shown, by their escapes. What was escaped before
/// stays as it is.
pub(super) fn harmless(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, c| {
        match c {
            '"' | '\'' | '\\' => shown.push(c),
            c => shown.extend(c.escape_debug()),
        }
        shown
    })
}

/// Bytes of a server, at most 256 of them.
pub(super) fn bytes(bytes: &[u8]) -> String {
    let start = bytes.get(..bytes.len().min(256)).unwrap_or_default();
    harmless(&String::from_utf8_lossy(start))
}

/// The first line of what a server says, in quotes, at most 100 characters of it. `escaped` is text with line ends and
/// control characters as escapes. The rest is no use to people: it is the body of a page, or SFTP behind a greeting.
pub(super) fn first_line(escaped: &str) -> String {
    const MOST: usize = 100;
    let line = escaped.split("\\n").find(|line| !line.is_empty()).unwrap_or_default();
    let line = line.strip_suffix("\\r").unwrap_or(line);
    let shown: String = line.chars().take(MOST).collect();
    let rest = if shown.len() < line.len() { "..." } else { "" };
    format!("\"{shown}{rest}\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn people_read_it_and_terminals_do_not_obey() {
        assert_eq!(harmless(r#"says "it's ü" C:\x"#), r#"says "it's ü" C:\x"#);
        assert_eq!(harmless("a\x1b[2J\u{202e}b\r\n"), r"a\u{1b}[2J\u{202e}b\r\n");
        assert_eq!(bytes(b"/home/\xff\x07"), "/home/\u{fffd}\\u{7}");
    }

    #[test]
    fn of_a_long_speech_the_first_line_is_shown() {
        assert_eq!(
            first_line(r"HTTP/1.1 400 Bad Request\r\ndate: x\r\n\r\n"),
            r#""HTTP/1.1 400 Bad Request""#
        );
        assert_eq!(first_line(r"\nWelcome\n\x00\x00"), r#""Welcome""#);
        assert_eq!(first_line(r"\n"), r#""""#);
        assert_eq!(first_line(&"ü".repeat(101)), format!("\"{}...\"", "ü".repeat(100)));
    }

    proptest! {
        #[test]
        fn nothing_that_a_terminal_obeys_is_left(text in any::<String>()) {
            prop_assert!(!harmless(&text).chars().any(char::is_control));
        }
    }
}
