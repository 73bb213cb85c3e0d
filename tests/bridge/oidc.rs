//! Signing in with the browser: with the real provider of npm, and with one that lies.

mod id_tokens;
mod landing;
mod misbehaving;

use serde_json::{Value, json};
use url::Url;

use crate::support::bridge::{Bridge, Config};
use crate::support::browser::{Browser, Stored, location, path};
use crate::support::fake::closed_port;
use crate::support::files::Scratch;
use crate::support::http::{Answer, Request};
use crate::support::provider::{Liar, Provider};

/// Where the provider sends browsers back to: a public address in front of the bridge. The tests go to the bridge.
const REDIRECT: &str = "https://files.example/auth/callback";

const SECRET: &str = "client-secret-canary-0123456789abcdefghijklm";
const KEY: &str = "cookie-key-canary-0123456789abcdefghijklmnop";

fn clients() -> Value {
    let client = |id: &str, algorithm: &str| {
        json!({
            "client_id": id, "client_secret": SECRET, "redirect_uris": [REDIRECT],
            "id_token_signed_response_alg": algorithm, "scope": "openid email groups",
        })
    };
    let public = json!({
        "client_id": "public", "token_endpoint_auth_method": "none", "redirect_uris": [REDIRECT],
    });
    json!([
        client("bridge", "RS256"),
        client("ec", "ES256"),
        client("ed", "EdDSA"),
        client("shared", "HS256"),
        public
    ])
}

/// `[identity.oidc]`, with its files.
fn section(scratch: &Scratch, issuer: &str, client: &str, more: &str, redirect: &str) -> String {
    let file = |name: &str, text: &str| {
        std::fs::write(scratch.join(name), text).unwrap();
        scratch.join(name)
    };
    let mut section = format!(
        "[identity.oidc]\nissuer = \"{issuer}\"\nclient_id = \"{client}\"\n\
         redirect_url = \"{redirect}\"\ncookie_key_file = {:?}\n{more}\n",
        file("key", KEY)
    );
    if client != "public" {
        section.push_str(&format!("client_secret_file = {:?}\n", file("secret", SECRET)));
    }
    section
}

/// A bridge and what it reads.
struct Front {
    bridge: Bridge,
    _scratch: Scratch,
}

impl Front {
    fn of(issuer: &str) -> Front {
        Front::with(issuer, "bridge", "")
    }

    fn with(issuer: &str, client: &str, more: &str) -> Front {
        Front::configured(issuer, client, more, REDIRECT, |config| config)
    }

    fn below(base: &str, issuer: &str) -> Front {
        let redirect = REDIRECT.replace("/auth", &format!("{base}/auth"));
        let line = format!("base_path = {base:?}");
        Front::configured(issuer, "bridge", "", &redirect, |config| config.listen(&line))
    }

    fn configured(
        issuer: &str,
        client: &str,
        more: &str,
        redirect: &str,
        configure: impl FnOnce(Config) -> Config,
    ) -> Front {
        let scratch = Scratch::new();
        let section = section(&scratch, issuer, client, more, redirect);
        let config = configure(Config::to_port(closed_port()).section(&section));
        Front { bridge: config.start(), _scratch: scratch }
    }

    /// Begins a sign-in: where the provider is, with all the parameters.
    #[track_caller]
    fn begin(&self, browser: &mut Browser) -> Url {
        location(self.bridge.port, &browser.get(self.bridge.port, "/auth/login?next=/%3Fupstream%3Dnas%23x"))
    }

    /// Goes to the callback with an answer of the provider.
    #[track_caller]
    fn end(&self, browser: &mut Browser, query: &str) -> Answer {
        browser.get(self.bridge.port, &format!("/auth/callback?{query}"))
    }

    fn session(&self, browser: &Browser) -> Option<Stored> {
        let cookies = browser.cookies(self.bridge.port, "__Host-sftpbridge");
        assert!(cookies.len() <= 1, "one session a browser");
        cookies.into_iter().next()
    }

    /// Begins a sign-in at a lying provider that will hand out what `token` makes of the nonce, and ends it.
    #[track_caller]
    fn sign_in_at(&self, liar: &Liar, browser: &mut Browser, token: impl FnOnce(&str) -> String) -> Answer {
        let url = self.begin(browser);
        liar.hand_out(&token(&parameter(&url, "nonce")));
        self.end(browser, &format!("code=code-canary&state={}", parameter(&url, "state")))
    }
}

#[track_caller]
fn parameter(url: &Url, name: &str) -> String {
    let (_, value) = url.query_pairs().find(|(found, _)| found == name).expect(name);
    value.into_owned()
}

/// A page with one sentence, that nobody keeps, and that loads nothing.
#[track_caller]
fn assert_refused(answer: Answer, status: u16, mention: &str) {
    assert_eq!(answer.status, status);
    assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    assert!(answer.header("Content-Security-Policy").unwrap().contains("default-src 'none'"));
    assert!(!answer.headers("Set-Cookie").iter().any(|cookie| cookie.starts_with("__Host-sftpbridge=")));
    let page = answer.body();
    assert!(page.contains(mention) && page.contains("href=\"login\""), "{page}");
}

