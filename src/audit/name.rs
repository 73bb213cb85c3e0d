//! Names as peers gave them: bytes, in which anything may stand, as members of a JSON object.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// A path or another text of a peer's, of which at most so many bytes are kept. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    kept: Arc<[u8]>,
    /// Bytes that it had.
    length: usize,
}

impl Name {
    /// Keeps at most `most` bytes.
    pub(super) fn new(bytes: &[u8], most: usize) -> Self {
        Self { kept: Arc::from(start(bytes, most)), length: bytes.len() }
    }

    /// Bytes that are kept.
    pub(super) fn weight(&self) -> usize {
        self.kept.len()
    }

    /// Adds the member `key`, with at most `most` bytes of the name.
    ///
    /// A name that is not UTF-8, or has characters that a terminal obeys, is escaped in `key` (`\xNN` for a byte, `\\`
    /// for a backslash), and stands as it was, in base64, in a second member `key_base64`. One that was cut has its
    /// length in `key_length`.
    pub(super) fn member(&self, key: &str, most: usize, line: &mut Vec<u8>) {
        let kept = start(&self.kept, most);
        match std::str::from_utf8(kept) {
            Ok(text) if !text.chars().any(is_obeyed) => member(key, text, line),
            _ => {
                member(key, &escaped(kept), line);
                member(&format!("{key}_base64"), &BASE64.encode(kept), line);
            }
        }
        if kept.len() < self.length {
            line.extend_from_slice(format!(",\"{key}_length\":{}", self.length).as_bytes());
        }
    }
}

/// Adds `,"key":"text"`.
pub(super) fn member(key: &str, text: &str, line: &mut Vec<u8>) {
    line.extend_from_slice(b",\"");
    line.extend_from_slice(key.as_bytes());
    line.extend_from_slice(b"\":");
    // A vector takes everything.
    let _ = serde_json::to_writer(line, text);
}

/// The first bytes of `bytes`, and no half character where they are UTF-8.
fn start(bytes: &[u8], most: usize) -> &[u8] {
    let Some(start) = bytes.get(..most) else { return bytes };
    if start.len() == bytes.len() {
        return bytes;
    }
    match std::str::from_utf8(start) {
        // Only the end is missing.
        Err(error) if error.error_len().is_none() => start.get(..error.valid_up_to()).unwrap_or_default(),
        _ => start,
    }
}

/// Control characters, line separators, and those that change the direction of what follows.
fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let escape = |text: &mut String, bytes: &[u8]| {
        for byte in bytes {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    };
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => text.push_str("\\\\"),
                c if is_obeyed(c) => escape(&mut text, c.encode_utf8(&mut [0; 4]).as_bytes()),
                c => text.push(c),
            }
        }
        escape(&mut text, chunk.invalid());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn rendered(bytes: &[u8], most: usize) -> Value {
        let mut line = b"{\"a\":0".to_vec();
        Name::new(bytes, most).member("path", most, &mut line);
        line.push(b'}');
        serde_json::from_slice(&line).unwrap()
    }

    #[test]
    fn a_plain_name_stands_as_it_is() {
        for name in ["/home/x", "it's \"quoted\" \\ back", "Grüße 文件 e\u{301}"] {
            let value = rendered(name.as_bytes(), 4096);
            assert_eq!((&value["path"], value.as_object().unwrap().len()), (&Value::from(name), 2));
        }
    }

    #[test]
    fn what_is_no_text_is_escaped_and_kept_in_base64() {
        for (bytes, escaped) in [
            (&b"a\nb"[..], "a\\x0ab"),
            (b"\x1b[2J\\", "\\x1b[2J\\\\"),
            (b"\xffx\xc3", "\\xffx\\xc3"),
            ("\u{9b}\u{202e}".as_bytes(), "\\xc2\\x9b\\xe2\\x80\\xae"),
            (b"\0", "\\x00"),
        ] {
            let value = rendered(bytes, 4096);
            assert_eq!(value["path"], escaped);
            assert_eq!(BASE64.decode(value["path_base64"].as_str().unwrap()).unwrap(), bytes);
        }
    }

    #[test]
    fn a_long_name_is_cut_at_a_character_and_its_length_is_told() {
        let value = rendered("ä".repeat(60).as_bytes(), 101);
        assert_eq!((&value["path"], &value["path_length"]), (&"ä".repeat(50).into(), &120.into()));
        assert!(value.get("path_base64").is_none());
        assert_eq!(rendered(&[0xFF; 60], 50)["path_length"], 60);
    }

    proptest! {
        #[test]
        fn whatever_the_bytes_they_come_back(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let value = rendered(&bytes, 4096);
            let plain = value["path"].as_str().unwrap().as_bytes().to_vec();
            let back = value.get("path_base64").map_or(plain, |b| BASE64.decode(b.as_str().unwrap()).unwrap());
            prop_assert_eq!(back, bytes);
        }
    }
}
