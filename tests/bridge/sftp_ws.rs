//! The npm clients that already speak this protocol, under Node: sftp-ws (the reference) and websocket-sftp (its fork).

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::Site;
use crate::support::files::{MIB, Scratch, assert_same_bytes, random_file};
use crate::support::node::{node, result};
use crate::support::sshd::Sshd;
use crate::support::wait::SOON;

fn parameters(site: &Site) -> Value {
    let user = &site.bridge.user;
    json!({
        "url": site.bridge.url(),
        "user": user.name,
        "password": user.password,
        "remote": site.sshd.files(),
    })
}

fn with(mut parameters: Value, key: &str, value: impl Into<Value>) -> Value {
    parameters[key] = value.into();
    parameters
}

fn files(scratch: &Scratch, size: u64) -> (PathBuf, PathBuf) {
    let (file, copy) = (scratch.join("file.bin"), scratch.join("copy.bin"));
    random_file(&file, size);
    (file, copy)
}

#[test]
fn sftp_ws_lists_uploads_downloads_renames_links_and_removes() {
    let site = Site::start();
    let scratch = Scratch::new();
    let (file, copy) = files(&scratch, 5 * MIB + 3);
    let parameters = with(parameters(&site), "file", file.to_str());
    let seen = result(node("session.js", &with(parameters, "copy", copy.to_str())));
    assert_eq!(seen["uploaded"], json!(["file.bin"]));
    assert_eq!(seen["renamed"], json!(["renamed.bin"]));
    assert_eq!(seen["linked"], json!(["hard.bin", "renamed.bin", "soft.bin"]));
    assert!(seen["readlink"].as_str().unwrap().ends_with("renamed.bin"), "{seen}");
    assert_eq!(seen["left"], json!([]));
    assert_same_bytes(&file, &copy);
    assert_eq!(fs::read_dir(site.sshd.files()).unwrap().count(), 0);
    assert_eq!(site.bridge.session_end().number("close_code"), 1000);
}

#[test]
fn sftp_ws_lists_a_thousand_names_with_four_readdirs_in_flight() {
    let site = Site::start();
    for number in 0..1000 {
        fs::write(site.sshd.files().join(format!("name-{number:04}")), b"").unwrap();
    }
    let seen = result(node("list.js", &parameters(&site)));
    assert_eq!(seen["names"], 1000);
}

#[test]
fn sftp_ws_is_asked_for_a_password_after_an_anonymous_401() {
    let site = Site::start();
    let seen = result(node("prompted.js", &parameters(&site)));
    assert_eq!(seen["prompts"], json!([["username", "password"]]), "asked once, for both");
    assert!(!seen["instructions"].as_str().unwrap().is_empty(), "the text of SFTP-Authenticate-Info");
    assert_eq!(seen["connected"], true, "{seen}");
    assert_eq!(site.sshd.connections(), 1, "the anonymous request did not reach the upstream");
}

#[test]
fn sftp_ws_takes_the_second_401_for_final() {
    let site = Site::start();
    let seen = result(node("prompted.js", &with(parameters(&site), "password", "wrong")));
    assert_eq!(seen["prompts"].as_array().unwrap().len(), 1);
    assert_eq!((&seen["connected"], &seen["message"]), (&json!(false), &json!("Authentication failed")));
    assert!(!seen["info"].as_str().unwrap().is_empty());
}

#[test]
fn sftp_ws_shows_the_reason_of_a_refusal() {
    let site = Site::start();
    let nowhere = format!("{}/nowhere", site.bridge.url());
    let seen = result(node("refused.js", &with(parameters(&site), "url", nowhere)));
    assert_eq!(seen["message"], "Unexpected server response: '404 Not Found'");
    assert!(!seen["info"].as_str().unwrap().is_empty());
}

#[test]
fn sftp_ws_shows_our_reason_when_sshd_is_killed_in_mid_transfer() {
    let site = Site::start();
    let mut script = node("lost.js", &parameters(&site));
    script.line("the transfer", |line| (line == "transferring").then_some(()));
    site.sshd.kill_sessions();
    let seen = result(script);
    let reason = site.bridge.session_end().get("reason").to_owned();
    assert_eq!((&seen["nativeCode"], &seen["code"]), (&json!(1011), &json!("ECONNRESET")), "{seen}");
    let message = seen["message"].as_str().unwrap();
    assert!(message.contains(' ') && message.len() <= 123, "{message:?}, logged as {reason:?}");
}

#[test]
fn sftp_ws_is_told_that_the_bridge_goes_away() {
    let site = Site::with(Sshd::start(), |config| config.limit(r#"drain = "1s""#));
    let mut script = node("lost.js", &with(parameters(&site), "idle", true));
    script.line("the session", |line| (line == "connected").then_some(()));
    site.bridge.terminate();
    let seen = result(script);
    assert_eq!((&seen["nativeCode"], &seen["message"]), (&json!(1001), &json!("Endpoint is going away")));
}

#[test]
fn websocket_sftp_works_without_a_subprotocol() {
    let site = Site::start();
    let scratch = Scratch::new();
    let (file, copy) = files(&scratch, 3 * MIB + 1);
    let parameters = with(parameters(&site), "file", file.to_str());
    let seen = result(node("fork.js", &with(parameters, "copy", copy.to_str())));
    assert_eq!(seen["protocol"], "", "none offered, none chosen");
    assert_eq!(seen["names"], json!(["file.bin"]));
    assert_same_bytes(&file, &copy);
    assert_same_bytes(&file, &site.sshd.files().join("file.bin"));
}

#[test]
fn websocket_sftp_survives_its_own_one_mebibyte_requests() {
    let site = Site::start();
    let seen = result(node("fork_large.js", &parameters(&site)));
    // OpenSSH gives as much as it can of a large READ; a large WRITE is over its limit and is refused in words.
    assert_eq!(seen["read"], 261_120);
    assert!(!seen["refusal"].as_str().unwrap().is_empty(), "{seen}");
    assert_eq!(seen["alive"], true);
}

#[test]
fn a_node_script_that_throws_fails_its_test() {
    let mut script = node("session.js", &json!({ "url": "ws://127.0.0.1:1/" }));
    assert!(!script.wait(SOON).status.success());
}
