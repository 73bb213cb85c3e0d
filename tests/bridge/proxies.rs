//! Behind a reverse proxy: whose word about the client counts.

use crate::support::Site;
use crate::support::session::Session;
use crate::support::sshd::Sshd;

const FORWARDED_FOR: &str = "X-Forwarded-For";

#[test]
fn the_client_behind_a_trusted_proxy_is_the_one_that_is_counted_and_logged() {
    let site = Site::with(Sshd::start(), |config| {
        config.listen(r#"trusted_proxies = ["127.0.0.1"]"#).limit("sessions_per_address = 1")
    });
    let from = |address| site.bridge.login().header(FORWARDED_FOR, address);
    let first = Session::start(from("203.0.113.1, 192.0.2.1").open());
    assert_eq!(from("203.0.113.2, 192.0.2.1").send().status, 429, "the same client, whatever it claims");
    let _other = Session::start(from("192.0.2.2").open());
    drop(first);
    assert_eq!(site.bridge.session_end().get("peer"), "192.0.2.1");
}

#[test]
fn what_a_stranger_says_about_itself_changes_nothing() {
    let site = Site::with(Sshd::start(), |config| config.limit("sessions_per_address = 1"));
    let from = |address| site.bridge.login().header(FORWARDED_FOR, address);
    let first = Session::start(from("192.0.2.1").open());
    assert_eq!(from("192.0.2.2").send().status, 429);
    drop(first);
    assert!(site.bridge.session_end().get("peer").starts_with("127.0.0.1:"));
}

#[test]
fn behind_https_the_page_has_an_https_origin() {
    let own = |site: &Site, proto: &str| {
        let origin = format!("https://127.0.0.1:{}", site.bridge.port);
        site.bridge.login().header("Origin", &origin).header("X-Forwarded-Proto", proto).send().status
    };
    let trusting = Site::with(Sshd::start(), |config| config.listen(r#"trusted_proxies = ["127.0.0.0/8"]"#));
    assert_eq!(own(&trusting, "https"), 101);
    assert_eq!(own(&trusting, "http"), 403);
    assert_eq!(own(&Site::start(), "https"), 403, "the word of nobody's proxy");
}
