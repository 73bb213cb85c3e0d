//! What a client may try to make the records say.

use serde_json::json;

use super::packets::*;
use super::*;

#[test]
fn what_is_written_by_a_guessed_handle_is_not_told_to_be_nothing() {
    let mut scene = Scene::new();
    // As sftp-server answers when a client does not wait: its first handle is known to be 0.
    scene.ask(&open(1, "/a", PUT)).ask(&write(2, "0", 0, "evil"));
    scene.answer(&handle(1, "0")).answer(&ok(2)).closed("0");
    assert_eq!((&scene.last()["path"], &scene.last()["incomplete"]), (&json!("/a"), &json!(true)));
    assert_eq!(scene.last().get("sha256_written"), None);
    assert_eq!(scene.ledger.counts.untracked, 1);
    // What was opened after the guess is nobody's concern.
    scene.opened("0", "/b", PUT).closed("0");
    assert_eq!(scene.last()["sha256_written"], hex(""));
}

#[test]
fn what_is_written_by_a_handle_behind_its_close_is_not_told_of_the_closed_file() {
    let mut scene = Scene::new();
    scene.opened("0", "/a", PUT).call(&write(1, "0", 0, "good"), &ok(1));
    // The upstream gives the handle to the next file.
    scene.ask(&close(2, "0")).ask(&open(3, "/b", PUT)).ask(&write(4, "0", 4, "evil"));
    scene.answer(&ok(2));
    assert_eq!((&scene.last()["path"], &scene.last()["bytes_written"]), (&json!("/a"), &json!(4)));
    assert_eq!(scene.last()["sha256_written"], hex("good"));
    scene.answer(&handle(3, "0")).answer(&ok(4)).closed("0");
    assert_eq!((&scene.last()["path"], &scene.last()["incomplete"]), (&json!("/b"), &json!(true)));
    assert_eq!(scene.last().get("sha256_written"), None);
}

#[test]
fn a_handle_that_was_closed_by_a_guess_is_not_taken_for_its_file() {
    let mut scene = Scene::new();
    scene.ask(&open(1, "/a", PUT)).ask(&close(2, "0")).ask(&open(3, "/b", PUT));
    scene.answer(&handle(1, "0"));
    assert_eq!((&scene.last()["path"], &scene.last()["untracked"]), (&json!("/a"), &json!(true)));
    // It is the handle of /b already.
    scene.ask(&write(4, "0", 0, "evil")).answer(&ok(2)).answer(&handle(3, "0")).answer(&ok(4)).closed("0");
    assert_eq!((&scene.last()["path"], &scene.last()["incomplete"]), (&json!("/b"), &json!(true)));
    assert_eq!(scene.records.len(), 3);
}

#[test]
fn the_close_of_a_directory_is_no_guess() {
    let mut scene = Scene::new();
    scene.call(&named(11, 1, "/dir"), &handle(1, "d"));
    scene.ask(&open(2, "/a", PUT)).call(&close(3, "d"), &ok(3)).answer(&handle(2, "0")).closed("0");
    assert_eq!((&scene.last()["path"], &scene.last()["sha256_written"]), (&json!("/a"), &hex("").into()));
    assert_eq!(scene.ledger.counts, Counts::default());
}

#[test]
fn the_failure_of_an_unknown_request_does_not_pass_for_that_of_another() {
    let mut scene = Scene::new();
    scene.ask(&Build::new(99, 7).done()).ask(&remove(7, "/a"));
    scene.answer(&failed(7, 8)).answer(&ok(7));
    assert_eq!(scene.last(), &json!({"event": "remove", "path": "/a", "result": "ok"}));
    // A server that answers no such request: what failed is unknown, and never more than that.
    scene.ask(&Build::new(99, 7).done()).call(&remove(7, "/b"), &failed(7, 2)).end();
    assert_eq!(scene.last(), &json!({"event": "remove", "path": "/b", "result": "unknown"}));
}

#[test]
fn among_too_many_unknown_requests_every_result_is_unknown() {
    for id in [true, false] {
        let mut scene = Scene::new();
        for number in 0..=1024 {
            let unknown = if id { Build::new(99, number) } else { Build(vec![99]) };
            scene.ask(&unknown.done());
        }
        scene.call(&remove(5000, "/a"), &failed(5000, 2));
        assert_eq!(scene.last(), &json!({"event": "remove", "path": "/a", "result": "unknown"}));
        scene.opened("h", "/b", PUT);
        assert_eq!((&scene.last()["result"], &scene.last()["untracked"]), (&json!("ok"), &json!(true)));
    }
}

#[test]
fn the_answer_to_a_request_beyond_the_notes_does_not_pass_for_that_of_another() {
    let mut scene = Scene::new();
    for id in 0..NOTES as u32 {
        scene.ask(&named(17, id, "/"));
    }
    scene.ask(&named(17, 9_000_000, "/"));
    scene.answer(&failed(0, 2)).ask(&remove(9_000_000, "/a"));
    scene.answer(&failed(9_000_000, 2)).answer(&ok(9_000_000));
    assert_eq!(scene.records, [json!({"event": "remove", "path": "/a", "result": "unknown"})]);
    scene.call(&remove(1, "/b"), &failed(1, 2)).call(&remove(9_000_001, "/c"), &failed(9_000_001, 2));
    assert_eq!(scene.last()["result"], "no_such_file", "all of them are answered");
}
