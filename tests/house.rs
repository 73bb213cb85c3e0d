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
    &["file_error"],
    &["sftp", "fingerprint", "watched", "words", "http_client"],
    &["pump", "config", "traces"],
    &["metrics"],
    &["close", "policy", "audit", "stdio", "terminal", "websocket", "upstream", "logs"],
    &["auth"],
    &["refusal"],
    &["login"],
    &["session"],
    &["server", "connect", "diagnosis"],
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
fn whoever_writes_the_order_down_writes_the_same() {
    let floors = |text: &str, between: &str| -> Vec<Vec<String>> {
        let mut floors: Vec<Vec<String>> = text
            .split(between)
            .map(|floor| {
                floor.trim().trim_end_matches(',').split(',').map(|room| room.trim().to_owned()).collect()
            })
            .collect();
        floors.reverse();
        floors
    };
    let page = text_of("docs/architecture.md");
    let (_, list) = page.split_once("### Imports point down only\n\n```text\n").expect("the list");
    assert_eq!(floors(list.split("\n```").next().unwrap(), "\n"), ROOMS);
    let comment = text_of("src/lib.rs").replace("\n//!", "");
    let (_, list) = comment.split_once("Imports point down only: `").expect("the list");
    assert_eq!(floors(list.split('`').next().unwrap(), "->"), ROOMS);
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

const PAGE: &str = include_str!("../docs/security.md");

/// The tests of this package as cargo names them, those of `tests/` behind the name of their program.
fn tests() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for (folder, skipped, before) in [("src", 1, ""), ("tests/bridge", 1, "bridge::"), ("tests", 0, "")] {
        let folder = root.join(folder);
        for path in sources(&folder) {
            let inside = path.strip_prefix(&folder).unwrap().with_extension("");
            let mut names: Vec<&str> = inside.iter().map(|name| name.to_str().unwrap()).collect();
            if skipped == 0 && names.len() > 1 || matches!(names[..], ["lib" | "main"]) {
                continue;
            }
            if names.last() == Some(&"mod") {
                names.pop();
            }
            let text = fs::read_to_string(&path).unwrap();
            let nested = text.contains("\nmod tests {").then_some("tests");
            let module: Vec<&str> = names.into_iter().chain(nested).collect();
            found.extend(test_names(&text).map(|name| format!("{before}{}::{name}", module.join("::"))));
        }
    }
    found
}

/// The functions behind `#[test]`, where nothing says that they are passed over.
fn test_names(text: &str) -> impl Iterator<Item = &str> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    (0..lines.len()).filter_map(move |number| {
        let attribute =
            lines.get(number).filter(|line| **line == "#[test]" || line.starts_with("#[tokio::test"))?;
        assert!(!attribute.is_empty());
        let mut after = lines.iter().skip(number + 1).take(4).skip_while(|line| line.starts_with("#[cfg"));
        let (_, name) = after.next()?.split_once("fn ")?;
        name.split('(').next()
    })
}

/// The rows of the table of requirements: the number, and the tests that it names.
fn requirements() -> Vec<(usize, Vec<&'static str>)> {
    let (_, table) = PAGE.split_once("## The requirements, and the tests that show them").expect("the table");
    let table = table.split("\n## ").next().unwrap();
    let row = |line: &'static str| {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let number = cells.first()?.parse().ok()?;
        let tests = cells.last()?.split('`').skip(1).step_by(2).collect();
        Some((number, tests))
    };
    table.lines().filter_map(row).collect()
}

#[test]
fn every_requirement_is_in_the_table_once_with_a_test() {
    let rows = requirements();
    let numbers: Vec<usize> = rows.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (1..=29).collect::<Vec<_>>());
    for (number, tests) in rows {
        assert!(!tests.is_empty(), "nothing shows requirement {number}");
    }
}

