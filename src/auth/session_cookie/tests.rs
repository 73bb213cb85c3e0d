use http::header;
use proptest::prelude::*;

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

fn jar(key: u8, path: &str, secure: bool) -> SessionCookie {
    SessionCookie::new(&[key; 32], path, secure).unwrap()
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

fn person(name: &str, reach: Reach) -> Person {
    Person::new(name, Proved::Oidc, reach).unwrap()
}

/// The pair that a browser sends back.
fn pair(set: &str) -> &str {
    set.split(';').next().unwrap()
}

fn read(jar: &SessionCookie, cookies: &str, now: SystemTime) -> Result<Option<Person>, Denied> {
    let mut headers = HeaderMap::new();
    headers.insert(header::COOKIE, cookies.parse().unwrap());
    jar.person(&headers, now)
}

#[test]
fn a_cookie_brings_back_the_person_until_it_expires() {
    let jar = jar(1, "/", true);
    for reach in [Reach::All, Reach::Only(BTreeSet::new()), Reach::Only(["nas".to_owned()].into())] {
        let ann = person("ann@example.org", reach);
        let set = jar.seal(&ann, now(), HOUR).unwrap();
        let sent = format!("theme=dark; {}; x=y", pair(&set));
        assert_eq!(read(&jar, &sent, now()), Ok(Some(ann.clone())));
        assert_eq!(read(&jar, &sent, now() + HOUR - Duration::from_secs(1)), Ok(Some(ann)));
        assert_eq!(read(&jar, &sent, now() + HOUR), Err(Denied::CookieExpired));
    }
    assert_eq!(read(&jar, "theme=dark", now()), Ok(None));
    assert_eq!(jar.person(&HeaderMap::new(), now()), Ok(None));
}

#[test]
fn a_browser_keeps_it_to_our_pages() {
    let attributes = "HttpOnly; SameSite=Strict";
    let set = |path, secure| jar(1, path, secure).seal(&person("ann", Reach::All), now(), HOUR).unwrap();
    let root = set("/", true);
    assert!(root.starts_with("__Host-sftpbridge=") && root.contains("; Path=/; "), "{root}");
    assert!(root.contains(attributes) && root.contains("; Secure"), "{root}");
    let below = set("/files", true);
    assert!(below.starts_with("__Secure-sftpbridge=") && below.contains("; Path=/files; "), "{below}");
    let plain = set("/", false);
    assert!(plain.starts_with("sftpbridge=") && plain.contains(attributes), "{plain}");
    assert!(!plain.contains("Secure") && plain.contains("Max-Age=3600"), "{plain}");
    let cleared = jar(1, "/files", true).clear();
    assert!(cleared.starts_with("__Secure-sftpbridge=;") && cleared.contains("Max-Age=0"), "{cleared}");
}

#[test]
fn a_cookie_that_is_not_ours_is_nobodys() {
    let jar = jar(1, "/", true);
    let set = jar.seal(&person("ann", Reach::All), now(), HOUR).unwrap();
    let sent = pair(&set);
    let other = super::tests::jar(2, "/", true).seal(&person("ann", Reach::All), now(), HOUR).unwrap();
    for bad in [
        pair(&other).to_owned(),
        sent.split_at(sent.len() - 4).0.to_owned(),
        sent.replace("=", "=A"),
        "__Host-sftpbridge=".to_owned(),
        format!("{sent}; {}", pair(&other)),
        format!("{sent}; {sent}"),
    ] {
        assert_eq!(read(&jar, &bad, now()), Err(Denied::Cookie), "{bad}");
    }
}

#[test]
fn a_cookie_that_no_browser_would_keep_is_not_made() {
    let many = (0..200).map(|number| format!("upstream-with-a-long-name-{number}")).collect();
    assert_eq!(jar(1, "/", true).seal(&person("ann", Reach::Only(many)), now(), HOUR), None);
}

#[test]
fn the_groups_come_back_with_the_person() {
    let jar = jar(1, "/", true);
    let ann = person("ann", Reach::All).in_groups(vec!["staff".to_owned(), "a, b".to_owned()]);
    let set = jar.seal(&ann, now(), HOUR).unwrap();
    let back = read(&jar, pair(&set), now()).unwrap().unwrap();
    assert_eq!(back.groups(), ["a, b", "staff"]);
    assert_eq!(back, ann);
    let many = (0..200).map(|number| format!("group-with-a-long-name-{number}")).collect();
    assert_eq!(jar.seal(&person("ann", Reach::All).in_groups(many), now(), HOUR), None);
}

#[test]
fn a_person_keeps_the_groups_that_matter() {
    let ann = person("ann", Reach::All).in_groups(["staff", "a", "staff"].map(str::to_owned).to_vec());
    assert_eq!(ann.among(|_| true, |group| group == "staff").groups(), ["staff"]);
}

#[test]
fn nothing_of_the_person_can_be_read_in_it() {
    let set = jar(1, "/", true).seal(&person("canary", Reach::All), now(), HOUR).unwrap();
    assert!(!set.contains("canary"), "{set}");
}

proptest! {
    #[test]
    fn whoever_is_sealed_comes_back(name in "[^-\\x00-\\x1f\\x7f-\\u{9f}][^\\x00-\\x1f\\x7f-\\u{9f}]{0,40}") {
        let jar = jar(1, "/", true);
        let someone = person(&name, Reach::All);
        let set = jar.seal(&someone, now(), HOUR).unwrap();
        prop_assert_eq!(read(&jar, pair(&set), now()), Ok(Some(someone)));
    }
}
