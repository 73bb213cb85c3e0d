//! What OpenSSH's sftp-server logs of itself, and the same from our records: line by line.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::log::bytes;

/// One operation, in words that both logs have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub what: String,
    pub failed: bool,
}

/// The log of one sftp-server (`-e -l VERBOSE`).
#[track_caller]
pub fn of_server(log: &Path) -> Vec<Told> {
    let text = fs::read(log).unwrap();
    let text = String::from_utf8(text).expect("sftp-server escapes what is not text");
    let mut told: Vec<Told> = Vec::new();
    // Whether the line before this one is that of an operation, which a status may follow.
    let mut open = false;
    for line in text.split("\r\n").filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.splitn(2, ' ').collect();
        let what = match words[0] {
            "open" => line.rsplit_once(" mode ").map(|(before, _)| before.to_owned()),
            "mkdir" => line.rsplit_once(" mode ").map(|(before, _)| before.to_owned()),
            "close" | "forced" | "opendir" | "remove" | "rmdir" | "rename" | "posix-rename" | "symlink"
            | "hardlink" | "set" => Some(line.to_owned()),
            _ => None,
        };
        match what {
            // A directory's handle.
            Some(line) if line.starts_with("forced closedir") => open = false,
            Some(what) => {
                told.push(Told { what: without_type(&unescaped(&what)), failed: false });
                open = true;
            }
            None if line.starts_with("sent status") => {
                if open && let Some(last) = told.last_mut() {
                    last.failed = true;
                }
                open = false;
            }
            // What a READ or WRITE has to say of itself; anything else is a request of its own.
            None => open = false,
        }
    }
    told
}

/// sshfs sets the bits of a file's type along with its mode, and sftp-server logs them, though they set nothing.
fn without_type(line: &str) -> String {
    match line.rsplit_once(" mode ") {
        Some((before, mode)) if before.starts_with("set ") => {
            let mode = u32::from_str_radix(mode, 8).unwrap() & 0o7777;
            format!("{before} mode {mode:04o}")
        }
        _ => line.to_owned(),
    }
}

/// `\ooo` and `\\`, as strnvis writes them.
fn unescaped(line: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = line.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let octal = after.get(..3).filter(|digits| digits.iter().all(|d| (b'0'..=b'7').contains(d)));
        match (first, octal, after.first()) {
            (b'\\', Some(digits), _) => {
                bytes.push(digits.iter().fold(0u8, |byte, digit| (byte << 3) | (digit - b'0')));
                rest = &after[3..];
            }
            (b'\\', None, Some(&next)) => {
                bytes.push(next);
                rest = &after[1..];
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The records of one session in the same words.
pub fn of_records(records: &[&Value]) -> Vec<Told> {
    records.iter().flat_map(|record| of_record(record)).collect()
}

fn of_record(record: &Value) -> Vec<Told> {
    let name = |key: &str| String::from_utf8_lossy(&bytes(record, key)).into_owned();
    let event = record["event"].as_str().unwrap();
    let lines = match event {
        "open" => {
            let flags = record["flags"].as_array().unwrap().iter();
            let flags: Vec<String> = flags.map(|flag| flag.as_str().unwrap().to_uppercase()).collect();
            let flags = flags.join(",").replace("EXCLUSIVE", "EXCL");
            vec![format!("open \"{}\" flags {flags}", name("path"))]
        }
        "close" => {
            let forced = if record["forced"] == true { "forced " } else { "" };
            let (read, written) = (&record["bytes_read"], &record["bytes_written"]);
            vec![format!("{forced}close \"{}\" bytes read {read} written {written}", name("path"))]
        }
        "opendir" => vec![format!("opendir \"{}\"", name("path"))],
        "remove" | "rmdir" | "mkdir" => vec![format!("{event} name \"{}\"", name("path"))],
        "rename" | "posix-rename" | "hardlink" => {
            vec![format!("{event} old \"{}\" new \"{}\"", name("path"), name("new_path"))]
        }
        "symlink" => vec![format!("symlink old \"{}\" new \"{}\"", name("target"), name("path"))],
        "setstat" | "fsetstat" | "lsetstat" => settings(record, &name("path")),
        _ => Vec::new(),
    };
    let failed = record["result"] != "ok" && record["forced"] != true;
    let last = lines.len().saturating_sub(1);
    lines
        .into_iter()
        .enumerate()
        .map(|(number, what)| Told { what, failed: failed && number == last })
        .collect()
}

/// sftp-server has a line for each attribute.
fn settings(record: &Value, path: &str) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(size) = record.get("size") {
        lines.push(format!("set \"{path}\" size {size}"));
    }
    if let Some(mode) = record.get("permissions") {
        lines.push(format!("set \"{path}\" mode {}", mode.as_str().unwrap()));
    }
    if let Some(time) = record.get("mtime") {
        let time = time.as_str().unwrap().replace(['-', 'Z'], "").replace('T', "-");
        lines.push(format!("set \"{path}\" modtime {time}"));
    }
    if let Some(uid) = record.get("uid") {
        lines.push(format!("set \"{path}\" owner {uid} group {}", record["gid"]));
    }
    lines
}

#[test]
fn the_escapes_of_sftp_server_are_read() {
    assert_eq!(unescaped(r#"open "a\303\244\\b" flags READ"#), "open \"aä\\b\" flags READ");
}
