use proptest::prelude::*;

use super::super::path::normal;
use super::*;
use crate::config::{PathRule, Rules};

fn template(pattern: &str) -> Template {
    let rules: crate::config::Policy =
        serde_json::from_value(serde_json::json!({ "paths": [format!("read {pattern}")] })).unwrap();
    let Rules { paths, .. } = rules.rules;
    let [PathRule { pattern, .. }] = &paths[..] else { panic!("{paths:?}") };
    pattern.clone()
}

fn pattern(text: &str) -> Pattern {
    Pattern::new(&template(text), "ann").unwrap()
}

#[track_caller]
fn assert_matches(text: &str, yes: &[&str], no: &[&str]) {
    let pattern = pattern(text);
    for (paths, expected) in [(yes, true), (no, false)] {
        for path in paths {
            assert_eq!(pattern.matches(&normal(path.as_bytes())), expected, "{text}: {path}");
        }
    }
}

#[test]
fn a_pattern_without_glob_characters_is_a_place_and_everything_below() {
    assert_matches("/a", &["/a", "/a/b", "/a/b/c"], &["/", "/ab", "/b", "/A"]);
    assert_matches("/a/", &["/a", "/a/b"], &["/ab"]);
    assert_matches("/", &["/", "/a", "/a/b"], &[]);
    assert_matches("/[a]{user}", &["/[a]ann", "/[a]ann/x"], &["/aann", "/a"]);
    assert_matches(r"/a\b", &[r"/a\b"], &["/ab"]);
}

#[test]
fn stars_and_question_marks_stay_within_a_name() {
    assert_matches("/a/*", &["/a/b", "/a/.b"], &["/a", "/a/b/c", "/b"]);
    assert_matches(
        "/a/*.txt",
        &["/a/.txt", "/a/b.txt", "/a/b.txt.txt"],
        &["/a/b.txt/c", "/a/b/c.txt", "/a/btxt"],
    );
    assert_matches("/*/b", &["/a/b", "/xyz/b"], &["/b", "/a/c/b", "/a/b/c"]);
    assert_matches("/a?c", &["/abc", "/aüc", "/a€c"], &["/ac", "/abbc", "/a/c", "/aüüc"]);
    assert_matches("/??", &["/ab", "/üü"], &["/a", "/abc"]);
}

#[test]
fn two_stars_cross_names() {
    assert_matches("/**", &["/", "/a", "/a/b"], &[]);
    assert_matches("/a/**", &["/a", "/a/b", "/a/b/c"], &["/", "/ab", "/b/a"]);
    assert_matches("/**/.ssh/**", &["/.ssh", "/a/.ssh", "/a/b/.ssh/c/d"], &["/a.ssh", "/a/.sshd", "/ssh"]);
    assert_matches("/a/**/b", &["/a/b", "/a/x/b", "/a/x/y/b"], &["/a", "/ab", "/a/xb", "/a/b/c", "/b"]);
    assert_matches("/a/**/**/b", &["/a/b", "/a/x/b", "/a/x/y/b"], &["/a", "/ab"]);
    assert_matches("/a**", &["/a", "/ab", "/a/b", "/ab/c"], &["/", "/b"]);
    assert_matches("/**.key", &["/a.key", "/b/a.key", "/.key"], &["/a.key/b", "/key"]);
    assert_matches("/*/private/**", &["/a/private", "/a/private/b/c"], &["/a/b/private", "/private"]);
}

#[test]
fn bytes_that_are_no_text_match_too() {
    assert!(pattern("/a/*").matches(b"/a/\xff\xfe"));
    assert!(pattern("/a/?").matches(b"/a/\xff"));
    assert!(pattern("/a").matches(b"/a/\xff"));
}

#[test]
fn a_name_is_taken_letter_by_letter() {
    let user = |user: &str| Pattern::new(&template("/in/{user}"), user).unwrap();
    for name in ["*", "**", "?", "a*", "{user}", "[a-z]", "\\"] {
        let own = format!("/in/{name}/x");
        assert!(user(name).matches(own.as_bytes()), "{name}");
        assert!(
            !user(name).matches(b"/in/ann") && !user(name).matches(b"/in/a") && !user(name).matches(b"/in"),
            "{name}"
        );
    }
    let glob = Pattern::new(&template("/in/{user}/*"), "*").unwrap();
    assert!(glob.matches(b"/in/*/x") && !glob.matches(b"/in/ann/x") && !glob.matches(b"/in/*/x/y"));
    assert!(Pattern::new(&template("/in/x{user}y"), "ann").unwrap().matches(b"/in/xanny/z"));
}

