//! Text of others, made harmless for a terminal: it can neither move the cursor nor pretend to be ours.

/// One line: line breaks too are shown by their escapes.
pub(super) fn line(text: &str) -> String {
    text.chars().map(harmless).collect()
}

/// Several lines: line breaks stay, and the last one goes, as the caller adds its own.
pub(super) fn lines(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for part in text.trim_end_matches(['\r', '\n']).split('\n') {
        if !shown.is_empty() {
            shown.push('\n');
        }
        shown.push_str(&line(part.strip_suffix('\r').unwrap_or(part)));
    }
    shown
}

fn harmless(c: char) -> String {
    match c {
        '\t' => " ".to_owned(),
        c if c.is_control() || reorders(c) => c.escape_default().to_string(),
        c => c.to_string(),
    }
}

/// Characters that no terminal shows, and that change the order or the breaks of what it shows (Unicode UAX #9).
fn reorders(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn people_read_it_as_it_was_written() {
        assert_eq!(line("Paßwort für \"jürgen\" 日本: "), "Paßwort für \"jürgen\" 日本: ");
        assert_eq!(lines("one\r\ntwo\n\nthree\n"), "one\ntwo\n\nthree");
    }

    #[test]
    fn what_drives_a_terminal_is_shown_by_its_escape() {
        assert_eq!(line("\x1b[2J\x07\u{9b}1m"), r"\u{1b}[2J\u{7}\u{9b}1m");
        assert_eq!(line("a\nb\rc"), r"a\nb\rc");
        assert_eq!(lines("a\rb\u{202e}c\u{2028}"), r"a\rb\u{202e}c\u{2028}");
    }

    proptest! {
        #[test]
        fn nothing_that_a_terminal_obeys_is_left(text in any::<String>()) {
            prop_assert!(!line(&text).chars().any(|c| c.is_control() || reorders(c)));
            prop_assert!(!lines(&text).chars().any(|c| (c.is_control() && c != '\n') || reorders(c)));
        }
    }
}