#[test]
fn every_test_that_the_table_names_is_there() {
    let tests = tests();
    assert!(tests.len() > 500, "only {} tests found: the reader of this test is broken", tests.len());
    let missing: Vec<String> = requirements()
        .into_iter()
        .flat_map(|(number, named)| named.into_iter().map(move |name| (number, name)))
        .filter(|(_, name)| !tests.iter().any(|test| test == name))
        .map(|(number, name)| format!("{number}: {name}"))
        .collect();
    assert!(
        missing.is_empty(),
        "the table of docs/security.md names what is not there:\n{}",
        missing.join("\n")
    );
}

fn text_of(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// Whether a date stands in the text, such as 2026-11-22.
fn has_date(text: &str) -> bool {
    let digit = |c: char| if c.is_ascii_digit() { '0' } else { c };
    text.chars().map(digit).collect::<String>().contains("0000-00-00")
}

#[test]
fn every_ignored_advisory_has_a_reason_and_a_date() {
    let text = text_of("deny.toml");
    let (_, list) = text.split_once("\nignore = [").expect("the list");
    let list = list.split("\n]").next().unwrap();
    let ignored: Vec<&str> = list
        .lines()
        .filter(|line| !line.trim_start().starts_with('#') && line.contains("RUSTSEC-"))
        .collect();
    assert_eq!(ignored.len(), list.matches("RUSTSEC-").count(), "an entry that is not on a line of its own");
    for entry in ignored {
        let (_, reason) = entry.split_once("reason = \"").unwrap_or_else(|| panic!("no reason: {entry}"));
        assert!(has_date(reason) && reason.len() > 40, "a reason and a date: {entry}");
    }
}

#[test]
fn whatever_builds_takes_the_versions_of_the_lock_file() {
    let mut calls = 0;
    for file in ["Makefile", ".ci/run", ".ci/dist", ".ci/parts.py", "tests/setup.sh"] {
        for line in text_of(file).lines().filter(|line| !line.trim_start().starts_with('#')) {
            let words: Vec<&str> = line.split(|c: char| c.is_whitespace() || "\"[],@".contains(c)).collect();
            let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
            let builds = words.windows(2).any(|pair| {
                matches!(pair[0], "$(CARGO)" | "cargo" | "=")
                    && [
                        "build", "run", "test", "check", "clippy", "doc", "bench", "install", "metadata",
                        "package",
                    ]
                    .contains(&pair[1])
            });
            // Asking what is installed builds nothing.
            let builds = builds && !words.contains(&"--version");
            calls += usize::from(builds);
            assert!(!builds || words.contains(&"--locked"), "{file}: {line}");
        }
    }
    assert!(calls >= 8, "only {calls} calls of cargo found: the reader of this test is broken");
}

#[test]
fn the_bill_of_materials_lists_what_is_built_as_the_lock_file_has_it() {
    assert!(text_of("Makefile").contains("\nsbom: ") && text_of(".ci/run").contains("make sbom"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let made = std::process::Command::new(root.join(".ci/sbom.py")).current_dir(root).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let bill: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
    assert_eq!((bill["bomFormat"].as_str(), bill["specVersion"].as_str()), (Some("CycloneDX"), Some("1.5")));
    let lock = text_of("Cargo.lock");
    let components = bill["components"].as_array().unwrap();
    let crates: Vec<_> = components
        .iter()
        .filter(|component| component["purl"].as_str().unwrap().starts_with("pkg:cargo/"))
        .collect();
    assert!(crates.len() > 100, "only {}", crates.len());
    for component in crates {
        let [name, version, hash] = ["/name", "/version", "/hashes/0/content"]
            .map(|at| component.pointer(at).unwrap().as_str().unwrap());
        let entry = format!("name = \"{name}\"\nversion = \"{version}\"");
        let (_, entry) = lock.split_once(&entry).unwrap_or_else(|| panic!("{name} {version} is not locked"));
        let entry = entry.split("\n\n").next().unwrap();
        assert!(entry.contains(&format!("checksum = \"{hash}\"")), "{name} {version}");
    }
    let has = |name: &str| components.iter().any(|component| component["name"] == name);
    for name in ["russh", "rustls", "ring", "tokio"] {
        assert!(has(name), "{name} is missing");
    }
    assert!(!has("proptest"), "what only tests use is not part of the binary");
}
