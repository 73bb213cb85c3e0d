//! A sink that takes nothing: with `required` requests wait, without it records are lost and counted.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::log::of;
use crate::support::Site;
use crate::support::files::Scratch;
use crate::support::process::run;
use crate::support::sftp;
use crate::support::sshd::Sshd;
use crate::support::wait::{SOON, wait_until};
use crate::support::ws::Heard;

/// More than a pipe, a batch and the queue hold together.
const MANY: usize = 20_000;

#[test]
fn an_open_waits_for_a_log_that_nobody_reads_and_afterwards_no_record_is_missing() {
    let scratch = Scratch::new();
    let fifo = scratch.join("fifo");
    run(Command::new("mkfifo").arg(&fifo), b"", SOON).ok();
    let section = format!("[audit]\nfile = {fifo:?}\nrequired = true");
    let site = Site::with(Sshd::start(), |config| config.section(&section));
    let mut session = site.session();
    let path = site.sshd.remote("file");
    let handle = session.create(&path);
    // Removes of a file that is not there, until one is not answered.
    let mut asked = 0;
    loop {
        let id = session.id();
        session.ws.send(&sftp::with_name(sftp::REMOVE, id, format!("{path}-{asked}")));
        asked += 1;
        match session.ws.hear_within(Duration::from_secs(2)) {
            Some(Heard::Binary(_)) => assert!(asked < MANY, "no request ever waits"),
            None => break,
            other => panic!("{other:?}"),
        }
    }
    // Not refused, and not at the upstream either.
    let id = session.id();
    session.ws.send(&sftp::open(id, &path, sftp::READ_FLAG));
    assert_eq!(session.ws.hear_within(Duration::from_secs(1)), None);
    let reader = thread::spawn(move || {
        let mut records: Vec<Value> = Vec::new();
        for line in BufReader::new(File::open(fifo).unwrap()).lines() {
            records.push(serde_json::from_str(&line.unwrap()).unwrap());
            if records.last().unwrap()["event"] == "session_end" {
                break;
            }
        }
        records
    });
    session.response();
    let opened = session.response();
    assert_eq!((opened.kind, opened.id), (sftp::HANDLE, id), "it waited, and did not fail");
    session.close(opened.string());
    session.close(&handle);
    session.ws.send_close(1000);
    let records = reader.join().unwrap();
    let removed: Vec<_> = of(&records, "remove").iter().map(|record| record["path"].clone()).collect();
    let expected: Vec<_> = (0..asked).map(|number| Value::from(format!("{path}-{number}"))).collect();
    assert_eq!(removed, expected);
    assert_eq!((of(&records, "open").len(), of(&records, "close").len()), (2, 2));
    assert_eq!((of(&records, "login").len(), of(&records, "session_start").len()), (1, 1));
    assert!(!site.bridge.log().contains("audit_lost"));
}

#[test]
fn a_login_waits_for_a_full_disk_and_no_longer_than_a_stall() {
    let section = "[audit]\nfile = \"/dev/full\"\nrequired = true";
    let site = Site::with(Sshd::start(), |config| config.section(section).limit(r#"stall = "2s""#));
    // The queue takes what it can, and then that session ends.
    let mut session = site.session();
    let mut asked = 0;
    loop {
        let id = session.id();
        session.ws.send(&sftp::with_name(sftp::REMOVE, id, "/nonexistent"));
        asked += 1;
        match session.ws.hear() {
            Heard::Binary(_) => assert!(asked < MANY, "no request ever waits"),
            Heard::Close(code, _) => break assert_eq!(code, Some(1011)),
            other => panic!("{other:?}"),
        }
    }
    let mut next = site.socket();
    next.send(&sftp::init());
    let heard = next.hear();
    assert!(matches!(heard, Heard::Close(Some(1011), _)), "{heard:?}");
    assert!(site.bridge.log().contains("audit_stuck"), "{}", site.bridge.log());
}

#[test]
fn without_required_lost_records_are_counted_and_the_session_is_not_disturbed() {
    let site = Site::with(Sshd::start(), |config| config.section("[audit]\nfile = \"/dev/full\""));
    let mut session = site.session();
    let path = site.sshd.remote("file");
    for _ in 0..500 {
        let handle = session.create(&path);
        session.close(&handle);
    }
    session.ws.send_close(1000);
    assert_eq!(site.bridge.session_end().number("close_code"), 1000);
    wait_until("the loss in the log", SOON, || site.bridge.log().contains("audit_lost"));
    let log = site.bridge.log();
    let told: Vec<&str> = log.lines().filter(|line| line.contains("audit_lost")).collect();
    assert!(told.len() <= 2 && told[0].contains("lost=") && told[0].contains("No space left"), "{told:?}");
}
