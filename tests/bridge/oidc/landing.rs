//! Who has signed in at a real provider opens a WebSocket by the cookie, and is themselves at a real sshd.

use serde_json::{Value, json};

use super::{REDIRECT, clients, section};
use crate::logins::assert_belongs_to_user;
use crate::logs::{TRACE, assert_hidden};
use crate::support::browser::{Browser, location, path};
use crate::support::conversation::Conversation;
use crate::support::files::Scratch;
use crate::support::http::Request;
use crate::support::identity::Minting;
use crate::support::node::Login;
use crate::support::provider::Provider;
use crate::support::session::Session;

/// A bridge that makes certificates for those who signed in, and the cookie of one of them.
struct SignedIn {
    site: Minting,
    cookie: String,
    provider: Provider,
    _scratch: Scratch,
}

impl SignedIn {
    /// As the test user.
    #[track_caller]
    fn start() -> SignedIn {
        SignedIn::named(None)
    }

    #[track_caller]
    fn named(login: Option<&str>) -> SignedIn {
        let (provider, scratch) = (Provider::start(&clients()), Scratch::new());
        let known = section(&scratch, &provider.issuer(), "bridge", "", REDIRECT);
        let site = Minting::with("ed25519", |config| config.section(&known).section(TRACE));
        let cookie = sign_in(&provider, site.bridge.port, login.unwrap_or(&site.user.name));
        SignedIn { site, cookie, provider, _scratch: scratch }
    }

    fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.site.bridge.port)
    }

    /// An opening handshake of a page of ours.
    fn request(&self) -> Request {
        self.without_origin().header("Origin", &self.origin())
    }

    fn without_origin(&self) -> Request {
        self.site.bridge.anonymous().header("Cookie", &self.cookie)
    }
}

/// The `Cookie` header of a browser in which `login` has signed in.
#[track_caller]
fn sign_in(provider: &Provider, port: u16, login: &str) -> String {
    let mut browser = Browser::default();
    let url = location(port, &browser.get(port, "/auth/login"));
    let back = provider.log_in(&mut browser, &url, login);
    assert!(back.as_str().starts_with(REDIRECT), "{back}");
    assert_eq!(browser.get(port, &path(&back)).status, 303);
    let cookies = browser.cookies(port, "__Host-sftpbridge");
    let [session] = &cookies[..] else { panic!("{} session cookies", cookies.len()) };
    format!("{}={}", session.name, session.value)
}

/// The request proves nobody, neither to a conversation nor to a plain session.
#[track_caller]
fn assert_counts_for_nothing(site: &Minting, request: &Request) {
    assert_eq!(request.send().status, 401);
    let mut conversation = Conversation::open(request);
    assert!(conversation.hello["user"].is_null(), "{}", conversation.hello);
    let methods = conversation.hello["methods"].as_array().unwrap();
    assert!(!methods.contains(&json!("external")), "{methods:?}");
    let failure = conversation.login(json!({ "method": "external" }), &[]);
    assert_eq!(failure["type"], "failure", "{failure}");
    assert_eq!(site.sshd.connections(), 0);
}

#[test]
fn the_cookie_of_a_real_provider_lands_a_person_under_their_own_name_by_a_minted_certificate() {
    let signed_in = SignedIn::start();
    let (site, name) = (&signed_in.site, &signed_in.site.user.name);
    let mut conversation = Conversation::open(&signed_in.request());
    assert_eq!(conversation.hello["user"], name.as_str());
    let ready = conversation.ready(json!({ "method": "external" }), &[]);
    assert_eq!(ready["user"], name.as_str());
    let mut session = conversation.session();
    let file = site.sshd.remote("file");
    let handle = session.create(&file);
    session.close(&handle);
    assert_belongs_to_user(file.as_ref());
    session.ws.send_close(1000);
    let end = site.bridge.session_end();
    assert_eq!(end.get("user"), name);

    let accepted = site.sshd.accepted();
    let [line] = &accepted[..] else { panic!("{accepted:?}") };
    let id = format!("ID sftpbridge user={name} session={} upstream=main ", end.get("session"));
    for part in [&format!("Accepted publickey for {name} "), "ED25519-CERT ", &id] {
        assert!(line.contains(part), "{part} is not in: {line}");
    }
}

#[test]
fn the_cookie_lets_a_login_client_and_a_plain_session_in() {
    let signed_in = SignedIn::start();
    let (site, name) = (&signed_in.site, &signed_in.site.user.name);
    let parameters = json!({
        "url": site.bridge.url(),
        "steps": [{ "method": "external" }],
        "headers": { "Cookie": signed_in.cookie, "Origin": signed_in.origin() },
    });
    Login::run(&parameters).assert_worked(name);
    Session::start(signed_in.request().open()).is_alive();
    let accepted = site.sshd.accepted();
    let named = format!("user={name} ");
    assert!(accepted.len() == 2 && accepted.iter().all(|line| line.contains(&named)), "{accepted:?}");
}

#[test]
fn without_an_origin_the_cookie_counts_for_nothing() {
    let signed_in = SignedIn::start();
    assert_counts_for_nothing(&signed_in.site, &signed_in.without_origin());
    // The same cookie is good, or the rest would show nothing.
    assert_eq!(Conversation::open(&signed_in.request()).hello["user"], signed_in.site.user.name.as_str());
}

