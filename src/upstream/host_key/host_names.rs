//! The first field of a known_hosts line: which hosts it names.
//!
//! Names are strings here and no more: nothing is resolved. sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT", and
//! ssh_config(5), "PATTERNS".

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use thiserror::Error;

const DEFAULT_PORT: u16 = 22;

/// The string under which a host is looked up: `host` on port 22, `[host]:port` on any other; in lower case,
/// in which ssh hashes and compares.
pub(super) struct HostName(String);

impl HostName {
    pub(super) fn new(host: &str, port: u16) -> Self {
        let host = host.to_ascii_lowercase();
        Self(if port == DEFAULT_PORT { host } else { format!("[{host}]:{port}") })
    }

    pub(super) fn without_port(host: &str) -> Self {
        Self::new(host, DEFAULT_PORT)
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The hosts that a line names.
#[derive(Clone, Debug)]
pub(super) enum HostNames {
    /// `|1|salt|hash`: the HMAC-SHA1 of one name.
    Hashed { salt: Digest, hash: Digest },
    /// Comma separated patterns, in lower case. Kept as one string: a line may have millions of commas.
    Patterns(String),
}

type Digest = [u8; 20];

impl HostNames {
    pub(super) fn parse(field: &[u8]) -> Result<Self, HostNamesProblem> {
        let field = str::from_utf8(field).map_err(|_| HostNamesProblem::Nobody)?;
        match field.strip_prefix("|1|") {
            Some(hashed) => parse_hashed(hashed).ok_or(HostNamesProblem::Hash),
            // A hash among patterns would never match, which is bad news behind a `!`. No name has a bar in
            // it.
            None if field.contains('|') => Err(HostNamesProblem::Hash),
            None if names_nobody(field) => Err(HostNamesProblem::Nobody),
            None => Ok(Self::Patterns(field.to_ascii_lowercase())),
        }
    }

    pub(super) fn matches(&self, HostName(name): &HostName) -> bool {
        match self {
            Self::Hashed { salt, hash } => Hmac::<Sha1>::new_from_slice(salt)
                .is_ok_and(|mac| mac.chain_update(name).verify_slice(hash).is_ok()),
            Self::Patterns(patterns) => matches_patterns(patterns, name),
        }
    }
}

/// What is wrong with the host names of a line.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum HostNamesProblem {
    /// They are not UTF-8, or there are only negated and empty ones.
    #[error("the host names are not UTF-8, or all negated or empty")]
    Nobody,
    /// The hashed host name is not `|1|salt|hash`, or it stands among other names.
    #[error("the hashed host name is not |1|salt|hash alone")]
    Hash,
}

fn parse_hashed(field: &str) -> Option<HostNames> {
    let digest = |text| STANDARD.decode(text).ok()?.try_into().ok();
    let (salt, hash) = field.split_once('|')?;
    Some(HostNames::Hashed { salt: digest(salt)?, hash: digest(hash)? })
}

/// A list that only takes away, or that has only empty patterns.
fn names_nobody(patterns: &str) -> bool {
    patterns.split(',').all(|pattern| pattern.is_empty() || pattern.starts_with('!'))
}

/// A negated pattern that matches decides, wherever it stands in the list.
fn matches_patterns(patterns: &str, name: &str) -> bool {
    let mut named = false;
    for pattern in patterns.split(',') {
        match pattern.strip_prefix('!') {
            Some(negated) if matches_pattern(negated, name) => return false,
            Some(_) => {}
            None => named |= matches_pattern(pattern, name),
        }
    }
    named
}

/// `*` is any number of bytes, `?` is one, all else is itself: brackets too. It goes back to the last `*`
/// only, so the time is at most the product of the lengths.
fn matches_pattern(pattern: &str, name: &str) -> bool {
    let (mut pattern, mut name) = (pattern.as_bytes(), name.as_bytes());
    let mut last_star: Option<(&[u8], &[u8])> = None;
    loop {
        (pattern, name) = match (pattern, name, last_star) {
            ([], [], _) => return true,
            ([b'*', after @ ..], _, _) => {
                last_star = Some((after, name));
                (after, name)
            }
            ([b'?', pattern @ ..], [_, name @ ..], _) => (pattern, name),
            ([p, pattern @ ..], [n, name @ ..], _) if p == n => (pattern, name),
            (_, _, Some((after, [_, shorter @ ..]))) => {
                last_star = Some((after, shorter));
                (after, shorter)
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(field: &str, host: &str, port: u16) -> bool {
        HostNames::parse(field.as_bytes()).unwrap().matches(&HostName::new(host, port))
    }

    fn hashed(name: &str, salt: &Digest) -> String {
        let hash = Hmac::<Sha1>::new_from_slice(salt).unwrap().chain_update(name).finalize().into_bytes();
        format!("|1|{}|{}", STANDARD.encode(salt), STANDARD.encode(hash))
    }

    /// OpenSSH's match.c, as it is written there.
    fn openssh_match_pattern(pattern: &[u8], name: &[u8]) -> bool {
        match (pattern, name) {
            ([], []) => true,
            ([b'*', p @ ..], _) => {
                (0..=name.len()).any(|skip| openssh_match_pattern(p, name.split_at(skip).1))
            }
            ([b'?', p @ ..], [_, n @ ..]) => openssh_match_pattern(p, n),
            ([a, p @ ..], [b, n @ ..]) if a == b => openssh_match_pattern(p, n),
            _ => false,
        }
    }

    #[test]
    fn any_of_the_comma_separated_names_will_do() {
        let field = "files,files.example.org,192.0.2.7,2001:db8::7";
        for host in ["files", "files.example.org", "192.0.2.7", "2001:db8::7", "FILES.Example.ORG"] {
            assert!(matches(field, host, 22), "{host}");
        }
        for host in
            ["file", "files.example", "files.example.org.", "192.0.2.70", "", "files,files.example.org"]
        {
            assert!(!matches(field, host, 22), "{host}");
        }
    }

    #[test]
    fn patterns_are_compared_without_regard_to_case() {
        assert!(matches("Files.EXAMPLE.org,!OLD.example.org", "fILES.example.ORG", 22));
        assert!(!matches("*.Example.org,!OLD.example.org", "old.EXAMPLE.org", 22));
    }

    #[test]
    fn a_plain_name_is_the_name_on_port_22_only() {
        assert!(matches("host", "host", 22));
        assert!(!matches("host", "host", 2222));
        assert!(matches("[host]:2222", "host", 2222));
        assert!(matches("[2001:db8::7]:2222", "2001:db8::7", 2222));
        assert!(!matches("[host]:2222", "host", 22));
        assert!(!matches("[host]:2222", "host", 2223));
        assert!(!matches("host:2222", "host", 2222));
        // OpenSSH does not write this, and does not look it up.
        assert!(!matches("[host]:22", "host", 22));
    }

    #[test]
    fn wildcards_match_the_whole_string_port_and_brackets_included() {
        assert!(matches("*", "host", 22));
        assert!(matches("*", "host", 2222));
        assert!(matches("*.example.org", "a.b.example.org", 22));
        assert!(!matches("*.example.org", "example.org", 22));
        assert!(!matches("*.example.org", "a.example.org", 2222));
        assert!(matches("[*.example.org]:2222", "a.example.org", 2222));
        assert!(matches("[host]:*", "host", 2222));
        assert!(!matches("[host]:*", "host", 22));
        assert!(matches("host?", "host1", 22));
        assert!(!matches("host?", "host", 22));
        assert!(!matches("host?", "host12", 22));
        assert!(matches("[host]:22?2", "host", 2222));
    }

    #[test]
    fn a_negated_match_decides_wherever_it_stands() {
        for field in
            ["!old.example.org,*.example.org", "*.example.org,!old.example.org", "*.example.org,!old.*"]
        {
            assert!(matches(field, "new.example.org", 22), "{field}");
            assert!(!matches(field, "old.example.org", 22), "{field}");
        }
        assert!(!matches("host,!*", "host", 22));
        // The negation is of another string.
        assert!(matches("*,!host", "host", 2222));
    }

    #[test]
    fn a_list_that_names_nobody_is_refused() {
        for field in ["!host", "!*", ",", ",!a,", "!a,!b"] {
            assert_eq!(HostNames::parse(field.as_bytes()).unwrap_err(), HostNamesProblem::Nobody, "{field}");
        }
        assert!(matches("host,,", "host", 22));
        assert_eq!(HostNames::parse(b"h\xf6st").unwrap_err(), HostNamesProblem::Nobody);
    }

    /// The lines that `ssh-keygen -H` (OpenSSH 9.2p1) made of `ssh.example.com,192.0.2.7` and
    /// `[ssh.example.com]:2222`.
    #[test]
    fn names_hashed_by_ssh_keygen_are_found() {
        let plain = "|1|nZJGUGxn7NHbOYLDDVTJusgZRgs=|yHEvW6T59cwBvexiscsL4ngUqeE=";
        let address = "|1|VwAcWy3HlKdy8bphyG6AKsqujNc=|rMHwF0Fg98fh9w2WGIjtfvoq/K4=";
        let with_port = "|1|VhYaoe4qlN/HH96VTJ0dbuTrh70=|d4D98W8uJsRKZQtrzNtgWJP9DvE=";
        assert!(matches(plain, "ssh.example.com", 22));
        assert!(matches(plain, "SSH.Example.Com", 22));
        assert!(matches(address, "192.0.2.7", 22));
        assert!(matches(with_port, "ssh.example.com", 2222));
        assert!(!matches(plain, "ssh.example.com", 2222));
        assert!(!matches(plain, "192.0.2.7", 22));
        assert!(!matches(with_port, "ssh.example.com", 22));
    }

    #[test]
    fn a_hash_that_is_not_one_is_refused() {
        let bad = [
            "|1|",
            "|1||",
            "|1|nZJGUGxn7NHbOYLDDVTJusgZRgs=",
            "|1|nZJGUGxn7NHbOYLDDVTJusgZRgs=|",
            "|1|nZJGUGxn7NHbOYLDDVTJusgZRgs=|yHEvW6T59cwBvexiscsL4ngUqeE",
            "|1|nZJGUGxn7NHbOYLDDVTJusgZRgs=|AAAA",
            "|1|AAAA|yHEvW6T59cwBvexiscsL4ngUqeE=",
            "|1|nZJGUGxn7NHbOYLDDVTJusgZRgs=|yHEvW6T59cwBvexiscsL4ngUqeE=,host",
            "|1|nZJGUGxn7NHbOYLDDVTJusgZRgs=|yHEvW6T59cwBvexiscsL4ngUqeE=|",
            "|2|nZJGUGxn7NHbOYLDDVTJusgZRgs=|yHEvW6T59cwBvexiscsL4ngUqeE=",
            "host,|1|nZJGUGxn7NHbOYLDDVTJusgZRgs=|yHEvW6T59cwBvexiscsL4ngUqeE=",
            "*,!|1|nZJGUGxn7NHbOYLDDVTJusgZRgs=|yHEvW6T59cwBvexiscsL4ngUqeE=",
        ];
        for field in bad {
            assert_eq!(HostNames::parse(field.as_bytes()).unwrap_err(), HostNamesProblem::Hash, "{field}");
        }
    }

    #[test]
    fn many_stars_take_no_exponential_time() {
        let pattern = "*a".repeat(200) + "b";
        assert!(!matches_pattern(&pattern, &"a".repeat(2000)));
    }

    proptest! {
        #[test]
        fn wildcards_match_as_in_openssh(pattern in "[ab*?]{0,8}", name in "[ab]{0,8}") {
            let theirs = openssh_match_pattern(pattern.as_bytes(), name.as_bytes());
            prop_assert_eq!(matches_pattern(&pattern, &name), theirs);
        }

        #[test]
        fn a_hashed_name_is_found_again(host in "[A-Za-z0-9.:-]{1,40}", port: u16, salt: Digest, other in "[a-z]{1,9}") {
            let name = HostName::new(&host, port);
            let field = hashed(&name.0, &salt);
            prop_assert!(matches(&field, &host, port));
            prop_assert!(matches(&field, &host.to_uppercase(), port));
            prop_assert!(!matches(&field, &host, port ^ 1));
            let longer = host + &other;
            prop_assert!(!matches(&field, &longer, port));
        }

        #[test]
        fn a_negated_pattern_never_matches(
            before in prop::collection::vec("[!a-c*?.]{1,6}", 0..4),
            after in prop::collection::vec("[!a-c*?.]{1,6}", 0..4),
            host in "[a-c.]{1,6}",
        ) {
            let list = [before, vec!["*".to_owned(), format!("!{host}")], after].concat().join(",");
            prop_assert!(!matches(&list, &host, 22));
            prop_assert!(!matches(&list, &host.to_uppercase(), 22));
        }
    }
}
