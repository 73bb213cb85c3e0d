//! A record, and the line of JSON that it becomes.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use humantime_serde::re::humantime::{format_rfc3339_millis, format_rfc3339_seconds};

use super::Subject;
use super::name::{Name, member};

/// Bytes of a path that are kept: PATH_MAX of Linux.
pub(super) const LONGEST_NAME: usize = 4096;

/// Bytes of a user's name that are kept.
const LONGEST_USER: usize = 256;

/// Bytes of a sentence that are kept.
const LONGEST_SENTENCE: usize = 300;

/// A record on its way to the sink.
#[derive(Debug)]
pub(super) struct Record {
    time: SystemTime,
    whose: Arc<[u8]>,
    entry: Entry,
}

/// What happened: an event and its members.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) event: &'static str,
    pub(super) members: Vec<(&'static str, Value)>,
}

/// The value of a member.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// What a peer wrote.
    Name(Name),
    /// One of ours.
    Word(&'static str),
    Words(Vec<&'static str>),
    /// In hexadecimal digits.
    Digest([u8; 32]),
    Number(u64),
    /// In seconds.
    Time(Duration),
    /// Seconds since 1970.
    Date(u32),
    /// The bits of a mode, as `chmod` takes them.
    Mode(u32),
    Yes,
}

impl Entry {
    pub(super) fn new(event: &'static str) -> Self {
        Self { event, members: Vec::new() }
    }

    #[must_use]
    pub(super) fn with(mut self, key: &'static str, value: Value) -> Self {
        self.members.push((key, value));
        self
    }

    #[must_use]
    pub(super) fn with_some(self, key: &'static str, value: Option<Value>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    #[must_use]
    pub(super) fn flag(self, key: &'static str, set: bool) -> Self {
        self.with_some(key, set.then_some(Value::Yes))
    }

    /// Bytes of names in it.
    pub(super) fn weight(&self) -> usize {
        let weight = |value: &Value| if let Value::Name(name) = value { name.weight() } else { 0 };
        self.members.iter().map(|(_, value)| weight(value)).sum()
    }
}

impl Value {
    pub(super) fn sentence(text: &str) -> Self {
        Self::Name(Name::new(text.as_bytes(), LONGEST_SENTENCE))
    }
}

impl Record {
    pub(super) fn new(time: SystemTime, whose: &Arc<[u8]>, entry: Entry) -> Self {
        Self { time, whose: Arc::clone(whose), entry }
    }

    /// Adds the line, its end included, with at most `most` bytes of each name.
    pub(super) fn write(&self, most: usize, line: &mut Vec<u8>) {
        line.extend_from_slice(
            format!("{{\"time\":\"{}\",\"event\":\"{}\"", format_rfc3339_millis(self.time), self.entry.event)
                .as_bytes(),
        );
        line.extend_from_slice(&self.whose);
        for (key, value) in &self.entry.members {
            value.member(key, most, line);
        }
        line.extend_from_slice(b"}\n");
    }
}

/// The members that all records of a session share.
pub(super) fn whose(subject: &Subject<'_>) -> Arc<[u8]> {
    let mut members = Vec::new();
    member("session", subject.session, &mut members);
    Name::new(subject.user.as_bytes(), LONGEST_USER).member("user", LONGEST_USER, &mut members);
    member("peer", subject.peer, &mut members);
    member("upstream", subject.upstream, &mut members);
    members.into()
}

impl Value {
    fn member(&self, key: &str, most: usize, line: &mut Vec<u8>) {
        let mut bare = |text: &str| line.extend_from_slice(format!(",\"{key}\":{text}").as_bytes());
        match self {
            Self::Name(name) => name.member(key, most, line),
            Self::Word(word) => bare(&format!("\"{word}\"")),
            Self::Words(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
                bare(&format!("[{}]", words.join(",")));
            }
            Self::Digest(bytes) => {
                bare(&format!("\"{}\"", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()));
            }
            Self::Number(number) => bare(&number.to_string()),
            Self::Time(time) => bare(&format!("{:.3}", time.as_secs_f64())),
            Self::Date(seconds) => {
                let date = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::from(*seconds));
                bare(&format!("\"{}\"", format_rfc3339_seconds(date)));
            }
            Self::Mode(bits) => bare(&format!("\"{:04o}\"", bits & 0o7777)),
            Self::Yes => bare("true"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_line_of_json() {
        let subject =
            Subject { session: "0a", user: "al\"ice\n", method: "", upstream: "main", peer: "[::1]:9" };
        let entry = Entry::new("close")
            .with("path", Value::Name(Name::new(b"/a\nb", LONGEST_NAME)))
            .with("flags", Value::Words(vec!["read", "write"]))
            .with("permissions", Value::Mode(0o100_644))
            .with("mtime", Value::Date(86_400))
            .with("duration", Value::Time(Duration::from_millis(1500)))
            .with("sha256_read", Value::Digest([0xAB; 32]))
            .flag("forced", true)
            .flag("never", false);
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_000_000_000_123);
        let mut line = Vec::new();
        Record::new(time, &whose(&subject), entry).write(LONGEST_NAME, &mut line);
        let line = String::from_utf8(line).unwrap();
        assert_eq!(
            line,
            "{\"time\":\"2001-09-09T01:46:40.123Z\",\"event\":\"close\",\"session\":\"0a\",\
             \"user\":\"al\\\"ice\\\\x0a\",\"user_base64\":\"YWwiaWNlCg==\",\"peer\":\"[::1]:9\",\
             \"upstream\":\"main\",\"path\":\"/a\\\\x0ab\",\"path_base64\":\"L2EKYg==\",\
             \"flags\":[\"read\",\"write\"],\"permissions\":\"0644\",\"mtime\":\"1970-01-02T00:00:00Z\",\
             \"duration\":1.500,\"sha256_read\":\""
                .to_owned()
                + &"ab".repeat(32)
                + "\",\"forced\":true}\n"
        );
        assert!(serde_json::from_str::<serde_json::Value>(&line).is_ok());
    }
}