#[test]
fn a_name_that_is_no_name_of_a_file_fits_nowhere() {
    for name in ["", ".", "..", "a/b", "/", "../x", "a\0b"] {
        assert_eq!(Pattern::new(&template("/in/{user}"), name), Err(NoName), "{name:?}");
        assert_eq!(place(&template("/home/{user}"), name), Err(NoName), "{name:?}");
        assert!(Pattern::new(&template("/in"), name).is_ok() && place(&template("/home"), name).is_ok());
    }
    let anybody = Pattern::for_anybody(&template("/in/{user}/x"));
    assert!(anybody.matches(b"/in/ann/x") && anybody.matches(b"/in/a/b/x/y") && !anybody.matches(b"/in/ann"));
    assert!(Pattern::for_anybody(&template("/in/{user}")).matches(b"/in/a/b"));
}

#[test]
fn what_could_match_below_is_known() {
    for (text, place, below) in [
        ("/a/secret", "/a", true),
        ("/a/secret", "/", true),
        ("/a/secret", "/a/secret", true),
        ("/a/secret", "/a/secret/x", true),
        ("/a/secret", "/a/sec", false),
        ("/a/secret", "/b", false),
        ("/a/*", "/a", true),
        ("/a/*", "/a/b", false),
        ("/a/*", "/", true),
        ("/a/*/c", "/a/b", true),
        ("/a*", "/a", false),
        ("/**/.ssh", "/home/ann", true),
        ("/home/**/.ssh", "/srv", false),
        ("/home/**/.ssh", "/home", true),
        ("/home/**/.ssh", "/home/ann/x", true),
        ("/home/?/x", "/home/ab", false),
        ("/home/?/x", "/home/a", true),
    ] {
        let place = normal(place.as_bytes());
        assert_eq!(pattern(text).reaches_below(&place), below, "{text} below {place:?}");
    }
    assert!(pattern("/a/**").covers(b"/a") && pattern("/a").covers(b"/a/b") && pattern("/**").covers(b""));
    assert!(!pattern("/a/*").covers(b"/a/b") && !pattern("/a/**").covers(b""));
}

#[test]
fn hostile_names_take_no_time_to_speak_of() {
    let pattern = pattern(&format!("/{}b", "*a".repeat(100)));
    let name = format!("/{}", "a".repeat(4000));
    let begin = std::time::Instant::now();
    assert!(!pattern.matches(name.as_bytes()));
    assert!(begin.elapsed() < std::time::Duration::from_secs(2));
}

/// Patterns and places of few letters meet often.
fn a_pattern() -> impl Strategy<Value = String> {
    let part = prop_oneof![Just("**".to_owned()), "[ab*?]{1,3}"];
    proptest::collection::vec(part, 0..4).prop_map(|parts| format!("/{}", parts.join("/")))
}

proptest! {
    #[test]
    fn what_is_below_a_match_was_reached_from_above(
        text in a_pattern(), above in "(/[ab]{1,2}){0,3}", below in "(/[ab]{1,2}){1,3}"
    ) {
        let pattern = pattern(&text);
        let place = format!("{above}{below}");
        if pattern.matches(place.as_bytes()) {
            prop_assert!(pattern.reaches_below(above.as_bytes()), "{} {}", text, above);
        }
        if pattern.covers(above.as_bytes()) {
            prop_assert!(pattern.matches(place.as_bytes()), "{} {}", text, place);
        }
    }

    #[test]
    fn a_prefix_has_what_is_below_it_and_nothing_beside(place in "(/[a-z]{1,4}){1,3}", more in "[a-z*/]{1,5}") {
        let pattern = pattern(&place);
        prop_assert!(pattern.matches(place.as_bytes()));
        let below = format!("{place}/{}", more.trim_matches('/'));
        prop_assert!(pattern.matches(&normal(below.as_bytes())));
        let beside = format!("{place}{}", more.trim_start_matches('/'));
        prop_assert_eq!(pattern.matches(&normal(beside.as_bytes())), beside == place);
    }

    #[test]
    fn nobodys_name_widens_a_rule(name in any::<String>(), place in "(/[a*?]{1,3}){0,4}") {
        if let Ok(pattern) = Pattern::new(&template("/in/{user}"), &name) {
            let own = format!("/in/{name}");
            let inside = place == own || place.starts_with(&format!("{own}/"));
            prop_assert_eq!(pattern.matches(place.as_bytes()), inside);
            prop_assert!(pattern.matches(&normal(own.as_bytes())));
        }
    }
}
