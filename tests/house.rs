//! The walls of the house: which room may use which. `src/lib.rs` has the picture.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that meets what it did not expect stops"
)]

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms from the ground up. A room may use those above its own line in this list, never one below.
/// `commands` and `cli` are the program around the library, and end the list.
const ROOMS: &[&[&str]] = &[
    &["sftp", "fingerprint"],
    &["pump", "config"],
    &["close", "policy", "stdio", "terminal", "websocket", "upstream", "logs"],
    &["auth"],
    &["refusal"],
    &["login"],
    &["session"],
    &["server", "connect"],
    &["demo"],
    &["cli"],
    &["commands"],
];

fn floor(room: &str) -> usize {
    let floor = ROOMS.iter().position(|rooms| rooms.contains(&room));
    floor.unwrap_or_else(|| panic!("{room} has no place in ROOMS"))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The room that a file is in: `src/pump.rs` and everything under `src/pump/` are `pump`.
fn room(path: &Path, source: &Path) -> Option<String> {
    let first = path.strip_prefix(source).unwrap().components().next().unwrap();
    let room = Path::new(first.as_os_str()).file_stem().unwrap().to_str().unwrap();
    (!matches!(room, "lib" | "main")).then(|| room.to_owned())
}

/// The rooms named behind `crate::` in the part of a file that is not its tests.
fn used(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let code =
        code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let name =
        |after: &str| after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut rooms = Vec::new();
    for after in code.split("crate::").skip(1) {
        match after.strip_prefix('{') {
            Some(list) => rooms.extend(list.split(['{', '}', ',']).map(|item| name(item.trim()))),
            None => rooms.push(name(after)),
        }
    }
    rooms.retain(|room| room.chars().all(|c| c.is_lowercase() || c == '_') && !room.is_empty());
    rooms
}

#[test]
fn imports_point_down_only() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut arrows = 0;
    let mut wrong = Vec::new();
    for path in sources(&source) {
        let Some(from) = room(&path, &source) else { continue };
        if path.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs") {
            continue;
        }
        for to in used(&fs::read_to_string(&path).unwrap()) {
            arrows += 1;
            if to != from && floor(&to) >= floor(&from) {
                wrong.push(format!("{}: {from} uses {to}", path.display()));
            }
        }
    }
    assert!(arrows > 50, "only {arrows} arrows found: the reader of this test is broken");
    assert!(wrong.is_empty(), "arrows that point up:\n{}", wrong.join("\n"));
}

#[test]
fn every_room_is_in_the_picture() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let picture = fs::read_to_string(source.join("lib.rs")).unwrap();
    let drawing = picture.split("# Embedding").next().unwrap();
    let rooms: Vec<&str> = ROOMS.iter().flat_map(|rooms| rooms.iter().copied()).collect();
    assert!(!rooms.is_empty());
    for room in rooms {
        assert!(drawing.contains(room), "{room} is not in the picture of src/lib.rs");
        assert!(picture.contains(&format!("pub mod {room};")), "{room} is gone; take it out of ROOMS");
    }
}

#[test]
fn no_file_holds_two_ideas_for_long() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let long: Vec<String> = sources(&source)
        .into_iter()
        .filter(|path| fs::read_to_string(path).unwrap().lines().count() > 400)
        .map(|path| path.display().to_string())
        .collect();
    assert!(long.is_empty(), "over 400 lines; look for the second idea: {long:?}");
}
