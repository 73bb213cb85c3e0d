use std::collections::BTreeSet;
use std::time::Duration;

use http::Request;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::auth::{Identities, Proved, Reach};
use crate::config::Identity;

#[test]
fn a_person_is_only_sent_to_a_path_of_ours() {
    for own in ["/", "/files/", "/files/?upstream=nas#/home/ann", "/a//b", "/%5C%5Cx", "/@evil.example"] {
        assert!(is_own_path(own), "{own:?}");
    }
    let long = format!("/{}", "x".repeat(LONGEST_NEXT));
    for other in [
        "",
        "x",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "\t//evil.example",
        "/\n/evil.example",
        " /x",
        "/ x",
        "/\u{e4}",
        "https://evil.example/",
        "https:evil.example",
        "javascript:alert(1)",
        &long,
    ] {
        assert!(!is_own_path(other), "{other:?}");
    }
}

#[test]
fn an_answer_has_a_state_and_nothing_twice() {
    assert!(Answer::parse("code=x").is_none());
    assert!(Answer::parse("state=a&state=a").is_none());
    assert!(Answer::parse("state=a&code=b&code=c").is_none());
    let answer = Answer::parse("code=%2B&state=a%20b&iss=https%3A%2F%2Fx&foo=1").unwrap();
    assert_eq!((answer.state.as_str(), answer.code.as_deref()), ("a b", Some("+")));
    assert_eq!((answer.error, answer.issuer.as_deref()), (None, Some("https://x")));
}

#[test]
fn a_key_is_long_enough_and_its_newline_is_none_of_it() {
    let read = |bytes: &[u8]| {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        read_key(file.path())
    };
    assert_eq!(*read(&[0xff; 32]).unwrap(), *read(&[&[0xff; 32][..], b"\n"].concat()).unwrap());
    assert!(read(&[b'x'; 31]).is_err());
    assert!(read(&[&[b'x'; 31][..], b"\n"].concat()).is_err());
    assert!(read(&vec![b'x'; LONGEST_KEY as usize + 1]).is_err());
    assert!(read_key(Path::new("/dev/zero")).is_err());
    let error = read(b"canary").unwrap_err().to_string();
    assert!(!error.contains("canary"), "{error}");
}

proptest! {
    #[test]
    fn whatever_is_ours_stays_at_our_origin(path in "[/\\\\a-z@:.?#%\t ]{0,20}") {
        if is_own_path(&path) {
            let here = Url::parse("https://files.example/").unwrap();
            let there = here.join(&path).unwrap();
            prop_assert_eq!(there.host_str(), Some("files.example"));
        }
    }

    #[test]
    fn no_query_panics(query in any::<String>()) {
        let _ = Answer::parse(&query);
    }
}

const KEY: &[u8] = b"a key of at least thirty-two bytes";
const ORIGIN: (&str, &str) = ("origin", "https://files.example");

fn oidc(folder: &Path, key: &[u8]) -> config::Oidc {
    let file = folder.join("key");
    fs::write(&file, key).unwrap();
    serde_json::from_value(json!({
        "issuer": "https://id.example",
        "client_id": "bridge",
        "redirect_url": "https://files.example/auth/callback",
        "cookie_key_file": file,
        "ca_file": null,
    }))
    .unwrap()
}

/// Whoever the bridge takes the sender of a request for.
async fn known(key: &[u8], headers: &[(&str, &str)]) -> Option<(String, Proved)> {
    let folder = tempfile::tempdir().unwrap();
    let config = Identity { oidc: Some(oidc(folder.path(), key)), ..Identity::default() };
    let identities = Identities::new(&config).unwrap();
    assert!(identities.has_oidc() && !identities.is_empty());
    let mut request = Request::get("/sftp");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut parts = request.body(()).unwrap().into_parts().0;
    let person = identities.of_request(&mut parts, None, None).await.unwrap();
    person.map(|person| (person.name().to_owned(), person.method()))
}

/// The cookie that `name` was given for an hour, `ago`.
fn cookie(key: &[u8], name: &str, ago: Duration) -> String {
    let hour = Duration::from_secs(3600);
    let person = Person::new(name, Proved::Oidc, Reach::Only(BTreeSet::new())).unwrap();
    let jar = SessionCookie::new(key, "/", true).unwrap();
    let set = jar.seal(&person, SystemTime::now() - ago, hour).unwrap();
    set.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_cookie_counts_for_requests_of_a_page_and_for_no_others() {
    let cookie = cookie(KEY, "ann", Duration::ZERO);
    let sent = ("cookie", cookie.as_str());
    assert_eq!(known(KEY, &[ORIGIN, sent]).await, Some(("ann".to_owned(), Proved::Oidc)));
    assert_eq!(known(KEY, &[sent]).await, None, "whoever caused it is unknown");
    let chosen = ("authorization", "Basic dTpw");
    assert_eq!(known(KEY, &[ORIGIN, sent, chosen]).await, None, "what the person chose to send comes first");
}

#[tokio::test]
async fn a_cookie_that_is_forged_cut_old_or_of_another_key_is_as_good_as_none() {
    let good = cookie(KEY, "ann", Duration::ZERO);
    for bad in [
        good.split_at(good.len() - 1).0.to_owned(),
        good.split_at(good.len() / 2).0.to_owned(),
        cookie(KEY, "ann", Duration::from_secs(3600)),
        cookie(b"another key of thirty-two bytes or more", "ann", Duration::ZERO),
        "__Host-sftpbridge={\"name\":\"ann\",\"until\":9999999999}".to_owned(),
        good.replace("__Host-", ""),
        format!("{good}; {good}"),
    ] {
        assert_eq!(known(KEY, &[ORIGIN, ("cookie", &bad)]).await, None, "{bad}");
    }
}

#[test]
fn what_cannot_be_used_is_named_with_its_key_and_file() {
    let folder = tempfile::tempdir().unwrap();
    let error = |change: fn(&mut config::Oidc)| {
        let mut config = oidc(folder.path(), KEY);
        change(&mut config);
        SignIn::new(&config).unwrap_err().to_string()
    };
    let missing = error(|config| config.cookie_key_file = "/nowhere/key".into());
    assert!(missing.starts_with("identity.oidc.cookie_key_file: /nowhere/key: "), "{missing}");
    let missing = error(|config| config.client_secret_file = Some("/nowhere/secret".into()));
    assert!(missing.starts_with("identity.oidc.client_secret_file: /nowhere/secret: "), "{missing}");
    let missing = error(|config| config.ca_file = Some("/nowhere/ca".into()));
    assert!(missing.starts_with("identity.oidc.ca_file: /nowhere/ca: "), "{missing}");
    let elsewhere = error(|config| config.redirect_url = "https://files.example/callback".parse().unwrap());
    assert!(elsewhere.starts_with("identity.oidc.redirect_url: "), "{elsewhere}");
}
