//! One line that is being typed, with the keys that correct it. The terminal does not do it while nothing is shown,
//! since then it would also act on Ctrl-C, and leave us no time to put it back in order.

use std::io;

use zeroize::{Zeroize, Zeroizing};

use super::LONGEST;
use crate::config::Secret;

const CTRL_C: u8 = 0x03;
const CTRL_D: u8 = 0x04;
const BACKSPACE: u8 = 0x08;
const CTRL_U: u8 = 0x15;
const CTRL_W: u8 = 0x17;
const DELETE: u8 = 0x7f;

/// What has been typed so far.
pub(super) struct Line(Zeroizing<Vec<u8>>);

impl Line {
    pub(super) fn new() -> Self {
        // Room for everything at once: a buffer that grew would leave copies behind.
        Self(Zeroizing::new(Vec::with_capacity(LONGEST)))
    }

    /// Takes one byte; the answer comes with the end of the line.
    pub(super) fn push(&mut self, byte: u8) -> Option<io::Result<Secret>> {
        match byte {
            b'\n' | b'\r' => return Some(self.finish()),
            CTRL_C => return Some(Err(io::ErrorKind::Interrupted.into())),
            CTRL_D if self.0.is_empty() => return Some(Err(io::ErrorKind::UnexpectedEof.into())),
            BACKSPACE | DELETE => self.delete(),
            CTRL_U => self.0.clear(),
            CTRL_W => self.delete_word(),
            0..=0x1f => {}
            _ if self.0.len() < LONGEST => self.0.push(byte),
            _ => {}
        }
        None
    }

    /// The terminal has no more to give.
    pub(super) fn finish(&mut self) -> io::Result<Secret> {
        String::from_utf8(std::mem::take(&mut *self.0)).map(Secret::new).map_err(|error| {
            error.into_bytes().zeroize();
            io::Error::other("what was typed is not UTF-8")
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One character, which in UTF-8 is a byte and those before it that continue it.
    fn delete(&mut self) {
        while self.0.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
    }

    fn delete_word(&mut self) {
        let text = self.0.trim_ascii_end();
        let keep = text.iter().rposition(|byte| *byte == b' ').map_or(0, |space| space + 1);
        self.0.truncate(keep);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &str) -> io::Result<Secret> {
        let mut line = Line::new();
        keys.bytes().find_map(|byte| line.push(byte)).expect("the end of the line")
    }

    #[test]
    fn the_usual_keys_correct_it() {
        for (keys, text) in [
            ("abc\n", "abc"),
            ("\r", ""),
            ("ax\x7fbü日\x08\x08c\n", "abc"),
            ("wrong\x15right\n", "right"),
            ("one two \x17three\n", "one three"),
            ("one\x17\x17two\n", "two"),
            ("a\x1b\x04\tb\n", "ab"),
            (" \x7f\x7f x \n", " x "),
        ] {
            assert_eq!(typed(keys).unwrap().expose(), text, "{keys:?}");
        }
    }

    #[test]
    fn it_can_be_called_off() {
        assert_eq!(typed("abc\x03").unwrap_err().kind(), io::ErrorKind::Interrupted);
        assert_eq!(typed("\x04").unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn it_is_bounded() {
        assert_eq!(typed(&format!("{}\n", "x".repeat(9000))).unwrap().expose().len(), LONGEST);
    }
}
