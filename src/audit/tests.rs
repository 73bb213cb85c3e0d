mod places;

use std::fs::{self, File};
use std::future::poll_fn;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::task::{Context, Poll, Waker};
use std::thread;

use bytes::Bytes;
use futures_util::FutureExt;
use serde_json::Value as Json;

use super::*;
use crate::config::AuditSink;
use crate::pump::{Observer, Verdict};
use crate::sftp::{Packet, StatusCode, status};

const SUBJECT: Subject<'_> =
    Subject { session: "5", user: "alice", method: "password", upstream: "main", peer: "127.0.0.1:9" };
const END: SessionEnd<'_> = SessionEnd {
    close_code: 1000,
    reason: "closed",
    bytes_up: 1,
    bytes_down: 2,
    packets: 3,
    duration: Duration::from_secs(4),
};
const LONG: Duration = Duration::from_secs(20);

/// More than the queue, a batch and a pipe hold together.
const MANY: u32 = 12_000;

fn start(sink: AuditSink, required: bool) -> Audit {
    Audit::start(&config::Audit { sink: Some(sink), required }).unwrap()
}

fn named(kind: u8, id: u32, name: &str) -> Packet {
    let mut bytes = (9 + name.len() as u32).to_be_bytes().to_vec();
    bytes.push(kind);
    bytes.extend(id.to_be_bytes());
    bytes.extend((name.len() as u32).to_be_bytes());
    bytes.extend(name.as_bytes());
    Packet::parse(Bytes::from(bytes)).unwrap()
}

fn remove(id: u32) -> Packet {
    named(13, id, &format!("/file-{id}"))
}

fn read() -> Packet {
    named(5, 1, "handle")
}

fn poll(observer: &mut impl Observer, request: &Packet) -> Poll<()> {
    observer.poll_ready(request, &mut Context::from_waker(Waker::noop()))
}

/// A request with its answer, without waiting for room.
fn call(observer: &mut impl Observer, id: u32) {
    assert_eq!(observer.request(&remove(id)), Verdict::Forward);
    observer.response(&status(id, StatusCode::OK, ""));
}

async fn call_when_ready(observer: &mut impl Observer, id: u32) {
    let request = remove(id);
    poll_fn(|cx| observer.poll_ready(&request, cx)).await;
    call(observer, id);
}

fn json(line: &str) -> Json {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

fn lines(path: &Path) -> Vec<Json> {
    fs::read_to_string(path).unwrap().lines().map(json).collect()
}

fn paths(records: &[Json]) -> Vec<&str> {
    records.iter().filter_map(|record| record["path"].as_str()).collect()
}

fn fifo(path: &Path) {
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
}

#[tokio::test]
async fn a_session_leaves_its_lines_in_a_file_that_only_the_owner_reads() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.jsonl");
    let audit = start(AuditSink::File(path.clone()), false);
    let (mut observer, ending) = audit.session(&SUBJECT, ());
    call(&mut observer, 1);
    drop(observer);
    ending.record(&END).await;
    let refused = RefusedLogin { http_status: 401, reason: "no", cause: "wrong" };
    audit.login_refused(&Subject { method: "", ..SUBJECT }, &refused);
    audit.flush(LONG).await;
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let lines = lines(&path);
    let events: Vec<_> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["login", "session_start", "remove", "session_end", "login"]);
    for line in &lines {
        let common = ["session", "user", "peer", "upstream"].map(|key| line[key].as_str().unwrap());
        assert_eq!(common, ["5", "alice", "127.0.0.1:9", "main"]);
    }
    assert_eq!((&lines[0]["result"], &lines[0]["method"]), (&"ok".into(), &"password".into()));
    assert_eq!((&lines[4]["result"], &lines[4]["http_status"]), (&"refused".into(), &401.into()));
    assert_eq!((&lines[3]["close_code"], &lines[3]["duration"]), (&1000.into(), &4.0.into()));
}

#[tokio::test]
async fn half_a_line_of_a_crash_is_ended_and_what_was_there_stays() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.jsonl");
    fs::write(&path, "{}\n{\"half\":").unwrap();
    let audit = start(AuditSink::File(path.clone()), false);
    let _ = audit.session(&SUBJECT, ());
    audit.flush(LONG).await;
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("{}\n{\"half\":\n{\"time\":"), "{text}");
}

