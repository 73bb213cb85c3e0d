//! The operator's known_hosts file: which key belongs to which host, a line each.
//!
//! sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT". A line that cannot be read costs that line and a warning, not the
//! file. Only a revocation that cannot be read costs the file, for to skip it would be to trust a stolen key.

use std::fmt;

use russh::keys::ssh_key::public::KeyData;
use thiserror::Error;

use super::{
    LineProblem,
    host_names::HostName,
    line::{Line, Meaning, parse_line},
};

/// What a known_hosts file says.
#[derive(Clone, Debug)]
pub struct KnownHosts {
    lines: Vec<Line>,
    warnings: Vec<KnownHostsWarning>,
}

impl KnownHosts {
    /// Reads the text of a known_hosts file. Lines end in LF or CRLF, the last one also in nothing; a byte
    /// order mark before the first is ignored.
    ///
    /// # Errors
    /// When a `@revoked` line cannot be understood, and when no line at all is of use.
    pub fn parse(text: &[u8]) -> Result<Self, KnownHostsError> {
        let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
        let mut read = Self { lines: Vec::new(), warnings: Vec::new() };
        for (number, text) in (1..).zip(text.split(|byte| *byte == b'\n')) {
            let warning = |problem| KnownHostsWarning { line: number, problem };
            match parse_line(text).map_err(warning) {
                Ok(line) => read.lines.extend(line.map(|line| Line { number, ..line })),
                Err(warning) if mentions_revocation(text) => {
                    return Err(KnownHostsError::Revocation(warning));
                }
                Err(warning) => read.warnings.push(warning),
            }
        }
        if read.lines.is_empty() {
            return Err(KnownHostsError::NothingUsable(read.warnings.first().copied()));
        }
        Ok(read)
    }

    /// The lines that were skipped, in file order.
    pub fn warnings(&self) -> &[KnownHostsWarning] {
        &self.warnings
    }

    /// The keys on record for this name, revoked ones among them, in file order.
    pub(super) fn keys_of(&self, name: &HostName) -> impl Iterator<Item = &KeyData> {
        self.said_of(Meaning::HostKey, move |line| line.hosts.matches(name))
    }

    /// The keys of the authorities that sign host certificates for this name, revoked ones among them, in
    /// file order.
    pub(super) fn authorities_of(&self, name: &HostName) -> impl Iterator<Item = &KeyData> {
        self.said_of(Meaning::Authority, move |line| line.hosts.matches(name))
    }

    /// The keys that are revoked for any of these names, in file order.
    pub(super) fn revoked_for(&self, names: &[HostName]) -> impl Iterator<Item = &KeyData> {
        self.said_of(Meaning::Revoked, move |line| names.iter().any(|name| line.hosts.matches(name)))
    }

    /// The number of the first line that says of this key to this name what `meaning` says.
    pub(super) fn line_of(&self, meaning: Meaning, name: &HostName, key: &KeyData) -> Option<usize> {
        let says = |line: &&Line| line.meaning == meaning && line.key == *key && line.hosts.matches(name);
        self.lines.iter().find(says).map(|line| line.number)
    }

    fn said_of(&self, meaning: Meaning, named: impl Fn(&Line) -> bool) -> impl Iterator<Item = &KeyData> {
        let lines = self.lines.iter().filter(move |line| line.meaning == meaning);
        lines.filter(move |line| named(line)).map(|line| &line.key)
    }
}

/// A line of a known_hosts file that was skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownHostsWarning {
    /// Its number; the first line is 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: LineProblem,
}

impl fmt::Display for KnownHostsWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

/// Why a known_hosts file is not used at all.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum KnownHostsError {
    /// A `@revoked` line that cannot be understood.
    #[error("the revocation on {0}")]
    Revocation(KnownHostsWarning),
    /// No line names a host and its key; the first line that tried is given.
    #[error("no line is usable{}", first_problem(.0))]
    NothingUsable(Option<KnownHostsWarning>),
}

/// Asked of bad lines only, and generous: in the wrong case, or behind a character that cannot be seen, it is
/// still what the operator meant.
fn mentions_revocation(line: &[u8]) -> bool {
    const MARKER: &[u8] = b"@revoked";
    line.windows(MARKER.len()).any(|window| window.eq_ignore_ascii_case(MARKER))
}

