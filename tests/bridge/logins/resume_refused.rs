//! Resume tokens that are no good.

use serde_json::{Value, json};

use crate::support::Site;
use crate::support::conversation::Conversation;
use crate::support::files::Scratch;
use crate::support::identity::{HEADER, Minting, PROXY, Tokens};
use crate::support::sshd::Sshd;
use crate::support::user::User;

/// Two names for one sshd.
fn site(resume: &str) -> Site {
    Site::with(Sshd::start(), |config| {
        let other = config.another_upstream("other");
        config.upstream(&format!("resume = {resume:?}")).section(&other)
    })
}

/// Logs in, loses the socket, and gives the token.
#[track_caller]
fn lost_login(site: &Site) -> Value {
    let user = &site.bridge.user;
    let mut conversation = Conversation::open(&site.bridge.anonymous());
    let login = json!({ "method": "password", "user": user.name, "password": user.password });
    let ready = conversation.ready(login, &[]);
    conversation.session().is_alive();
    ready["resume_token"].clone()
}

#[track_caller]
fn assert_refused(site: &Site, login: Value) {
    let last = Conversation::open(&site.bridge.anonymous()).login(login.clone(), &[]);
    assert_eq!(
        (&last["type"], &last["code"]),
        (&json!("failure"), &json!("resume-refused")),
        "{login}: {last}"
    );
}

#[test]
fn a_token_is_refused_after_the_next_is_in_use() {
    let site = site("60s");
    let token = lost_login(&site);
    let resume = json!({ "method": "resume", "token": token });
    let mut conversation = Conversation::open(&site.bridge.anonymous());
    conversation.ready(resume.clone(), &[]);
    conversation.session().is_alive();
    assert_refused(&site, resume);
    assert_eq!(site.sshd.connections(), 1);
}

#[test]
fn a_token_for_another_upstream_is_refused() {
    let site = site("60s");
    let token = lost_login(&site);
    assert_refused(&site, json!({ "method": "resume", "token": token, "upstream": "other" }));
    assert_eq!(site.sshd.connections(), 1);
}

#[test]
fn a_token_for_another_user_is_refused() {
    let site = site("60s");
    let token = lost_login(&site);
    assert_refused(&site, json!({ "method": "resume", "token": token, "user": "somebody-else" }));
}

#[test]
fn a_token_of_another_person_is_refused() {
    let site = Minting::behind_a_proxy();
    let request = |person: &str| site.bridge.anonymous().source(PROXY).header(HEADER, person);
    let mut conversation = Conversation::open(&request(&site.user.name));
    let ready = conversation.ready(json!({ "method": "external" }), &[]);
    conversation.session().is_alive();
    let resume = json!({ "method": "resume", "token": ready["resume_token"] });
    for stranger in [request("somebody-else"), site.bridge.anonymous()] {
        let last = Conversation::open(&stranger).login(resume.clone(), &[]);
        assert_eq!((&last["type"], &last["code"]), (&json!("failure"), &json!("resume-refused")), "{last}");
    }
}

#[test]
fn a_person_who_may_not_reach_the_server_any_more_is_refused() {
    let scratch = Scratch::new();
    let tokens = Tokens::issue(&scratch, &User::read().name);
    let site = Minting::with("ed25519", |config| config.section(&tokens.section()));
    let open = |name| Conversation::open(&site.bridge.anonymous().bearer(tokens.get(name)));
    for (later, kind) in [("good_for_two", "ready"), ("good_elsewhere", "failure")] {
        let mut conversation = open("good");
        let ready = conversation.ready(json!({ "method": "external" }), &[]);
        conversation.session().is_alive();
        let resume = json!({ "method": "resume", "token": ready["resume_token"] });
        let last = open(later).login(resume, &[]);
        assert_eq!(last["type"], kind, "{last}");
        assert!(kind == "ready" || last["code"] == "resume-refused", "{last}");
    }
}

#[test]
fn an_expired_token_is_refused() {
    let site = site("1s");
    let token = lost_login(&site);
    site.sshd.wait_idle();
    assert_refused(&site, json!({ "method": "resume", "token": token }));
}

#[test]
fn a_token_that_never_was_is_refused() {
    let site = site("60s");
    let token = lost_login(&site);
    let token = token.as_str().expect("a token");
    let mut changed = token.to_owned();
    let last = changed.pop().unwrap();
    changed.insert(0, last);
    for token in ["x", &changed, &token.repeat(2), &token[1..]] {
        assert_refused(&site, json!({ "method": "resume", "token": token }));
    }
    assert_eq!(site.sshd.connections(), 1);
}

#[test]
fn after_a_refused_token_a_login_by_password_may_follow() {
    let site = site("60s");
    let user = &site.bridge.user;
    let mut conversation = Conversation::open(&site.bridge.anonymous());
    let last = conversation.login(json!({ "method": "resume", "token": "x" }), &[]);
    assert_eq!((&last["code"], &last["retry"]), (&json!("resume-refused"), &json!(true)), "{last}");
    let login = json!({ "method": "password", "user": user.name, "password": user.password });
    conversation.ready(login, &[]);
    conversation.session().is_alive();
}

#[test]
fn a_token_is_worthless_while_its_upstream_is_gone() {
    let site = site("60s");
    let token = lost_login(&site);
    site.sshd.kill_sessions();
    site.sshd.wait_idle();
    let resume = json!({ "method": "resume", "token": token });
    let last = Conversation::open(&site.bridge.anonymous()).login(resume, &[]);
    assert_eq!(last["type"], "failure", "{last}");
}
