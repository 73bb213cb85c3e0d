//! Bearer tokens (RFC 6750) that are JSON Web Tokens (RFC 7519).

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use serde_json::json;

use crate::support::bridge::Config;
use crate::support::conversation::Conversation;
use crate::support::fake::Fake;
use crate::support::files::Scratch;
use crate::support::identity::{Minting, Tokens};
use crate::support::node::{node, result};
use crate::support::session::Session;
use crate::support::user::User;

fn site(scratch: &Scratch) -> (Minting, Tokens) {
    let tokens = Tokens::issue(scratch, &User::read().name);
    let configure = |config: Config| config.section(&tokens.section());
    (Minting::with("ed25519", configure), tokens)
}

#[test]
fn a_good_token_lands_under_the_persons_own_name() {
    let scratch = Scratch::new();
    let (site, tokens) = site(&scratch);
    for name in ["good", "good_by_rsa", "good_for_two"] {
        let mut session = Session::start(site.bridge.anonymous().bearer(tokens.get(name)).open());
        let file = site.sshd.remote(name);
        let handle = session.create(&file);
        session.close(&handle);
        super::assert_belongs_to_user(file.as_ref());
    }
    let accepted = site.sshd.accepted();
    let named = format!("Accepted publickey for {} ", site.user.name);
    assert!(accepted.len() == 3 && accepted.iter().all(|line| line.contains(&named)), "{accepted:?}");
}

/// A token that differs from a good one in one respect is refused for that reason, which the log tells: in the header, and
/// in the conversation.
#[track_caller]
fn assert_refused(name: &str, reason: &str) {
    let scratch = Scratch::new();
    let (site, tokens) = site(&scratch);
    let token = tokens.get(name);
    let answer = site.bridge.anonymous().bearer(token).send();
    assert_eq!(answer.status, 401);
    let challenges = answer.headers("WWW-Authenticate");
    assert!(challenges[0].starts_with("Basic realm="), "{challenges:?}");
    assert_eq!(challenges[1], "Bearer error=\"invalid_token\"");
    assert!(answer.fields().iter().all(|(_, value)| !value.contains(token)));
    let mut conversation = Conversation::open(&site.bridge.anonymous());
    let failure = conversation.login(json!({ "method": "bearer", "token": token }), &[]);
    assert_eq!((&failure["type"], &failure["code"]), (&json!("failure"), &json!("refused")), "{failure}");
    assert_eq!(site.sshd.connections(), 0);
    let log = site.bridge.log();
    assert_eq!(log.matches(&format!("bearer token: {reason}")).count(), 2, "{log}");
    assert!(!log.contains(token), "{log}");
    // The same socket, and a good one.
    conversation.ready(json!({ "method": "bearer", "token": tokens.get("good") }), &[]);
    conversation.session().is_alive();
}

#[test]
fn a_forged_token_is_refused() {
    assert_refused("forged", "the signature is wrong");
}

#[test]
fn a_token_that_was_changed_is_refused() {
    assert_refused("changed", "the signature is wrong");
}

#[test]
fn an_expired_token_is_refused() {
    assert_refused("expired", "expired");
}

#[test]
fn a_token_for_another_audience_is_refused() {
    assert_refused("for_another", "meant for somebody else");
}

#[test]
fn a_token_of_another_issuer_is_refused() {
    assert_refused("by_another", "of another issuer");
}

#[test]
fn a_token_by_the_algorithm_none_is_refused() {
    assert_refused("unsigned", "its algorithm is not accepted");
}

#[test]
fn a_token_by_the_public_key_as_a_shared_secret_is_refused() {
    assert_refused("by_public_key", "its algorithm is not accepted");
}

#[test]
fn a_bad_token_is_401_and_the_upstream_hears_nothing_of_it() {
    let scratch = Scratch::new();
    let (site, tokens) = site(&scratch);
    for (name, token) in tokens.bad() {
        let answer = site.bridge.anonymous().bearer(token).send();
        assert_eq!(answer.status, 401, "{name}");
        assert!(!answer.headers("WWW-Authenticate").is_empty(), "{name}");
        assert!(answer.fields().iter().all(|(_, value)| !value.contains(token)), "{name}");
    }
    assert_eq!(site.sshd.connections(), 0);
    let log = site.bridge.log();
    for (name, token) in tokens.bad() {
        assert!(!log.contains(token), "{name} is in the log");
    }
}

#[test]
fn bad_tokens_look_the_same_to_the_visitor() {
    let scratch = Scratch::new();
    let (site, tokens) = site(&scratch);
    let mut seen: Vec<String> = tokens
        .bad()
        .iter()
        .map(|(_, token)| site.bridge.anonymous().bearer(token).send())
        .map(|answer| answer.reason().to_owned())
        .collect();
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:?}");
}

#[test]
fn sftp_ws_asks_for_a_password_although_a_second_challenge_follows_that_of_basic() {
    let scratch = Scratch::new();
    let (site, tokens) = site(&scratch);
    // sftp-ws sends no tokens: somebody on the way adds a bad one to its first request.
    let token = tokens.get("expired").to_owned();
    let (port, first) = (site.bridge.port, AtomicBool::new(true));
    let relay = Fake::serve(move |client| {
        let bridge = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let mut request = BufReader::new(client.try_clone().unwrap());
        let mut line = String::new();
        request.read_line(&mut line).unwrap();
        if first.swap(false, SeqCst) {
            line.push_str(&format!("Authorization: Bearer {token}\r\n"));
        }
        (&bridge).write_all(line.as_bytes()).unwrap();
        let answers = (bridge.try_clone().unwrap(), client);
        let back = std::thread::spawn(move || std::io::copy(&mut &answers.0, &mut &answers.1));
        let _ = std::io::copy(&mut request, &mut &bridge);
        let _ = bridge.shutdown(Shutdown::Write);
        let _ = back.join();
    });
    let url = format!("ws://127.0.0.1:{}/sftp", relay.port);
    let seen = result(node("prompted.js", &json!({ "url": url, "user": "ann", "password": "wrong" })));
    assert_eq!(seen["prompts"], json!([["username", "password"]]), "{seen}");
    assert!(seen["instructions"].as_str().unwrap().contains("knows nobody"), "{seen}");
    let log = site.bridge.log();
    assert_eq!(log.matches("bearer token: expired").count(), 1, "{log}");
}

#[test]
fn a_bad_token_is_refused_in_the_conversation() {
    let scratch = Scratch::new();
    let (site, tokens) = site(&scratch);
    for (name, token) in tokens.bad() {
        let mut conversation = Conversation::open(&site.bridge.anonymous());
        let failure = conversation.login(json!({ "method": "bearer", "token": token }), &[]);
        assert_eq!((&failure["type"], &failure["code"]), (&json!("failure"), &json!("refused")), "{name}");
    }
    assert_eq!(site.sshd.connections(), 0);
    let mut conversation = Conversation::open(&site.bridge.anonymous());
    conversation.ready(json!({ "method": "bearer", "token": tokens.get("good") }), &[]);
    conversation.session().is_alive();
}

#[test]
fn a_token_for_another_upstream_leads_nowhere_here() {
    let scratch = Scratch::new();
    let (site, tokens) = site(&scratch);
    let answer = site.bridge.anonymous().bearer(tokens.get("good_elsewhere")).send();
    assert_ne!(answer.status, 101);
    assert_eq!(site.sshd.connections(), 0);
}
