//! `sftpbridge man`: pages in which a strict reader finds nothing wrong.

use std::fs;
use std::process::Command;

use crate::support::bridge::binary;
use crate::support::files::Scratch;
use crate::support::process::{run, tool};
use crate::support::wait::SOON;

#[test]
fn mandoc_has_nothing_to_say_about_the_pages() {
    let scratch = Scratch::new();
    run(Command::new(binary()).args(["man", "--out"]).arg(scratch.path()), b"", SOON).ok();
    let pages: Vec<_> = fs::read_dir(scratch.path()).unwrap().map(|page| page.unwrap().path()).collect();
    assert!(pages.len() > 10, "{pages:?}");
    let said =
        run(Command::new(tool("mandoc")).args(["-T", "lint", "-W", "warning"]).args(&pages), b"", SOON);
    let is_known = |line: &str| {
        // The pages have none, so that the same source makes the same page.
        line.contains("missing date, using \"\"")
            // The generator's lines around possible values.
            || line.contains("br before sp")
            || line.contains("br after sp")
    };
    let problems: Vec<&str> = said.stdout.lines().filter(|line| !is_known(line)).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn a_page_can_be_read_from_a_pipe() {
    let page = run(Command::new(binary()).args(["man", "connect"]), b"", SOON).ok().stdout;
    let mut mandoc = Command::new(tool("mandoc"));
    let read = run(mandoc.args(["-T", "ascii", "-O", "width=200"]), page.as_bytes(), SOON).ok().stdout;
    // Bold, as terminals of old did it: each letter twice, one over the other.
    let plain: String =
        read.split('\u{8}').map(|part| part.strip_suffix(|_: char| true).unwrap_or(part)).collect();
    assert!(plain.contains("sftpbridge connect") && plain.contains("EXIT STATUS"), "{plain}");
    let said = run(Command::new(binary()).args(["man", "nothing"]), b"", SOON);
    assert_eq!(said.status.code(), Some(64));
}
