//! Which answer belongs to which request, and to which file.

use serde_json::json;

use super::packets::*;
use super::*;

#[test]
fn an_id_that_is_used_again_is_answered_in_order() {
    let mut scene = Scene::new();
    scene.ask(&remove(7, "/a")).ask(&named(17, 7, "/stat")).ask(&remove(7, "/b"));
    scene.answer(&ok(7)).answer(&failed(7, 2)).answer(&failed(7, 3));
    assert_eq!(
        scene.records,
        [
            json!({"event": "remove", "path": "/a", "result": "ok"}),
            json!({"event": "remove", "path": "/b", "result": "permission_denied", "status": 3}),
        ]
    );
}

#[test]
fn answers_out_of_order_find_their_requests() {
    let mut scene = Scene::new();
    scene.ask(&open(1, "/a", READ)).ask(&open(2, "/b", READ)).ask(&remove(3, "/c"));
    scene.answer(&failed(3, 99)).answer(&handle(2, "x")).answer(&handle(1, "y"));
    scene.call(&read(4, "x", 0), &data(4, "bb")).closed("x").closed("y");
    let told: Vec<_> = scene.records.iter().map(|record| (&record["event"], &record["path"])).collect();
    assert_eq!(
        json!(told),
        json!([["remove", "/c"], ["open", "/b"], ["open", "/a"], ["close", "/b"], ["close", "/a"]])
    );
    assert_eq!((&scene.records[0]["result"], &scene.records[0]["status"]), (&json!("failed"), &json!(99)));
    assert_eq!((&scene.records[3]["bytes_read"], &scene.records[4]["bytes_read"]), (&json!(2), &json!(0)));
}

#[test]
fn a_handle_used_again_is_another_file_even_before_the_close_is_answered() {
    let mut scene = Scene::new();
    scene.opened("h", "/a", PUT).call(&write(1, "h", 0, "aa"), &ok(1));
    scene.ask(&close(2, "h")).ask(&open(3, "/b", PUT)).answer(&handle(3, "h"));
    scene.call(&write(4, "h", 0, "b"), &ok(4)).answer(&ok(2));
    assert_eq!((&scene.last()["path"], &scene.last()["bytes_written"]), (&json!("/a"), &json!(2)));
    scene.closed("h");
    assert_eq!((&scene.last()["path"], &scene.last()["bytes_written"]), (&json!("/b"), &json!(1)));
    // And by a directory.
    scene.opened("h", "/c", READ).ask(&close(5, "h")).call(&named(11, 6, "/dir"), &handle(6, "h"));
    scene.answer(&ok(5));
    assert_eq!((&scene.last()["event"], &scene.last()["path"]), (&json!("close"), &json!("/c")));
    let before = scene.records.len();
    scene.closed("h");
    assert_eq!(scene.records.len(), before, "the close of a directory is not recorded");
}

#[test]
fn a_close_behind_writes_waits_for_their_answers_whatever_the_order() {
    let mut scene = Scene::new();
    scene.opened("h", "/a", PUT);
    scene.ask(&write(1, "h", 0, "ab")).ask(&write(2, "h", 2, "c")).ask(&close(3, "h"));
    scene.answer(&ok(1)).answer(&ok(3));
    assert_eq!(scene.last()["event"], "open");
    scene.answer(&ok(2));
    assert_eq!((&scene.last()["event"], &scene.last()["bytes_written"]), (&json!("close"), &json!(3)));
    assert_eq!(scene.last()["sha256_written"], hex("abc"));
}

#[test]
fn a_close_that_failed_closes_all_the_same() {
    let mut scene = Scene::new();
    scene.opened("h", "/a", READ).call(&close(1, "h"), &failed(1, 4)).end();
    assert_eq!(scene.records.len(), 2);
    assert_eq!((&scene.last()["result"], scene.last().get("forced")), (&json!("failure"), None));
}

#[test]
fn the_end_closes_what_is_open_and_leaves_unknown_what_was_not_answered() {
    let mut scene = Scene::new();
    scene.opened("h", "/a", PUT).opened("i", "/b", READ).call(&write(1, "h", 0, "ab"), &ok(1));
    scene.ask(&write(2, "h", 2, "c")).ask(&remove(3, "/x")).ask(&open(4, "/c", READ)).ask(&close(5, "i"));
    scene.records.clear();
    scene.end();
    let told: Vec<_> =
        scene.records.iter().map(|r| (&r["event"], &r["path"], &r["result"], &r["forced"])).collect();
    assert_eq!(
        json!(told),
        json!([
            ["remove", "/x", "unknown", null],
            ["open", "/c", "unknown", null],
            ["close", "/b", "unknown", null],
            ["close", "/a", "unknown", true],
        ])
    );
    assert_eq!((&scene.last()["bytes_written"], scene.last().get("sha256_written")), (&json!(2), None));
    assert_eq!(scene.ledger.counts.unanswered, 4);
    assert_eq!((scene.ledger.names, scene.ledger.files.len(), scene.ledger.opening), (0, 0, 0));
}
