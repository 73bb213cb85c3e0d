//! What is recorded, what is not, and what is too much.

use serde_json::{Value as Json, json};

use super::packets::*;
use super::*;
use crate::sftp::status;

#[test]
fn every_request_that_changes_something_is_recorded() {
    let attributes = |kind: u8, name: &str| {
        Build::new(kind, 1).string(name).u32(0xE).u32(1000).u32(1001).u32(0o100_640).u32(86_400).u32(86_401)
    };
    let set = json!({"uid": 1000, "gid": 1001, "permissions": "0640", "atime": "1970-01-02T00:00:00Z",
                     "mtime": "1970-01-02T00:00:01Z"});
    let two = |kind: u8| Build::new(kind, 1).string("/1").string("/2").done();
    let ext = |name: &str| extended(1, name).string("/1").string("/2").done();
    let lsetstat =
        extended(1, "lsetstat@openssh.com").string("/1").u32(0xE).u32(1000).u32(1001).u32(0o640).u32(86_400);
    let pair = json!({"path": "/1", "new_path": "/2"});
    let path = json!({"path": "/1"});
    for (event, request, members) in [
        ("opendir", named(11, 1, "/1"), &path),
        ("remove", named(13, 1, "/1"), &path),
        ("rmdir", named(15, 1, "/1"), &path),
        ("mkdir", attributes(14, "/1").done(), &set),
        ("setstat", attributes(9, "/1").done(), &set),
        ("fsetstat", attributes(10, "h").done(), &set),
        ("lsetstat", lsetstat.u32(86_401).done(), &set),
        ("rename", two(18), &pair),
        ("symlink", two(20), &json!({"path": "/2", "target": "/1"})),
        ("posix-rename", ext("posix-rename@openssh.com"), &pair),
        ("hardlink", ext("hardlink@openssh.com"), &pair),
        ("extended", ext("new@example.org"), &json!({"extension": "new@example.org"})),
    ] {
        let mut scene = Scene::new();
        scene.opened("h", "/1", READ).call(&request, &failed(1, 8));
        assert_eq!(scene.records.len(), 2, "{event}");
        let record = scene.last();
        assert_eq!((&record["event"], &record["result"]), (&json!(event), &json!("op_unsupported")));
        for (key, value) in members.as_object().unwrap() {
            assert_eq!(&record[key], value, "{event} {key}");
        }
    }
}

#[test]
fn what_only_looks_is_not_recorded() {
    let mut scene = Scene::new();
    for kind in [7, 16, 17, 19] {
        scene.call(&named(kind, 1, "/a"), &failed(1, 2));
    }
    scene.call(&extended(1, "statvfs@openssh.com").string("/").done(), &failed(1, 8));
    scene.call(&extended(1, "fsync@openssh.com").string("h").done(), &ok(1));
    scene.end();
    assert_eq!(scene.records, [] as [Json; 0]);
    assert_eq!(scene.ledger.counts, Counts::default());
}

#[test]
fn what_cannot_be_parsed_is_counted_and_told_as_far_as_it_goes() {
    let mut scene = Scene::new();
    scene.ask(&Build::new(13, 1).u32(1000).done()).answer(&failed(1, 5));
    scene.ask(&Build::new(99, 1).done());
    scene.ask(&remove(2, "/a")).answer(&Build::new(101, 2).done());
    scene.call(&Build::new(17, 3).done(), &failed(3, 5));
    assert_eq!(scene.ledger.counts.unparsed, 4);
    // Some servers take the attributes that are missing for none.
    scene.call(&Build::new(3, 4).string("/b").u32(PUT).done(), &handle(4, "h"));
    scene.call(&Build::new(18, 5).string("/b").done(), &ok(5));
    scene.call(&extended(6, "hardlink@openssh.com").string("/b").done(), &failed(6, 5));
    let name = "hardlink@openssh.com";
    assert_eq!(
        scene.records,
        [
            json!({"event": "remove", "cut_short": true, "result": "bad_message", "status": 5}),
            json!({"event": "remove", "path": "/a", "result": "unknown"}),
            json!({"event": "open", "path": "/b", "cut_short": true, "result": "ok"}),
            json!({"event": "rename", "path": "/b", "cut_short": true, "result": "ok"}),
            json!({"event": "extended", "extension": name, "cut_short": true, "result": "bad_message", "status": 5}),
        ]
    );
}

#[test]
fn a_nul_behind_the_name_of_an_extension_hides_nothing() {
    let mut scene = Scene::new();
    scene.call(&extended(1, "posix-rename@openssh.com\0").string("/a").string("/b").done(), &ok(1));
    assert_eq!(
        scene.records,
        [json!({"event": "posix-rename", "path": "/a", "new_path": "/b", "result": "ok"})]
    );
}