#[test]
fn signing_in_at_a_real_provider_gives_a_session_cookie() {
    let provider = Provider::start(&clients());
    for (client, algorithm) in [("bridge", "RS256"), ("ec", "ES256"), ("ed", "EdDSA"), ("public", "RS256")] {
        let front = Front::with(&provider.issuer(), client, "scopes = [\"openid\"]");
        let mut browser = Browser::default();
        let url = front.begin(&mut browser);
        assert_eq!(parameter(&url, "code_challenge_method"), "S256");
        let back = provider.log_in(&mut browser, &url, "ann");
        assert!(back.as_str().starts_with(REDIRECT), "{back}");
        let answer = browser.get(front.bridge.port, &path(&back));
        assert_eq!(answer.status, 303, "{algorithm}: {}", front.bridge.log());
        assert_eq!(answer.header("Location"), Some("/?upstream=nas#x"));
        assert_eq!(answer.header("Cache-Control"), Some("no-store"));
        let set = front.session(&browser).expect("a session cookie").set;
        assert!(set.contains("; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=28800"), "{set}");
        assert_eq!(browser.cookies(front.bridge.port, "sign-in").len(), 0, "it is over");
        assert!(front.bridge.log().contains("user=ann"), "{}", front.bridge.log());
    }
}

#[test]
fn what_a_person_may_reach_is_asked_of_the_provider() {
    let provider = Provider::start(&clients());
    let more = "scopes = [\"email\", \"groups\"]\nuser_claim = \"email\"\nupstreams_claim = \"groups\"";
    let front = Front::with(&provider.issuer(), "bridge", more);
    let sign_in = |login| {
        let mut browser = Browser::default();
        let url = front.begin(&mut browser);
        let back = provider.log_in(&mut browser, &url, login);
        browser.get(front.bridge.port, &path(&back))
    };
    assert_eq!(sign_in("ann").status, 303);
    assert!(front.bridge.log().contains("user=ann@example.org"), "{}", front.bridge.log());
    assert_refused(sign_in("unverified"), 403, "Your account cannot be used here.");
}

#[test]
fn a_long_list_of_what_a_person_may_do_elsewhere_fits() {
    let liar = Liar::start();
    let front = Front::with(&liar.issuer(), "bridge", "upstreams_claim = \"groups\"");
    let mut browser = Browser::default();
    let groups: Vec<String> = (0..500).map(|number| format!("a-group-of-the-directory-{number}")).collect();
    let answer = front.sign_in_at(&liar, &mut browser, |nonce| {
        let mut claims = liar.claims(nonce);
        claims["groups"] = json!(groups);
        liar.signed(&claims)
    });
    assert_eq!(answer.status, 303, "{}", front.bridge.log());
    assert!(front.session(&browser).unwrap().set.len() < 4096);
}

#[test]
fn a_shared_secret_is_no_signature_even_of_a_real_provider() {
    let provider = Provider::start(&clients());
    let front = Front::with(&provider.issuer(), "shared", "");
    let mut browser = Browser::default();
    let url = front.begin(&mut browser);
    let back = provider.log_in(&mut browser, &url, "ann");
    assert_refused(browser.get(front.bridge.port, &path(&back)), 502, "can be believed");
    assert!(front.bridge.log().contains("HS256"), "{}", front.bridge.log());
}

#[test]
fn a_code_is_good_once() {
    let provider = Provider::start(&clients());
    let front = Front::of(&provider.issuer());
    let mut browser = Browser::default();
    let url = front.begin(&mut browser);
    let kept = Browser::default();
    let before = browser.cookies(front.bridge.port, "sign-in");
    let back = provider.log_in(&mut browser, &url, "ann");
    assert_eq!(browser.get(front.bridge.port, &path(&back)).status, 303);
    assert_refused(browser.get(front.bridge.port, &path(&back)), 400, "is over already");
    // Somebody who has kept the cookie still has a code that was used.
    drop(kept);
    let cookie = format!("{}={}", before[0].name, before[0].value);
    let again = front.bridge.get(&path(&back)).header("Cookie", &cookie).send();
    assert_refused(again, 403, "used already");
}

#[test]
fn below_a_base_path_the_cookies_stay_below_it() {
    let liar = Liar::start();
    let front = Front::below("/files", &liar.issuer());
    let port = front.bridge.port;
    let mut browser = Browser::default();
    let url = location(port, &browser.get(port, "/files/auth/login"));
    liar.hand_out(&liar.signed(&liar.claims(&parameter(&url, "nonce"))));
    assert!(browser.cookies(port, "sign-in")[0].set.contains("; Path=/files/auth"));
    let answer =
        browser.get(port, &format!("/files/auth/callback?code=x&state={}", parameter(&url, "state")));
    assert_eq!((answer.status, answer.header("Location")), (303, Some("/files/")));
    let session = &browser.cookies(port, "__Secure-sftpbridge")[0];
    assert!(session.set.contains("; Path=/files;"), "{}", session.set);
}