fn first_problem(first: &Option<KnownHostsWarning>) -> String {
    match first {
        Some(warning) => format!(", the first problem is {warning}"),
        None => ": there are only comments and blank lines".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use russh::keys::PublicKey;

    use super::*;
    use crate::upstream::host_key::{
        fixtures::{DSA, ECDSA_256, ECDSA_384, ED25519, ED25519_CERTIFICATE, RSA, another_key, key, text},
        line::tests::bad_lines,
    };

    fn keys_of(file: &KnownHosts, host: &str, port: u16) -> Vec<String> {
        let name = HostName::new(host, port);
        file.keys_of(&name).map(|key| text(&key.clone().into())).collect()
    }

    fn revokes(file: &KnownHosts, host: &str, port: u16, key: &PublicKey) -> bool {
        file.revoked_for(&[HostName::new(host, port)]).any(|revoked| revoked == key.key_data())
    }

    fn problems(file: &KnownHosts) -> Vec<(usize, LineProblem)> {
        file.warnings().iter().map(|warning| (warning.line, warning.problem)).collect()
    }

    #[test]
    fn every_key_of_a_host_is_on_record_in_file_order() {
        let lines = [RSA, ED25519, ECDSA_256, ECDSA_384, DSA].map(|key| format!("host {key}\n"));
        let file = KnownHosts::parse(lines.concat().as_bytes()).unwrap();
        assert_eq!(keys_of(&file, "host", 22), [RSA, ED25519, ECDSA_256, ECDSA_384, DSA]);
        assert_eq!(problems(&file), []);
    }

    #[test]
    fn several_keys_of_one_type_are_all_on_record() {
        let (one, two) = (text(&another_key(1)), text(&another_key(2)));
        let file =
            KnownHosts::parse(format!("host {one}\nother {ED25519}\nhost,x {two}").as_bytes()).unwrap();
        assert_eq!(keys_of(&file, "host", 22), [one, two]);
    }

    #[test]
    fn blank_lines_comments_tabs_and_line_ends_do_not_matter() {
        let two = text(&another_key(2));
        let tabbed = two.replace(' ', "\t \t");
        let file = format!(
            "# a comment\r\n\r\n \t\n#host {RSA}\n  # host {RSA}\n \thost\t {ED25519} with a comment # and more\r\nhost {tabbed}\tcomment"
        );
        let file = KnownHosts::parse(file.as_bytes()).unwrap();
        assert_eq!(keys_of(&file, "host", 22), [ED25519, &two]);
        assert_eq!(problems(&file), []);
    }

    #[test]
    fn a_last_line_in_crlf_or_in_nothing_is_read() {
        for end in ["", "\n", "\r\n", "\r", "\r\r\n", " \t\r\n"] {
            let file = KnownHosts::parse(format!("host {ED25519}{end}").as_bytes()).unwrap();
            assert_eq!(keys_of(&file, "host", 22), [ED25519], "{end:?}");
        }
    }

    #[test]
    fn a_byte_order_mark_does_not_hide_the_first_line() {
        let file = KnownHosts::parse(format!("\u{feff}host {ED25519}").as_bytes()).unwrap();
        assert_eq!(keys_of(&file, "host", 22), [ED25519]);
        let file = format!("\u{feff}@revoked host {ED25519}");
        let file = KnownHosts::parse(file.as_bytes()).unwrap();
        assert!(revokes(&file, "host", 22, &key(ED25519)));
    }

    #[test]
    fn a_comment_need_not_be_utf_8() {
        let file = [b"host ", ED25519.as_bytes(), b" caf\xe9\n# caf\xe9"].concat();
        let file = KnownHosts::parse(&file).unwrap();
        assert_eq!(keys_of(&file, "host", 22), [ED25519]);
        assert_eq!(problems(&file), []);
    }

    #[test]
    fn a_bad_line_is_a_warning_and_hides_no_other() {
        for (line, problem) in bad_lines() {
            let shown = String::from_utf8_lossy(&line);
            let (before, after) = (text(&another_key(1)), text(&another_key(2)));
            let file = [b"host ", before.as_bytes(), b"\n", &line, b"\nhost ", after.as_bytes()].concat();
            let file = KnownHosts::parse(&file).unwrap();
            assert_eq!(keys_of(&file, "host", 22), [before, after], "{shown}");
            assert_eq!(problems(&file), [(2, problem)], "{shown}");
        }
    }

    #[test]
    fn a_file_without_a_usable_line_is_an_error() {
        for nothing in ["", "\n", "# only\n\n# comments", "\u{feff}", "\r\n\r\n"] {
            let error = KnownHosts::parse(nothing.as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), "no line is usable: there are only comments and blank lines");
        }
        for (line, problem) in bad_lines() {
            let error = KnownHosts::parse(&[b"\n", line.as_slice(), b"\nbad"].concat()).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("no line is usable, the first problem is line 2: {problem}")
            );
        }
        let utf_16: Vec<u8> =
            format!("\u{feff}host {ED25519}\n").encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(matches!(KnownHosts::parse(&utf_16), Err(KnownHostsError::NothingUsable(Some(_)))));
    }

    #[test]
    fn a_revocation_that_cannot_be_understood_is_never_skipped() {
        let blob = ED25519.split_once(' ').unwrap().1;
        let lines = [
            "@revoked".to_owned(),
            "@revoked *".to_owned(),
            "@revoked * ssh-ed25519".to_owned(),
            format!("@revoked {ED25519}"),
            format!("@revoked * ssh-unknown {blob}"),
            format!("@revoked * ssh-rsa {blob}"),
            "@revoked * ssh-ed25519 !!!!".to_owned(),
            format!("@revoked * {ED25519_CERTIFICATE}"),
            format!("@revoked !host {ED25519}"),
            format!("@revoked |1|AAAA|AAAA {ED25519}"),
            format!("@revoked @cert-authority * {ED25519}"),
            format!("@cert-authority @revoked * {ED25519}"),
            format!("@REVOKED * {ED25519}"),
            format!("@revoked* {ED25519}"),
            format!("@revoked,* {ED25519}"),
            format!("\u{a0}@revoked * {ED25519}"),
            format!("host {RSA} comment\r@revoked * {ED25519}"),
            format!("# comment\r@revoked * {ED25519}\r"),
        ];
        for line in lines {
            let error =
                KnownHosts::parse(format!("host {RSA}\n{line}\nhost {ED25519}").as_bytes()).unwrap_err();
            assert!(matches!(&error, KnownHostsError::Revocation(at) if at.line == 2), "{line}: {error}");
            assert!(error.to_string().starts_with("the revocation on line 2: "), "{error}");
        }
    }

    #[test]
    fn a_revocation_need_not_be_set_off_by_a_space() {
        for line in ["@revoked\thost\t", "@revoked  \t host ", "\t @revoked host "] {
            let file = KnownHosts::parse(format!("{line}{ED25519}").as_bytes()).unwrap();
            assert!(revokes(&file, "host", 22, &key(ED25519)), "{line}");
            assert!(!revokes(&file, "host", 22, &key(RSA)), "{line}");
            assert!(!revokes(&file, "other", 22, &key(ED25519)), "{line}");
            assert_eq!(keys_of(&file, "host", 22), [""; 0]);
        }
    }

    /// Something that looks like a line more often than chance would have it.
    fn line() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just(b"@revoked".to_vec()),
            Just(b"@cert-authority".to_vec()),
            Just(b"host,!other".to_vec()),
            Just(b"|1|nZJGUGxn7NHbOYLDDVTJusgZRgs=|yHEvW6T59cwBvexiscsL4ngUqeE=".to_vec()),
            prop::sample::select(vec![ED25519, RSA, ECDSA_256, DSA, ED25519_CERTIFICATE])
                .prop_map(|key| key.into()),
            prop::collection::vec(any::<u8>(), 0..12),
        ];
        (prop::collection::vec(piece, 0..5), prop::option::of((any::<prop::sample::Index>(), any::<u8>())))
            .prop_map(|(pieces, change)| {
                let mut line = pieces.join(&b' ');
                if let Some((at, byte)) = change.filter(|_| !line.is_empty()) {
                    let at = at.index(line.len());
                    line.splice(at..=at, [byte]);
                }
                line
            })
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(text in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = KnownHosts::parse(&text);
        }

        #[test]
        fn nothing_that_looks_like_a_line_makes_it_panic_or_hides_a_revocation(
            lines in prop::collection::vec(line(), 0..6),
        ) {
            let stolen = text(&another_key(3));
            let file = [lines.join(&b'\n'), format!("\n@revoked * {stolen}\n").into(), lines.join(&b'\n')].concat();
            if let Ok(file) = KnownHosts::parse(&file) {
                prop_assert!(revokes(&file, "any", 2222, &another_key(3)));
                prop_assert!(!keys_of(&file, "any", 2222).contains(&stolen));
            }
        }
    }
}
