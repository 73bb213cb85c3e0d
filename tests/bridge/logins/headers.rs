//! A header that says who somebody is: believed from a listed proxy, and from nobody else.

use serde_json::json;

use super::steps;
use crate::support::conversation::Conversation;
use crate::support::identity::{HEADER, Minting, PROXY};
use crate::support::node::Login;
use crate::support::session::Session;

#[test]
fn the_header_of_a_listed_proxy_is_believed() {
    let site = Minting::behind_a_proxy();
    let request = site.bridge.anonymous().source(PROXY).header(HEADER, &site.user.name);
    Session::start(request.open()).is_alive();
    assert_eq!(site.sshd.accepted().len(), 1);
}

#[test]
fn the_header_of_anybody_else_changes_nothing() {
    let site = Minting::behind_a_proxy();
    let with = site.bridge.anonymous().header(HEADER, &site.user.name).send();
    let without = site.bridge.anonymous().send();
    assert_eq!((with.status, without.status), (401, 401));
    let same = |fields: &[(String, String)]| {
        let stable = fields.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("date")).cloned();
        stable.collect::<Vec<_>>()
    };
    assert_eq!(same(with.fields()), same(without.fields()));
    // Nor do the headers in which a proxy would tell where a request comes from.
    let claims =
        site.bridge.anonymous().header(HEADER, &site.user.name).header("X-Forwarded-For", "127.0.0.2");
    assert_eq!(claims.header("Forwarded", "for=127.0.0.2").send().status, 401);
    assert_eq!(site.sshd.connections(), 0);
}

#[test]
fn the_header_of_anybody_else_counts_for_nothing_in_any_case_and_number() {
    let site = Minting::behind_a_proxy();
    let name = &site.user.name;
    for headers in [
        &[HEADER.to_lowercase()][..],
        &[HEADER.to_uppercase()],
        &["x-rEMOTE-uSER".to_owned()],
        &[HEADER.to_owned(), HEADER.to_owned()],
        &[HEADER.to_owned(), HEADER.to_lowercase()],
        &[HEADER.to_uppercase(), "Connection".to_owned(), HEADER.to_owned()],
    ] {
        let by = |last: u8| {
            let request = site.bridge.anonymous().source(last);
            headers.iter().fold(request, |request, header| match header.as_str() {
                "Connection" => request.header(header, HEADER),
                _ => request.header(header, name),
            })
        };
        let answer = by(1).send();
        assert_eq!(answer.status, 401, "{headers:?}");
        assert!(by(3).send().status == 401, "{headers:?}");
        let mut conversation = Conversation::open(&by(1));
        assert!(conversation.hello["user"].is_null(), "{headers:?}: {}", conversation.hello);
        let failure = conversation.login(json!({ "method": "external" }), &[]);
        assert_eq!(failure["type"], "failure", "{headers:?}: {failure}");
    }
    assert_eq!(site.sshd.connections(), 0);
    // From the proxy the same header in another case is as good.
    let request = site.bridge.anonymous().source(PROXY).header(&HEADER.to_lowercase(), name);
    Session::start(request.open()).is_alive();
}

#[test]
fn hello_names_nobody_on_the_word_of_anybody_else() {
    let site = Minting::behind_a_proxy();
    let mut parameters = steps(&site.bridge, json!({ "method": "external" }));
    parameters["headers"] = json!({ HEADER: site.user.name });
    let login = Login::run(&parameters);
    assert!(login.messages.iter().all(|message| message["user"].is_null()), "{}", login.output);
    assert!(login.result["failure"].is_string() || login.result["status"] == 401, "{}", login.output);
    assert_eq!(site.sshd.connections(), 0);
}

#[test]
fn a_header_with_two_values_is_refused() {
    let site = Minting::behind_a_proxy();
    let request = site.bridge.anonymous().source(PROXY).header(HEADER, &site.user.name);
    assert_eq!(request.header(HEADER, "root").send().status, 401);
    let joined = format!("{},root", site.user.name);
    assert_eq!(site.bridge.anonymous().source(PROXY).header(HEADER, &joined).send().status, 401);
    assert_eq!(site.sshd.connections(), 0);
}

#[test]
fn a_proxys_person_needs_no_second_login_and_cannot_be_another() {
    let site = Minting::behind_a_proxy();
    let request = site.bridge.anonymous().source(PROXY).header(HEADER, &site.user.name);
    let mut conversation = Conversation::open(&request);
    let ready = conversation.ready(json!({ "method": "external" }), &[]);
    assert_eq!(ready["user"], site.user.name.as_str());
    conversation.session().is_alive();
    let mut conversation = Conversation::open(&request);
    let last = conversation.login(json!({ "method": "external", "user": "root" }), &[]);
    assert!(last["type"] == "failure" || last["user"] == site.user.name.as_str(), "{last}");
    assert!(site.sshd.accepted().iter().all(|line| line.contains(&site.user.name)));
}