#[test]
fn several_tabs_sign_in_beside_each_other() {
    let provider = Provider::start(&clients());
    let front = Front::of(&provider.issuer());
    let mut browser = Browser::default();
    let tabs = [front.begin(&mut browser), front.begin(&mut browser), front.begin(&mut browser)];
    assert_eq!(browser.cookies(front.bridge.port, "sign-in").len(), 3);
    for url in tabs.iter().rev() {
        let back = provider.log_in(&mut browser, url, "ann");
        assert_eq!(browser.get(front.bridge.port, &path(&back)).status, 303);
    }
    assert_eq!(browser.cookies(front.bridge.port, "sign-in").len(), 0);
}

#[test]
fn an_answer_that_nobody_here_waits_for_is_refused() {
    let liar = Liar::start();
    let front = Front::of(&liar.issuer());
    let mut browser = Browser::default();
    let url = front.begin(&mut browser);
    let state = parameter(&url, "state");
    let other = format!("{}x", &state[..state.len() - 1]);
    assert_refused(front.end(&mut browser, &format!("code=x&state={other}")), 400, "begun");
    assert_refused(front.end(&mut Browser::default(), &format!("code=x&state={state}")), 400, "begun");
    assert_refused(front.end(&mut browser, "code=x"), 400, "not an answer");
    assert_refused(
        front.end(&mut browser, &format!("code=x&state={state}&state={state}")),
        400,
        "not an answer",
    );
    assert_eq!(liar.requests("/token"), 0, "the provider was not asked about any of them");

    let elsewhere = format!(
        "code=x&state={}&iss=https%3A%2F%2Fevil.example",
        parameter(&front.begin(&mut browser), "state")
    );
    assert_refused(front.end(&mut browser, &elsewhere), 400, "not an answer");
    let declined = format!("error=access_denied%0A&state={}", parameter(&front.begin(&mut browser), "state"));
    assert_refused(front.end(&mut browser, &declined), 403, "did not let you in");
    assert_eq!(liar.requests("/token"), 0);
}

#[test]
fn a_person_is_not_sent_elsewhere() {
    let liar = Liar::start();
    let front = Front::of(&liar.issuer());
    for next in [
        "%2F%2Fevil.example",
        "https%3A%2F%2Fevil.example",
        "%2F%5Cevil.example",
        "%2F%09%2Fevil.example",
        "",
    ] {
        let answer = front.bridge.get(&format!("/auth/login?next={next}")).send();
        assert_refused(answer, 400, "not on this server");
    }
}

#[test]
fn nothing_secret_reaches_the_log_at_any_level() {
    let liar = Liar::start();
    let front = Front::configured(&liar.issuer(), "bridge", "", REDIRECT, |config| {
        config.section("[log]\nlevel = \"trace\"\n")
    });
    let mut browser = Browser::default();
    let url = front.begin(&mut browser);
    let token = liar.signed(&liar.claims(&parameter(&url, "nonce")));
    liar.hand_out(&token);
    let pending = browser.cookies(front.bridge.port, "sign-in")[0].value.clone();
    let state = parameter(&url, "state");
    assert_eq!(front.end(&mut browser, &format!("code=code-canary&state={state}")).status, 303);
    let session = front.session(&browser).unwrap().value;
    let log = front.bridge.log();
    assert!(log.contains("TRACE"), "the level is not what this test needs");
    for secret in [&pending, &session, &state, &token] {
        assert!(!log.contains(secret.as_str()), "{secret} is in the log");
    }
    assert_no_secrets(&front.bridge);
}

#[track_caller]
fn assert_no_secrets(bridge: &Bridge) {
    let log = bridge.log();
    assert!(!log.is_empty());
    for part in ["canary", "secret-of-the-provider"] {
        let line = log.lines().find(|line| line.contains(part));
        assert!(line.is_none(), "{line:?}");
    }
}

#[test]
fn signing_out_needs_an_origin_of_ours() {
    let liar = Liar::start();
    let front = Front::of(&liar.issuer());
    let port = front.bridge.port;
    let logout = || Request::post(port, "/auth/logout", "");
    let ours = format!("http://127.0.0.1:{port}");
    assert_eq!(logout().send().status, 403, "no origin");
    assert_eq!(logout().header("Origin", "null").send().status, 403);
    assert_eq!(logout().header("Origin", "https://evil.example").send().status, 403);
    let answer = logout().header("Origin", &ours).send();
    assert_eq!((answer.status, answer.header("Location")), (303, Some("/")));
    let set = answer.header("Set-Cookie").unwrap();
    assert!(set.starts_with("__Host-sftpbridge=;") && set.contains("Max-Age=0"), "{set}");
    assert_eq!(Request::get(port, "/auth/logout").header("Origin", &ours).send().status, 405);
}

#[test]
fn without_oidc_there_is_nothing_to_sign_in_at() {
    let bridge = Config::to_port(closed_port()).start();
    for path in ["/auth/login", "/auth/callback?code=x&state=y"] {
        assert_eq!(bridge.get(path).send().status, 404, "{path}");
    }
    assert_eq!(Request::post(bridge.port, "/auth/logout", "").send().status, 404);
}
