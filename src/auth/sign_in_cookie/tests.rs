use std::time::UNIX_EPOCH;

use http::header;

use super::*;

fn jar(key: u8) -> SignInCookie {
    SignInCookie::new(&[key; 32], "/files/auth".to_owned(), true).unwrap()
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

fn pending(state: &str) -> Pending {
    let text = |text: &str| text.to_owned();
    Pending { state: text(state), nonce: text("n"), verifier: text("canary"), next: text("/files/") }
}

/// A browser: keeps the cookies that it is given.
#[derive(Default)]
struct Browser(Vec<(String, String)>);

impl Browser {
    fn take(&mut self, set: Vec<String>) {
        for line in set {
            let cookie = Cookie::parse(line).unwrap();
            self.0.retain(|(name, _)| name != cookie.name());
            if cookie.max_age() != Some(time::Duration::ZERO) {
                self.0.push((cookie.name().to_owned(), cookie.value().to_owned()));
            }
        }
    }

    fn headers(&self) -> HeaderMap {
        let line: Vec<_> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        HeaderMap::from_iter([(header::COOKIE, line.join("; ").parse().unwrap())])
    }
}

#[test]
fn each_tab_finds_its_own_sign_in() {
    let mut browser = Browser::default();
    for state in ["first-state-of-a-tab", "other-state-of-a-tab"] {
        browser.take(jar(1).begin(pending(state), &browser.headers(), now()));
    }
    for state in ["first-state-of-a-tab", "other-state-of-a-tab"] {
        assert_eq!(jar(1).find(state, &browser.headers(), now()).unwrap().state, state);
    }
    browser.take(vec![jar(1).end("first-state-of-a-tab")]);
    assert!(jar(1).find("first-state-of-a-tab", &browser.headers(), now()).is_none());
    assert!(jar(1).find("other-state-of-a-tab", &browser.headers(), now()).is_some());
}

#[test]
fn a_state_that_is_not_exactly_ours_finds_nothing() {
    let mut browser = Browser::default();
    browser.take(jar(1).begin(pending("first-state-of-a-tab"), &HeaderMap::new(), now()));
    for state in ["first-state-of-a-tac", "first-state-", "first-state-of-a-tab2", "", "x"] {
        assert!(jar(1).find(state, &browser.headers(), now()).is_none(), "{state:?}");
    }
    assert!(jar(2).find("first-state-of-a-tab", &browser.headers(), now()).is_none(), "another key");
    assert!(jar(1).find("first-state-of-a-tab", &HeaderMap::new(), now()).is_none(), "another browser");
    assert!(jar(1).find("first-state-of-a-tab", &browser.headers(), now() + LIFETIME).is_none(), "too late");
}

#[test]
fn a_browser_that_begins_for_ever_keeps_only_the_last_few() {
    let mut browser = Browser::default();
    for number in 0..50u32 {
        let later = now() + Duration::from_secs(number.into());
        browser.take(jar(1).begin(pending(&format!("{number:020}")), &browser.headers(), later));
        assert!(browser.0.len() <= MOST);
    }
    // The tag of each is the same here, which no random state has; so the last one is what counts.
    let states: Vec<_> = (0..50u32).map(|number| format!("{number:012}-and-more")).collect();
    for (number, state) in states.iter().enumerate() {
        let later = now() + Duration::from_secs(number as u64);
        browser.take(jar(1).begin(pending(state), &browser.headers(), later));
        assert!(browser.0.len() <= MOST);
    }
    for state in states.iter().rev().take(MOST) {
        assert!(jar(1).find(state, &browser.headers(), now()).is_some(), "{state}");
    }
}

#[test]
fn what_is_dead_makes_room_first() {
    let mut browser = Browser::default();
    browser.take(jar(2).begin(pending("strange-state-of-a-tab"), &HeaderMap::new(), now()));
    browser.take(jar(1).begin(pending("first-state-of-a-tab"), &browser.headers(), now()));
    assert_eq!(browser.0.len(), 1);
    browser.take(jar(1).begin(pending("other-state-of-a-tab"), &browser.headers(), now() + LIFETIME));
    assert_eq!(browser.0.len(), 1);
}

#[test]
fn nothing_can_be_read_in_it_and_only_the_callback_gets_it() {
    let set = jar(1).begin(pending("first-state-of-a-tab"), &HeaderMap::new(), now()).join("\n");
    assert!(!set.contains("canary") && !set.contains("state-of-a-tab"), "{set}");
    for attribute in ["; Path=/files/auth; ", "; HttpOnly; SameSite=Lax", "; Secure", "Max-Age=600"] {
        assert!(set.contains(attribute), "{set}");
    }
}

#[test]
fn whatever_a_state_holds_the_cookie_has_a_name() {
    for state in ["a b;c=d", "\u{e4}\r\n", "=;,"] {
        let name = jar(1).name(state);
        assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{name}");
    }
}
