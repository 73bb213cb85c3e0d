//! What goes through open files, and its hashes.

use std::time::Duration;

use serde_json::json;

use super::packets::*;
use super::*;
use crate::sftp::OpenFlags;

#[test]
fn an_upload_is_an_open_and_a_close_with_its_bytes_and_hash() {
    let mut scene = Scene::new();
    scene.opened("h", "/a", PUT);
    assert_eq!(
        scene.records,
        [json!({"event": "open", "path": "/a", "flags": ["write", "create", "truncate"], "result": "ok"})]
    );
    scene.call(&write(1, "h", 0, "ab"), &ok(1)).call(&write(2, "h", 2, "c"), &ok(2));
    scene.now += Duration::from_millis(2500);
    scene.closed("h");
    assert_eq!(scene.records.len(), 2);
    assert_eq!(
        scene.last(),
        &json!({"event": "close", "path": "/a", "result": "ok", "bytes_read": 0, "bytes_written": 3,
                "duration": 2.5, "sha256_written": hex("abc")})
    );
}

#[test]
fn a_download_to_the_end_has_a_hash_and_one_that_stops_early_has_none() {
    let mut scene = Scene::new();
    scene.opened("h", "/a", READ).call(&read(1, "h", 0), &data(1, "abc"));
    scene.call(&read(2, "h", 3), &failed(2, 1)).closed("h");
    assert_eq!(scene.last()["sha256_read"], hex("abc"));
    scene.opened("h", "/a", READ).call(&read(1, "h", 0), &data(1, "abc")).closed("h");
    assert_eq!((&scene.last()["bytes_read"], scene.last().get("sha256_read")), (&json!(3), None));
}

#[test]
fn short_reads_count_what_came_and_the_rest_may_follow() {
    let mut scene = Scene::new();
    scene.opened("h", "/a", READ);
    scene.call(&read(1, "h", 0), &data(1, "ab")).call(&read(2, "h", 2), &data(2, "c"));
    // An end beyond the sequence proves nothing, the one at its end does.
    scene.call(&read(3, "h", 32_768), &failed(3, 1)).call(&read(4, "h", 3), &failed(4, 1)).closed("h");
    assert_eq!((&scene.last()["bytes_read"], &scene.last()["sha256_read"]), (&json!(3), &json!(hex("abc"))));
}

#[test]
fn an_end_of_file_beyond_what_was_read_is_no_whole_download() {
    let mut scene = Scene::new();
    scene.opened("h", "/a", READ);
    scene.call(&read(1, "h", 0), &data(1, "ab")).call(&read(2, "h", 32_768), &failed(2, 1)).closed("h");
    assert_eq!(scene.last().get("sha256_read"), None);
}

#[test]
fn empty_files_have_the_hash_of_nothing() {
    let mut scene = Scene::new();
    scene.opened("h", "/a", PUT).closed("h");
    assert_eq!(scene.last()["sha256_written"], hex(""));
    scene.opened("h", "/a", READ).call(&read(1, "h", 0), &failed(1, 1)).closed("h");
    assert_eq!(scene.last()["sha256_read"], hex(""));
    assert_eq!(scene.last().get("sha256_written"), None);
}

#[test]
fn a_write_that_failed_counts_no_byte_and_spoils_the_hash() {
    let mut scene = Scene::new();
    scene.opened("h", "/a", PUT);
    scene.call(&write(1, "h", 0, "ab"), &ok(1)).call(&write(2, "h", 2, "c"), &failed(2, 4)).closed("h");
    assert_eq!((&scene.last()["bytes_written"], scene.last().get("sha256_written")), (&json!(2), None));
}

#[test]
fn what_is_not_written_from_the_start_of_a_new_file_has_no_hash() {
    let (w, c) = (OpenFlags::WRITE, OpenFlags::CREATE);
    let whole = |flags: u32, offset: u64| {
        let mut scene = Scene::new();
        scene.opened("h", "/a", flags).call(&write(1, "h", offset, "x"), &ok(1)).closed("h");
        scene.last().get("sha256_written").is_some()
    };
    assert!(whole(PUT, 0) && whole(w | c | OpenFlags::EXCLUSIVE, 0));
    assert!(!whole(PUT, 1), "a gap");
    assert!(!whole(w, 0) && !whole(w | c, 0), "an old end may remain");
    assert!(!whole(w | OpenFlags::EXCLUSIVE, 0), "exclusive means nothing without create");
    assert!(!whole(PUT | OpenFlags::APPEND, 0), "offsets mean nothing when appending");
}

#[test]
fn truncation_by_fsetstat_or_setstat_spoils_the_hash() {
    let size = |kind: u8, name: &str| Build::new(kind, 5).string(name).u32(1).u64(2).done();
    for request in [size(10, "h"), size(9, "/a")] {
        let mut scene = Scene::new();
        scene.opened("h", "/a", PUT).call(&write(1, "h", 0, "abc"), &ok(1));
        scene.call(&request, &ok(5));
        assert_eq!((&scene.last()["path"], &scene.last()["size"]), (&json!("/a"), &json!(2)));
        scene.closed("h");
        assert_eq!(scene.last().get("sha256_written"), None);
    }
    let mut scene = Scene::new();
    scene.opened("h", "/a", PUT).call(&size(9, "/b"), &ok(5)).closed("h");
    assert!(scene.last().get("sha256_written").is_some(), "that was another file");
}

#[test]
fn copy_data_names_both_files_and_spoils_the_hash_of_the_second() {
    let mut scene = Scene::new();
    scene.opened("f", "/from", READ).opened("t", "/to", PUT);
    let copy = extended(7, "copy-data").string("f").u64(1).u64(0).string("t").u64(9).done();
    scene.call(&copy, &ok(7));
    assert_eq!(
        scene.last(),
        &json!({"event": "copy-data", "path": "/from", "new_path": "/to", "offset": 1, "length": 0,
                "new_offset": 9, "result": "ok"})
    );
    scene.closed("t");
    assert_eq!((&scene.last()["copy_data"], scene.last().get("sha256_written")), (&json!(true), None));
}