#[tokio::test]
async fn a_rotated_file_is_left_and_a_new_one_begun() {
    let dir = tempfile::tempdir().unwrap();
    let (path, old) = (dir.path().join("audit.jsonl"), dir.path().join("audit.jsonl.1"));
    let audit = start(AuditSink::File(path.clone()), true);
    let (mut observer, _ending) = audit.session(&SUBJECT, ());
    call_when_ready(&mut observer, 1).await;
    audit.flush(LONG).await;
    fs::rename(&path, &old).unwrap();
    call_when_ready(&mut observer, 2).await;
    audit.flush(LONG).await;
    audit.reopen();
    while !path.exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    call_when_ready(&mut observer, 3).await;
    audit.flush(LONG).await;
    assert_eq!(paths(&lines(&old)), ["/file-1", "/file-2"]);
    assert_eq!(paths(&lines(&path)), ["/file-3"]);
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_anew_leaves_the_old_one_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let (inner, moved) = (dir.path().join("inner"), dir.path().join("moved"));
    fs::create_dir(&inner).unwrap();
    let audit = start(AuditSink::File(inner.join("audit.jsonl")), false);
    let (mut observer, _ending) = audit.session(&SUBJECT, ());
    fs::rename(&inner, &moved).unwrap();
    audit.reopen();
    call(&mut observer, 1);
    audit.flush(LONG).await;
    assert_eq!(paths(&lines(&moved.join("audit.jsonl"))), ["/file-1"]);
}

#[test]
fn what_cannot_be_opened_is_named_with_its_key() {
    for (sink, mentions) in [
        (
            AuditSink::File("/nonexistent/a".into()),
            "audit.file: cannot open /nonexistent/a: No such file or directory (os error 2); make its folder",
        ),
        (
            AuditSink::Syslog("/nonexistent/b".into()),
            "audit.syslog: no way to the daemon at /nonexistent/b: No such file or directory (os error 2); start",
        ),
    ] {
        let error = Audit::start(&config::Audit { sink: Some(sink), required: false }).unwrap_err();
        assert!(error.to_string().starts_with(mentions), "{error}");
    }
}

#[tokio::test]
async fn without_required_nothing_waits_and_what_is_lost_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("fifo");
    fifo(&path);
    let audit = start(AuditSink::File(path.clone()), false);
    let (mut observer, ending) = audit.session(&SUBJECT, ());
    for id in 0..MANY {
        assert_eq!(poll(&mut observer, &remove(id)), Poll::Ready(()));
        call(&mut observer, id);
    }
    drop(observer);
    ending.record(&END).await;
    let lost = audit.queue.as_ref().unwrap().tally.all_lost();
    let reader = thread::spawn(move || {
        let file = BufReader::new(File::open(path).unwrap());
        let records = MANY as usize + 3 - lost as usize;
        file.lines().take(records).map(|line| json(&line.unwrap())).collect::<Vec<_>>()
    });
    audit.flush(LONG).await;
    let records = reader.join().unwrap();
    assert!(lost > 1000 && records.len() > 1000, "{lost} lost, {} there", records.len());
}

#[tokio::test]
async fn with_required_a_request_waits_for_a_reader_and_no_record_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("fifo");
    fifo(&path);
    let audit = start(AuditSink::File(path.clone()), true);
    let (mut observer, ending) = audit.session(&SUBJECT, ());
    let mut sent = 0;
    // Until the pipe, the batch and the queue are full, and stay it.
    loop {
        match poll(&mut observer, &remove(sent)) {
            Poll::Ready(()) => {
                call(&mut observer, sent);
                sent += 1;
                assert!(sent < MANY, "no request ever waits");
            }
            Poll::Pending => {
                tokio::time::sleep(Duration::from_millis(100)).await;
                if poll(&mut observer, &remove(sent)).is_pending() {
                    break;
                }
                call(&mut observer, sent);
                sent += 1;
            }
        }
    }
    assert_eq!(poll(&mut observer, &read()), Poll::Ready(()), "a READ waits for nothing");
    let reader = thread::spawn(move || {
        let file = BufReader::new(File::open(path).unwrap());
        let records = file.lines().map(|line| json(&line.unwrap()));
        let mut seen = Vec::new();
        for record in records {
            let last = record["event"] == "session_end";
            seen.push(record);
            if last {
                break;
            }
        }
        seen
    });
    call_when_ready(&mut observer, sent).await;
    drop(observer);
    ending.record(&END).await;
    audit.flush(LONG).await;
    let expected: Vec<_> = (0..=sent).map(|id| format!("/file-{id}")).collect();
    assert_eq!(paths(&reader.join().unwrap()), expected);
    assert_eq!(audit.queue.as_ref().unwrap().tally.all_lost(), 0);
}

