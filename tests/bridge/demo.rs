//! `sftpbridge demo`: what it prints can be pasted, and works.

use std::fs;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use sftpbridge::server::has_file_manager;

use crate::support::bridge::binary;
use crate::support::files::{MIB, Scratch, assert_same_bytes, random_file};
use crate::support::http::Request;
use crate::support::process::{Running, run};

#[test]
fn the_printed_sftp_line_lists_puts_and_gets() {
    let scratch = Scratch::new();
    let root = scratch.join("root");
    fs::create_dir(&root).unwrap();
    fs::write(root.join("hello.txt"), b"hello\n").unwrap();
    let mut demo =
        Running::spawn(Command::new(binary()).args(["demo", "--listen", "127.0.0.1:0", "--root"]).arg(&root));
    let line = demo.line("a line with `sftp -D`", |line| {
        let start = line.find("sftp ").filter(|_| line.contains("-D \""))?;
        // Variables set in front of the command belong to it.
        let first = line.find("SFTPBRIDGE_").unwrap_or(start).min(start);
        Some(line[first..].to_owned())
    });
    let page = demo.line("a line about the page", |line| {
        line.trim().strip_prefix("page ").map(|page| page.trim().to_owned())
    });
    assert_eq!(page.starts_with("http://127.0.0.1:"), has_file_manager(), "{page}");
    let (file, copy) = (scratch.join("file"), scratch.join("copy"));
    random_file(&file, MIB + 1);
    let commands =
        format!("ls\nput {file} up\nget up {copy}\nbye\n", file = file.display(), copy = copy.display());
    let path = format!("{}:{}", binary().parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    let said =
        run(shell.args(["-c", &line]).env("PATH", path), commands.as_bytes(), Duration::from_secs(60)).ok();
    assert!(said.stdout.contains("hello.txt"), "{line}\n{}", said.stdout);
    assert_same_bytes(&file, &copy);
    assert_same_bytes(&file, &root.join("up"));
    demo.signal(Signal::TERM);
    demo.wait(Duration::from_secs(20)).ok();
}

#[test]
fn pages_of_the_origins_that_it_is_told_may_connect_and_no_others() {
    let page = "http://localhost:5173";
    let arguments = ["demo", "--listen", "127.0.0.1:0", "--allow-origin", page];
    let mut demo = Running::spawn(Command::new(binary()).args(arguments));
    let port = demo.line("the endpoint", |line| {
        line.trim().strip_prefix("endpoint  ws://127.0.0.1:")?.strip_suffix("/sftp")?.parse().ok()
    });
    for (origin, status) in [(page, 101), ("http://localhost:5174", 403), ("http://evil.example", 403)] {
        let request = Request::upgrade(port, "/sftp").protocol("sftp-login.v1").header("Origin", origin);
        assert_eq!(request.send().status, status, "{origin}");
    }
    let mistaken = ["demo", "--allow-origin", "http://localhost:5173/"];
    let mistake = run(Command::new(binary()).args(mistaken), b"", Duration::from_secs(20));
    assert_eq!(mistake.status.code(), Some(64));
    assert!(mistake.stderr.contains("without the slash at its end"), "{}", mistake.stderr);
}
