//! The page proxy.toml(5), out of the file itself: it has every key with its default, and comments that explain it.

use clap_mangen::roff::{Roff, bold, roman};

const FILE: &str = include_str!("../../../proxy.toml");

/// What a line of the file is.
#[derive(Debug, PartialEq)]
enum Line<'a> {
    /// `[listen]`
    Section(&'a str),
    /// `address = "127.0.0.1:8022"`
    Key(&'a str),
    Comment(&'a str),
    Empty,
}

impl<'a> Line<'a> {
    /// Keys and sections that are off by default are comments, too, and keep their sign.
    fn of(line: &'a str) -> Self {
        let Some(comment) = line.strip_prefix('#').map(str::trim_start) else {
            return if line.is_empty() {
                Self::Empty
            } else {
                Self::active(line).unwrap_or(Self::Comment(line))
            };
        };
        // A kind of credentials is introduced by such a line; it is no example of the key.
        let is_text = comment.starts_with("credentials = ");
        match Self::active(comment).filter(|_| !is_text) {
            Some(Self::Key(_)) => Self::Key(line),
            Some(Self::Section(_)) => Self::Section(line),
            _ if comment.is_empty() => Self::Empty,
            _ => Self::Comment(comment),
        }
    }

    fn active(line: &'a str) -> Option<Self> {
        let is_key = line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
        let is_section = line.starts_with('[') && line.ends_with(']');
        is_section.then_some(Self::Section(line)).or(is_key.then_some(Self::Key(line)))
    }
}

/// The page without its title.
pub(super) fn page() -> Roff {
    let mut page = Page::default();
    page.section("NAME");
    page.roff.text([roman("proxy.toml - configuration of sftpbridge")]);
    page.section("DESCRIPTION");
    for line in FILE.lines().map(Line::of).chain([Line::Empty]) {
        match line {
            Line::Comment(text) => {
                page.describe_keys();
                page.comment.push(text);
            }
            Line::Key(key) => page.keys.push(key),
            Line::Section(section) => {
                page.describe_keys();
                page.section(section);
                page.paragraph();
            }
            Line::Empty => {
                page.describe_keys();
                page.paragraph();
            }
        }
    }
    page.section("SEE ALSO");
    page.roff.text([roman("sftpbridge(1), sftpbridge-serve(1), sftpbridge-check(1)")]);
    page.roff
}

/// The page so far, and the lines whose place is not known yet.
#[derive(Default)]
struct Page<'a> {
    roff: Roff,
    comment: Vec<&'a str>,
    keys: Vec<&'a str>,
    /// Whether nothing stands under the last header yet.
    is_fresh: bool,
}

impl Page<'_> {
    fn section(&mut self, header: &str) {
        self.roff.control("SH", [header]);
        self.is_fresh = true;
    }

    /// The keys that one comment is about, with that comment. Without keys it is kept: it may belong to what follows.
    fn describe_keys(&mut self) {
        for (index, key) in self.keys.iter().enumerate() {
            self.roff.control(if index == 0 { "TP" } else { "TQ" }, []);
            self.roff.text([bold(*key)]);
        }
        if !self.keys.is_empty() {
            self.roff.text([roman(self.comment.join("\n"))]);
            self.keys.clear();
            self.comment.clear();
            self.is_fresh = false;
        }
    }

    /// A comment that is about no key.
    fn paragraph(&mut self) {
        if self.comment.is_empty() {
            return;
        }
        if !self.is_fresh {
            self.roff.control("PP", []);
        }
        self.roff.text([roman(self.comment.join("\n"))]);
        self.comment.clear();
        self.is_fresh = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_apart() {
        assert_eq!(Line::of("idle = \"15m\""), Line::Key("idle = \"15m\""));
        assert_eq!(Line::of("# users_file = \"users\""), Line::Key("# users_file = \"users\""));
        assert_eq!(Line::of("# [identity.jwt]"), Line::Section("# [identity.jwt]"));
        assert_eq!(Line::of("# credentials = \"password\""), Line::Comment("credentials = \"password\""));
        assert_eq!(Line::of("# The name, as in a = b."), Line::Comment("The name, as in a = b."));
        assert_eq!(Line::of("#"), Line::Empty);
    }

    #[test]
    fn every_line_of_the_file_is_in_the_page() {
        let page = page().to_roff();
        let plain = page.replace("\\-", "-").replace("\\&", "").replace("\\fB", "").replace("\\fR", "");
        let words: Vec<&str> =
            FILE.lines().flat_map(|line| line.trim_start_matches("# ").split(' ')).collect();
        let missing: Vec<&&str> = words.iter().filter(|word| !plain.contains(**word)).collect();
        assert!(words.len() > 1000 && missing.is_empty(), "{missing:?}");
    }
}