#[test]
fn the_version_is_known() {
    let mut scene = Scene::new();
    scene.ask(&Build(vec![1]).u32(3).done()).answer(&Build(vec![2]).u32(3).done());
    assert_eq!(scene.ledger.counts, Counts { version: Some(3), ..Counts::default() });
}

#[test]
fn a_denied_request_is_recorded_with_the_sentence() {
    let mut scene = Scene::new();
    scene.opened("h", "/a", READ);
    let answer = status(1, StatusCode::PERMISSION_DENIED, "read-only");
    let due = scene.ledger.denied(&named(17, 1, "/secret"), &answer, true).unwrap();
    scene.take(vec![(due, None)]);
    assert_eq!(
        scene.last(),
        &json!({"event": "stat", "path": "/secret", "result": "denied", "status": 3, "reason": "read-only"})
    );
    let due = scene.ledger.denied(&Build::new(14, 1).u32(1000).done(), &answer, true).unwrap();
    assert_eq!((due.event, due.members.len()), ("mkdir", 4), "one that cannot be read is recorded too");
    assert_eq!(scene.ledger.denied(&write(2, "h", 0, "x"), &answer, false), None);
    assert_eq!(scene.ledger.counts.denied, 3);
    assert_eq!(scene.ledger.denied(&remove(3, "/a"), &ok(3), true), None, "that is no denial");
}

#[test]
fn too_many_notes_are_counted_and_their_files_say_so() {
    let mut scene = Scene::new();
    scene.opened("h", "/a", PUT).call(&write(1, "h", 0, "x"), &ok(1));
    for id in 0..NOTES as u32 {
        scene.ask(&named(17, id, "/"));
    }
    assert!(!scene.ledger.has_room(&remove(1, "/"), PLACES));
    scene.ask(&write(1_000_000, "h", 1, "y")).ask(&remove(1_000_001, "/x"));
    scene.answer(&ok(1_000_000)).answer(&ok(1_000_001));
    for id in 0..NOTES as u32 {
        scene.answer(&failed(id, 2));
    }
    scene.closed("h");
    assert_eq!(scene.ledger.counts.untracked, 2);
    assert_eq!((&scene.last()["incomplete"], &scene.last()["bytes_written"]), (&json!(true), &json!(1)));
    assert_eq!(scene.last().get("sha256_written"), None);
    assert_eq!(scene.records.len(), 2);
}

#[test]
fn too_many_files_and_too_long_handles_are_counted() {
    let mut scene = Scene::new();
    scene.call(&open(1, "/a", READ), &handle(1, [b'x'; LONGEST_HANDLE + 1]));
    assert_eq!(scene.last()["untracked"], true);
    for number in 0..FILES {
        assert!(scene.ledger.has_room(&open(1, "/a", READ), PLACES));
        scene.opened(&number.to_string(), "/a", READ);
    }
    assert!(
        !scene.ledger.has_room(&open(1, "/a", READ), PLACES)
            && scene.ledger.has_room(&remove(1, "/a"), PLACES)
    );
    scene.opened("more", "/a", READ);
    assert_eq!((scene.ledger.counts.untracked, &scene.last()["untracked"]), (2, &json!(true)));
    scene.closed("7");
    assert!(scene.ledger.has_room(&open(1, "/a", READ), PLACES));
}

#[test]
fn the_names_of_many_pending_requests_are_cut() {
    let mut scene = Scene::new();
    let long = "x".repeat(100_000);
    for id in 0..1000 {
        scene.ask(&remove(id, &long));
    }
    assert!(scene.ledger.names < NAMES + LONGEST_NAME + 1000 * SHORT_NAME, "{}", scene.ledger.names);
    scene.answer(&ok(0)).answer(&ok(999));
    let length = |record: &Json| record["path"].as_str().unwrap().len();
    assert_eq!(scene.records.iter().map(length).collect::<Vec<_>>(), [LONGEST_NAME, SHORT_NAME]);
    assert_eq!(scene.last()["path_length"], 100_000);
    scene.end();
    assert_eq!(scene.ledger.names, 0);
}

#[test]
fn a_session_holds_so_many_places_and_no_more() {
    let mut scene = Scene::new();
    for id in 0..PLACES as u32 {
        assert!(scene.ledger.has_room(&remove(id, "/a"), PLACES));
        scene.ledger.request(&named(17, id, "/"), Some(()));
        scene.ledger.request(&remove(id, "/a"), Some(()));
    }
    assert!(!scene.ledger.has_room(&remove(1, "/a"), PLACES));
    assert!(scene.ledger.has_room(&read(1, "h", 0), PLACES), "a READ needs none");
    scene.answer(&failed(0, 2)).answer(&ok(0));
    assert!(scene.ledger.has_room(&remove(1, "/a"), PLACES));
}
