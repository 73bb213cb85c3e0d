//! An audit log in a file, as a test reads it.

use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use crate::support::bridge::Config;
use crate::support::files::Scratch;
use crate::support::wait::{SOON, wait_for};

pub struct Log {
    pub file: PathBuf,
    _scratch: Scratch,
}

impl Log {
    pub fn new() -> Log {
        let scratch = Scratch::new();
        Log { file: scratch.join("audit.jsonl"), _scratch: scratch }
    }

    pub fn configure(&self, config: Config) -> Config {
        config.section(&format!("[audit]\nfile = {:?}", self.file))
    }

    pub fn text(&self) -> String {
        fs::read_to_string(&self.file).unwrap()
    }

    #[track_caller]
    pub fn records(&self) -> Vec<Value> {
        records(&self.text())
    }

    /// All records, once as many sessions have ended.
    #[track_caller]
    pub fn after(&self, sessions: usize) -> Vec<Value> {
        wait_for("the ends of sessions in the audit log", SOON, || {
            let records = self.records();
            (of(&records, "session_end").len() == sessions).then_some(records)
        })
    }
}

/// Every line, which must be JSON with the members that every record has. The last one may still be growing.
#[track_caller]
pub fn records(text: &str) -> Vec<Value> {
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let parse = |line: &str| -> Value {
        let record: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        for key in ["time", "event", "session", "user", "peer", "upstream"] {
            assert!(record[key].is_string(), "no {key}: {line}");
        }
        record
    };
    whole.lines().map(parse).collect()
}

/// The records of an event.
pub fn of<'a>(records: &'a [Value], event: &str) -> Vec<&'a Value> {
    records.iter().filter(|record| record["event"] == event).collect()
}

/// The bytes of a name.
#[track_caller]
pub fn bytes(record: &Value, key: &str) -> Vec<u8> {
    match record.get(format!("{key}_base64")) {
        Some(encoded) => BASE64.decode(encoded.as_str().unwrap()).unwrap(),
        None => record[key].as_str().unwrap_or_else(|| panic!("no {key}: {record}")).as_bytes().to_vec(),
    }
}
