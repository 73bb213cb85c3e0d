//! Bearer tokens (RFC 6750) that are JSON Web Tokens (RFC 7519).

use serde_json::json;

use crate::support::bridge::Config;
use crate::support::conversation::Conversation;
use crate::support::files::Scratch;
use crate::support::identity::{Minting, Tokens};
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
    assert!(!answer.headers("WWW-Authenticate").is_empty());
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
    let mut seen: Vec<Option<String>> = tokens
        .bad()
        .iter()
        .map(|(_, token)| site.bridge.anonymous().bearer(token).send())
        .map(|answer| answer.header("SFTP-Authenticate-Info").map(str::to_owned))
        .collect();
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:?}");
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
