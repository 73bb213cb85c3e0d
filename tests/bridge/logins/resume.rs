//! Coming back after the socket is lost: the SSH login stays.

use std::time::Duration;

use serde_json::{Value, json};

use super::steps;
use crate::support::Site;
use crate::support::conversation::Conversation;
use crate::support::files::{MIB, Scratch, assert_same_bytes, random_file};
use crate::support::node::Login;
use crate::support::sftp::{NAME, REALPATH, with_name};
use crate::support::wait::{SOON, wait_until};
use crate::support::{otp, sshd::Sshd};

fn site(resume: &str) -> Site {
    Site::with(otp::sshd().start(), |config| config.upstream(&format!("resume = {resume:?}")))
}

/// A conversation that came as far as `ready`, and the message.
#[track_caller]
fn ready(site: &Site) -> (Conversation, Value) {
    let user = &site.bridge.user;
    let mut conversation = Conversation::open(&site.bridge.anonymous());
    let login = json!({ "method": "keyboard-interactive", "user": user.name });
    let ready = conversation.ready(login, &[("Password", &user.password), ("code", &otp::code())]);
    (conversation, ready)
}

#[test]
fn one_code_lasts_through_three_cuts_of_an_upload() {
    let site = site("60s");
    let scratch = Scratch::new();
    let file = scratch.join("file");
    random_file(&file, 8 * MIB + 12_345);
    let user = &site.bridge.user;
    let answers = json!([["password", user.password], ["code", otp::code()]]);
    let step = json!({ "method": "keyboard-interactive", "user": user.name, "answers": answers });
    let mut parameters = steps(&site.bridge, step);
    let cuts = [MIB, 3 * MIB + 1, 6 * MIB];
    parameters["upload"] = json!({ "file": file, "remote": site.sshd.remote("file"), "cuts": cuts });
    let login = Login::run(&parameters);
    let offsets: Vec<u64> = serde_json::from_value(login.result["offsets"].clone()).expect("offsets");
    assert_eq!(offsets.len(), 4, "{}", login.output);
    assert!(offsets[1..].iter().zip(cuts).all(|(offset, cut)| *offset >= cut), "{offsets:?}");
    assert_same_bytes(&file, &site.sshd.files().join("file"));
    assert_eq!(login.questions().len(), 2, "asked once: {}", login.output);
    assert_eq!((site.sshd.accepted().len(), site.sshd.connections()), (1, 1), "{}", site.sshd.log());
}

#[test]
fn the_login_stays_for_its_time_after_a_cut_and_then_nothing_is_left() {
    let site = site("3s");
    let (conversation, ready) = ready(&site);
    assert_eq!(ready["resume_seconds"], 3);
    let session = conversation.session();
    site.sshd.sftp_server();
    drop(session);
    wait_until("the sftp channel to be closed", SOON, || site.sshd.sftp_servers().is_empty());
    assert!(site.sshd.has_sessions(), "the login is kept");
    site.sshd.wait_idle();
}

#[test]
fn a_login_that_is_kept_holds_its_place_and_after_its_time_the_place_is_free() {
    let site = Site::with(otp::sshd().start(), |config| {
        config.upstream("resume = \"2s\"").limit("sessions_per_user = 1").limit("sessions = 1")
    });
    let (conversation, _) = ready(&site);
    let mut session = conversation.session();
    session.is_alive();
    drop(session);
    let user = &site.bridge.user;
    let again = || {
        let mut conversation = Conversation::open(&site.bridge.anonymous());
        let login = json!({ "method": "keyboard-interactive", "user": user.name });
        conversation.login(login, &[("Password", &user.password), ("code", &otp::code())])
    };
    let full = again();
    assert_eq!((&full["type"], &full["code"]), (&json!("failure"), &json!("full")), "{full}");
    site.sshd.wait_idle();
    wait_until("the place to be free", SOON, || again()["type"] == "ready");
    wait_until("the second login to be gone too", SOON, || !site.sshd.has_sessions());
    assert_eq!(site.sshd.accepted().len(), 2, "{}", site.sshd.log());
}

#[test]
fn what_was_resumed_and_lost_again_is_gone_after_its_time_too() {
    let site = site("2s");
    let (conversation, first) = ready(&site);
    drop(conversation.session());
    let mut again = Conversation::open(&site.bridge.anonymous());
    let second = again.ready(json!({ "method": "resume", "token": first["resume_token"] }), &[]);
    assert_ne!(first["resume_token"], second["resume_token"], "tokens rotate");
    again.session().is_alive();
    site.sshd.wait_idle();
    assert_eq!(site.sshd.connections(), 1);
}

#[test]
fn a_client_that_says_goodbye_leaves_no_login_behind() {
    let site = site("60s");
    let (conversation, _) = ready(&site);
    let mut session = conversation.session();
    session.is_alive();
    session.ws.send_close(1000);
    site.sshd.wait_idle();
}

#[test]
fn without_resume_there_is_no_token_and_nothing_stays() {
    let site = site("0s");
    let (conversation, ready) = ready(&site);
    assert_eq!((&ready["resume_token"], &ready["resume_seconds"]), (&Value::Null, &json!(0)));
    drop(conversation.session());
    site.sshd.wait_idle();
}

#[test]
fn a_login_by_password_is_resumed_on_a_channel_of_its_own() {
    let site = Site::with(Sshd::start(), |config| config);
    let user = &site.bridge.user;
    let mut conversation = Conversation::open(&site.bridge.anonymous());
    let login = json!({ "method": "password", "user": user.name, "password": user.password });
    let ready = conversation.ready(login, &[]);
    let mut session = conversation.session();
    // A question is under way while the socket is lost: its answer must not come to the next channel.
    session.ws.send(&with_name(REALPATH, 77, "."));
    drop(session);
    let mut again = Conversation::open(&site.bridge.anonymous());
    again.ready(json!({ "method": "resume", "token": ready["resume_token"] }), &[]);
    let mut session = again.session();
    let answer = session.call(|id| with_name(REALPATH, id, "/"));
    assert_eq!(answer.kind, NAME);
    assert!(session.ws.hear_within(Duration::from_millis(200)).is_none(), "nothing else comes");
}
