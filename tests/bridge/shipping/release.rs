//! What a release carries, as `make dist` makes it, and what it is made by: `.ci/` and `.github/`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;

use crate::support::files::Scratch;
use crate::support::podman::root;
use crate::support::process::{Said, run, tool};

mod files;
mod inside;
mod packages;
mod workflows;

/// For what compiles the crate anew, on a machine that has more to do.
const LONG: Duration = Duration::from_secs(600);

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A program of the repository, at its root.
fn ours(program: &str, arguments: &[&str]) -> Said {
    run(Command::new(root().join(program)).args(arguments).current_dir(root()), b"", LONG)
}

/// A command as a document has it.
fn sh(command: &str, folder: &Path) -> Said {
    run(Command::new(tool("bash")).args(["-c", command]).current_dir(folder), b"", LONG)
}

/// A program of tests/python/.venv.
fn python(program: &str) -> Command {
    let file = root().join("tests/python/.venv/bin").join(program);
    assert!(file.exists(), "there is no {}; run: tests/setup.sh", file.display());
    let mut command = Command::new(file);
    command.current_dir(root());
    command
}

fn text(file: &str) -> String {
    let file = root().join(file);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The files of a release, made once for all tests. The next run replaces them.
fn dist() -> &'static Path {
    static DIST: OnceLock<PathBuf> = OnceLock::new();
    DIST.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("release");
        make_dist(&folder);
        folder
    })
}

fn make_dist(folder: &Path) {
    ours(".ci/dist", &[folder.to_str().unwrap()]).ok();
}

/// The bill of materials, as purls.
fn listed() -> BTreeSet<String> {
    let bill = fs::read(dist().join(format!("sftpbridge-{VERSION}.cdx.json"))).unwrap();
    let bill: Value = serde_json::from_slice(&bill).unwrap();
    let purls = bill["components"].as_array().unwrap().iter().map(|component| &component["purl"]);
    purls.map(|purl| purl.as_str().unwrap().to_owned()).collect()
}

fn archive() -> PathBuf {
    dist().join(format!("sftpbridge-{VERSION}-{}-linux.tar.gz", std::env::consts::ARCH))
}

/// The lines of `tar -tv`: type and mode, owner, size, date, time, name.
fn tar_lines(file: &Path) -> Vec<String> {
    let said = run(
        Command::new(tool("tar"))
            .args(["--list", "--verbose", "--numeric-owner", "--utc", "--file"])
            .arg(file),
        b"",
        LONG,
    );
    said.ok().stdout.lines().map(str::to_owned).collect()
}

fn name(line: &str) -> &str {
    line.split_whitespace().nth(5).unwrap()
}

fn names(file: &Path) -> Vec<String> {
    tar_lines(file).iter().map(|line| name(line).to_owned()).filter(|name| !name.ends_with('/')).collect()
}

fn unpack(file: &Path) -> Scratch {
    let folder = Scratch::new();
    let arguments = ["--extract", "--strip-components=1", "--directory"];
    run(Command::new(tool("tar")).args(arguments).arg(folder.path()).arg("--file").arg(file), b"", LONG).ok();
    folder
}

/// Neither tests, nor what builds and checks, nor what only this machine has.
#[track_caller]
fn nothing_private(names: &[String]) {
    let private =
        ["tests/", ".ci/", ".github/", "target/", "node_modules/", ".env", "secrets", "docker/", "benches/"];
    let found: Vec<_> = names.iter().filter(|name| private.iter().any(|part| name.contains(part))).collect();
    // The library's own unit tests are part of its sources.
    let found: Vec<_> = found.into_iter().filter(|name| !name.contains("/src/")).collect();
    assert!(found.is_empty(), "{found:?}");
}