#[test]
fn info_tells_the_page_who_has_signed_in_and_where_to_sign_in_and_out() {
    let signed_in = SignedIn::start();
    let (name, info) = (signed_in.site.user.name.as_str(), || signed_in.site.bridge.get("/api/info"));
    let told = |request: Request| serde_json::from_str::<Value>(&request.send().body()).unwrap();
    let host = json!({ "url": "auth/login", "name": "127.0.0.1" });
    // As a browser sends what the page GETs of its own server, and what it POSTs or opens.
    let own = info().header("Cookie", &signed_in.cookie);
    for request in [
        own.clone().header("Sec-Fetch-Site", "same-origin"),
        own.clone().header("Origin", &signed_in.origin()),
    ] {
        let told = told(request);
        assert_eq!((&told["user"], &told["sign_out"]), (&name.into(), &"auth/logout".into()), "{told}");
        assert_eq!(told["sign_in"], host, "{told}");
        assert!(told["methods"].as_array().unwrap().contains(&json!("external")), "{told}");
    }
    for request in [
        info(),
        own.clone(),
        own.clone().header("Sec-Fetch-Site", "same-site"),
        own.clone().header("Sec-Fetch-Site", "cross-site"),
        own.clone().header("Sec-Fetch-Site", "none"),
        own.header("Sec-Fetch-Site", "same-origin").header("Origin", "https://evil.example"),
    ] {
        let told = told(request);
        assert!(told.get("user").is_none() && told.get("sign_out").is_none(), "{told}");
        assert_eq!(told["sign_in"], host, "{told}");
        assert!(!told["methods"].as_array().unwrap().contains(&json!("external")), "{told}");
    }
}

#[test]
fn the_cookie_with_the_origin_of_another_site_is_403() {
    let signed_in = SignedIn::start();
    for origin in ["https://evil.example", "null", "http://127.0.0.1:1"] {
        let request = signed_in.without_origin().header("Origin", origin);
        assert_eq!(request.send().status, 403, "{origin}");
        assert_eq!(request.protocol("sftp-login.v1").send().status, 403, "{origin}");
    }
    assert_eq!(signed_in.site.sshd.connections(), 0);
}

#[test]
fn a_cookie_that_was_changed_or_made_elsewhere_counts_for_nothing() {
    let signed_in = SignedIn::start();
    let (site, origin) = (&signed_in.site, signed_in.origin());
    let (name, value) = signed_in.cookie.split_once('=').unwrap();
    let middle = value.len() / 2;
    let other = if &value[middle..=middle] == "A" { "B" } else { "A" };
    let changed = format!("{}{other}{}", &value[..middle], &value[middle + 1..]);
    let named = format!("{{\"name\":\"{}\",\"until\":99999999999}}", site.user.name);
    for value in [changed, value[1..].to_owned(), String::new(), named] {
        let request = site.bridge.anonymous().header("Cookie", &format!("{name}={value}"));
        assert_counts_for_nothing(site, &request.header("Origin", &origin));
    }
    // A sign-in at a bridge with another key is none here.
    let scratch = Scratch::new();
    let section = section(&scratch, &signed_in.provider.issuer(), "bridge", "", REDIRECT);
    std::fs::write(scratch.join("key"), "another-key-of-a-cookie-0123456789abcdefghij").unwrap();
    let elsewhere = Minting::with("ed25519", |config| config.section(&section));
    let cookie = sign_in(&signed_in.provider, elsewhere.bridge.port, &site.user.name);
    let request = site.bridge.anonymous().header("Cookie", &cookie);
    assert_counts_for_nothing(site, &request.header("Origin", &origin));
}

#[test]
fn whoever_the_upstream_does_not_have_signs_in_and_lands_nowhere() {
    let signed_in = SignedIn::named(Some("nobody-here"));
    assert_ne!(signed_in.request().send().status, 101);
    let mut conversation = Conversation::open(&signed_in.request());
    assert_eq!(conversation.hello["user"], "nobody-here");
    let other = json!({ "method": "external", "user": signed_in.site.user.name });
    assert_eq!(conversation.login(other, &[])["type"], "failure");
    assert_eq!(signed_in.site.sshd.accepted(), [""; 0]);
}

#[test]
fn a_cookie_is_in_no_log_at_trace_and_in_no_message() {
    let signed_in = SignedIn::start();
    let mut conversation = Conversation::open(&signed_in.request());
    let ready = conversation.ready(json!({ "method": "external" }), &[]);
    let said = format!("{}{ready}", conversation.hello);
    conversation.session().is_alive();
    let mut plain = signed_in.request().open();
    plain.send_close(1000);
    let refused = signed_in.without_origin().send();
    let answered = format!("{:?}", refused.fields()) + &refused.body();
    signed_in.site.bridge.session_end();
    let log = signed_in.site.bridge.log();
    assert!(log.contains("TRACE"), "the level is not what this test needs");
    let (_, value) = signed_in.cookie.split_once('=').unwrap();
    for text in [said, answered, log, signed_in.site.sshd.log()] {
        assert_hidden(&text, value);
    }
}