#[tokio::test]
async fn with_required_a_full_disk_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("link");
    std::os::unix::fs::symlink("/dev/full", &path).unwrap();
    let audit = start(AuditSink::File(path.clone()), true);
    let (mut observer, _ending) = audit.session(&SUBJECT, ());
    call_when_ready(&mut observer, 1).await;
    audit.flush(Duration::from_millis(100)).await;
    // There is room again.
    fs::remove_file(&path).unwrap();
    audit.reopen();
    audit.flush(LONG).await;
    assert_eq!(lines(&path).len(), 3);
}

#[tokio::test]
async fn without_required_a_full_disk_loses_whole_lines() {
    let audit = start(AuditSink::File("/dev/full".into()), false);
    let _ = audit.session(&SUBJECT, ());
    audit.flush(LONG).await;
    assert_eq!(audit.queue.as_ref().unwrap().tally.all_lost(), 2);
}

#[tokio::test]
async fn with_required_a_session_that_ends_waits_for_its_records_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.jsonl");
    let audit = start(AuditSink::File(path.clone()), true);
    let (observer, ending) = audit.session(&SUBJECT, ());
    drop(observer);
    // Nothing was ever asked, and the beginning is still to be recorded.
    ending.record(&END).await;
    audit.flush(LONG).await;
    let events: Vec<_> = lines(&path).iter().map(|line| line["event"].as_str().unwrap().to_owned()).collect();
    assert_eq!(events, ["login", "session_start", "session_end"]);
}

#[tokio::test]
async fn a_place_that_a_request_does_not_need_is_free_again() {
    let dir = tempfile::tempdir().unwrap();
    let audit = start(AuditSink::File(dir.path().join("audit.jsonl")), true);
    let (mut observer, ending) = audit.session(&SUBJECT, ());
    for id in 0..2 * queue::QUEUE as u32 {
        let stat = named(17, id, "/");
        poll_fn(|cx| observer.poll_ready(&stat, cx)).await;
        observer.request(&stat);
    }
    drop(observer);
    ending.record(&END).await;
}

#[tokio::test]
async fn a_syslog_daemon_that_reads_late_or_is_restarted_gets_every_record() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let daemon = UnixDatagram::bind(&path).unwrap();
    let audit = start(AuditSink::Syslog(path.clone()), true);
    let (mut observer, _ending) = audit.session(&SUBJECT, ());
    // More than net.unix.max_dgram_qlen.
    for id in 0..1000 {
        call_when_ready(&mut observer, id).await;
    }
    let reader = thread::spawn(move || {
        let mut buffer = vec![0; 65536];
        let mut seen = Vec::new();
        while seen.len() < 1002 {
            let length = daemon.recv(&mut buffer).unwrap();
            let text = std::str::from_utf8(&buffer[..length]).unwrap();
            let (header, record) = text.split_once(": ").unwrap();
            assert_eq!(header, format!("<86>sftpbridge[{}]", std::process::id()));
            seen.push(json(record));
        }
        seen
    });
    audit.flush(LONG).await;
    let expected: Vec<_> = (0..1000).map(|id| format!("/file-{id}")).collect();
    assert_eq!(paths(&reader.join().unwrap()), expected);
    fs::remove_file(&path).unwrap();
    call_when_ready(&mut observer, 7).await;
    let daemon = UnixDatagram::bind(&path).unwrap();
    audit.flush(LONG).await;
    let mut buffer = vec![0; 65536];
    let length = daemon.recv(&mut buffer).unwrap();
    assert!(String::from_utf8_lossy(&buffer[..length]).contains("/file-7"));
}

#[test]
fn without_an_audit_log_nothing_is_noted() {
    let audit = Audit::start(&config::Audit::default()).unwrap();
    let (mut observer, _ending) = audit.session(&SUBJECT, ());
    assert_eq!(poll(&mut observer, &remove(1)), Poll::Ready(()));
    call(&mut observer, 1);
    assert!(format!("{observer:?}").starts_with("Audited"));
}
