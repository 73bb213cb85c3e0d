//! What a client may not do in the conversation. No server hears of it.

use serde_json::{Value, json};

use crate::support::Site;
use crate::support::conversation::Conversation;
use crate::support::sftp;
use crate::support::sshd::Sshd;
use crate::support::ws::TEXT;

/// The last text message and the close code after a client's `bytes`.
#[track_caller]
fn end_after(site: &Site, opcode: u8, bytes: &[u8]) -> (Option<Value>, Option<u16>) {
    let mut conversation = Conversation::open(&site.bridge.anonymous());
    conversation.ws.send_frame(true, opcode, bytes);
    conversation.end()
}

#[test]
fn sftp_before_ready_is_1008() {
    let site = Site::start();
    let (_, code) = end_after(&site, crate::support::ws::BINARY, &sftp::init());
    assert_eq!(code, Some(1008));
    assert_eq!(site.sshd.connections(), 0);
}

#[test]
fn a_text_over_16_kib_is_1009() {
    let site = Site::start();
    let (_, code) = end_after(&site, TEXT, &vec![b' '; 16 * 1024 + 1]);
    assert_eq!(code, Some(1009));
}

#[test]
fn what_is_not_part_of_the_conversation_is_told_and_1008() {
    let site = Site::start();
    for text in [
        "",
        "{",
        "[]",
        r#"{"type":"no-such"}"#,
        r#"{"type":"login"}"#,
        r#"{"type":"answer","id":1,"answers":[]}"#,
        r#"{"type":"signature","id":1,"signature":""}"#,
    ] {
        let (last, code) = end_after(&site, TEXT, text.as_bytes());
        let last = last.unwrap_or_else(|| panic!("{text}: nothing was told"));
        assert_eq!((&last["code"], &last["retry"]), (&json!("protocol"), &json!(false)), "{text}: {last}");
        assert_eq!(code, Some(1008), "{text}");
    }
    assert_eq!(site.sshd.connections(), 0);
}

#[test]
fn an_empty_name_or_password_does_not_reach_the_server() {
    let site = Site::start();
    let mut conversation = Conversation::open(&site.bridge.anonymous());
    for (user, password) in [("", "p"), ("u", ""), ("u\n", "p")] {
        let login = json!({ "method": "password", "user": user, "password": password });
        assert_eq!(conversation.login(login, &[])["code"], "refused");
    }
    assert_eq!(site.sshd.connections(), 0);
}

#[test]
fn an_unknown_upstream_is_told_and_another_may_be_tried() {
    let site = Site::start();
    let user = &site.bridge.user;
    let login = |upstream: &str| json!({ "method": "password", "upstream": upstream, "user": user.name, "password": user.password });
    let mut conversation = Conversation::open(&site.bridge.anonymous());
    assert_eq!(conversation.login(login("nowhere"), &[])["code"], "unknown-upstream");
    conversation.ready(login("main"), &[]);
    conversation.session().is_alive();
}

#[test]
fn tries_on_one_socket_are_counted() {
    let site = Site::with(Sshd::start(), |config| config.throttle("login_attempts = 2"));
    let user = &site.bridge.user.name;
    let mut conversation = Conversation::open(&site.bridge.anonymous());
    let wrong = json!({ "method": "password", "user": user, "password": "wrong" });
    assert_eq!(conversation.login(wrong.clone(), &[])["retry"], true);
    assert_eq!(conversation.login(wrong, &[])["retry"], false);
    assert_eq!(conversation.end().1, Some(1008));
}

#[test]
fn hello_offers_what_the_server_takes_and_names_no_address() {
    let site = Site::start();
    let hello = Conversation::open(&site.bridge.anonymous()).hello;
    assert_eq!(hello["upstreams"][0]["name"], "main");
    for method in ["password", "keyboard-interactive", "publickey", "resume"] {
        let methods = hello["methods"].as_array().unwrap();
        assert!(methods.iter().any(|offered| offered == method), "{method}: {hello}");
    }
    assert!(!hello.to_string().contains(&site.sshd.port.to_string()), "{hello}");
}
