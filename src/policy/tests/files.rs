//! By paths.

use super::*;

const SETSTAT: u8 = 9;
const OPENDIR: u8 = 11;
const REMOVE: u8 = 13;
const MKDIR: u8 = 14;
const RMDIR: u8 = 15;
const RENAME: u8 = 18;
const SYMLINK: u8 = 20;

fn by_extension(name: &str, body: &[u8]) -> (u8, Vec<u8>) {
    (EXTENDED, extended(name, body))
}

/// Every request about one path, and whether it writes there.
fn about(path: &str) -> Vec<(u8, Vec<u8>, bool)> {
    let set = with_attributes(path, None);
    let of = |(kind, body): (u8, Vec<u8>), writes| (kind, body, writes);
    let mut all = vec![
        (OPEN, open(path, 1), false),
        (OPEN, open(path, 2), true),
        (OPEN, open(path, 0), true),
        (7, string(path), false),
        (SETSTAT, set.clone(), true),
        (OPENDIR, string(path), false),
        (REMOVE, string(path), true),
        (MKDIR, set.clone(), true),
        (RMDIR, string(path), true),
        (REALPATH, string(path), false),
        (STAT, string(path), false),
        (19, string(path), false),
        of(by_extension("statvfs@openssh.com", &string(path)), false),
        of(by_extension("lsetstat@openssh.com", &set), true),
        of(by_extension("expand-path@openssh.com", &string(path)), false),
    ];
    for both in [strings(path, "/free/x"), strings("/free/x", path)] {
        all.push((RENAME, both.clone(), true));
        all.push((SYMLINK, both.clone(), true));
        all.push(of(by_extension("posix-rename@openssh.com", &both), true));
        all.push(of(by_extension("hardlink@openssh.com", &both), true));
    }
    all
}

#[test]
fn every_request_about_a_path_needs_what_it_does_there() {
    for (access, read, write) in [("none", false, false), ("read", true, false), ("write", true, true)] {
        let mut ann = Ann::under(json!({"paths": [format!("{access} /a"), "read /z"]}));
        for path in ["/a", "/a/b", "//a/./b/", "/./a"] {
            for (kind, body, writes) in about(path) {
                let expected = if writes { write } else { read };
                assert_eq!(ann.may(kind, &body), expected, "type {kind}, {path} under {access}");
            }
        }
        for (kind, body, _) in about("/ab") {
            assert!(ann.may(kind, &body), "type {kind}: /ab is free");
        }
    }
}

#[test]
fn the_first_rule_that_has_a_path_decides() {
    let mut ann = Ann::under(json!({"paths": ["write /srv/in/{user}", "read /srv", "none /**"]}));
    for (path, read, write) in [
        ("/srv/in/ann/x", true, true),
        ("/srv/in/ann", true, true),
        ("/srv/in/anna", true, false),
        ("/srv/x", true, false),
        ("/", false, false),
        ("/etc/passwd", false, false),
    ] {
        assert_eq!(ann.may(STAT, &string(path)), read, "{path}");
        assert_eq!(ann.may(OPEN, &open(path, 0x1a)), write, "{path}");
    }
}

#[test]
fn a_user_whose_name_is_no_name_of_a_file_may_do_nothing_where_it_would_stand() {
    let rules = json!({"paths": ["write /in/{user}", "none /home/{user}/x", "read /in", "read /z"]});
    for name in ["..", ".", "a/b", "", "../in"] {
        let mut someone = Ann::with(policies(rules.clone()), name, &[]);
        for path in ["/in/ann", "/in/a/b", "/home/ann/x", "/in/x/.."] {
            assert!(!someone.may(REMOVE, &string(path)), "{name:?} {path}");
        }
        assert!(!someone.may(STAT, &string("/in/ann")), "{name:?}");
        assert!(someone.may(STAT, &string("/in")) && someone.may(STAT, &string("/elsewhere")), "{name:?}");
    }
    let mut star = Ann::with(policies(rules), "*", &[]);
    assert!(star.may(REMOVE, &string("/in/*/x")) && !star.may(REMOVE, &string("/in/ann/x")));
    let at_home = json!({"paths": ["none /a"], "home": "/home/{user}"});
    assert!(!Ann::with(policies(at_home.clone()), "..", &[]).may(STAT, &string("x")));
    assert!(Ann::with(policies(at_home), "ann", &[]).may(STAT, &string("x")));
}

#[test]
fn relative_paths_wait_until_the_server_has_told_where_they_start() {
    let mut ann = Ann::under(json!({"paths": ["none /home/ann/secret"]}));
    let sentence = "the policy of this server cannot judge this path: it is relative, and the server has not told yet \
                    where it starts";
    for path in ["x", "", ".", "secret"] {
        assert_eq!(ann.tries(STAT, &string(path)), Err(sentence.to_owned()), "{path:?}");
    }
    for path in ["", ".", "./."] {
        assert!(ann.may(REALPATH, &string(path)), "{path:?}");
    }
    let expand = |path| extended("expand-path@openssh.com", &string(path));
    assert!(ann.may(EXTENDED, &expand("~")) && !ann.may(REALPATH, &string("x")));
    ann.starts_at("/home/ann");
    for path in ["x", "", ".", "./x/y"] {
        assert!(ann.may(REMOVE, &string(path)), "{path:?}");
    }
    for path in ["secret", "./secret/x", "x/../secret", ".//secret"] {
        assert!(!ann.may(STAT, &string(path)), "{path:?}");
    }
    assert!(ann.may(EXTENDED, &expand("~/x")) && !ann.may(EXTENDED, &expand("~/secret")));
    assert!(!ann.may(EXTENDED, &expand("~bob")));
}

#[test]
fn relative_paths_start_where_the_operator_says() {
    let mut ann = Ann::under(json!({"paths": ["none /home/ann/secret"], "home": "/home/{user}"}));
    assert!(ann.may(STAT, &string("x")) && !ann.may(STAT, &string("secret")));
    ann.starts_at("/mnt/home/ann");
    assert!(!ann.may(STAT, &string("secret")));
}

#[test]
fn reading_needs_no_start_where_everything_may_be_read() {
    let mut ann = Ann::under(json!({"paths": ["read /archive"]}));
    for path in ["x", "", "../x", "/a/../archive/x"] {
        assert!(ann.may(STAT, &string(path)) && ann.may(OPEN, &open(path, 1)), "{path:?}");
        assert!(!ann.may(REMOVE, &string(path)), "{path:?}");
    }
}

#[test]
fn a_parent_behind_a_name_may_be_anywhere() {
    let mut ann = Ann::under(json!({"paths": ["none /secret", "read /b"]}));
    let sentence = "the policy of this server cannot judge this path: it has .. behind a name";
    // Were /a/b/c/d a link to /a, the first would be /secret.
    for path in ["/a/b/c/d/../../secret", "/a/..", "/a/../a/x"] {
        assert_eq!(ann.tries(STAT, &string(path)), Err(sentence.to_owned()), "{path}");
    }
    // This only tells a name, and then a client uses that.
    assert!(ann.may(REALPATH, &string("/a/b/..")) && !ann.may(REALPATH, &string("/secret/x/..")));
    assert!(!ann.may(REALPATH, &string("/a/../secret")) && ann.may(STAT, &string("/../a")));
}

#[test]
fn a_path_with_a_nul_is_denied() {
    let mut ann = Ann::under(json!({"paths": ["none /secret"]}));
    for path in ["/secret\0", "/a\0", "/a\0/../secret", "\0"] {
        assert!(!ann.may(STAT, &string(path)) && !ann.may(REALPATH, &string(path)), "{path:?}");
    }
}

#[test]
fn a_directory_is_not_moved_with_what_is_protected_below_it() {
    let mut ann = Ann::under(json!({"paths": ["read /a/b/archive", "none /home/*/.ssh", "write /**"]}));
    let denied = "the policy of this server does not allow writing to everything below this path";
    for (from, to) in [("/a", "/x"), ("/x", "/a/b"), ("/home", "/x"), ("/home/ann", "/x"), ("/", "/x")] {
        assert_eq!(ann.tries(RENAME, &strings(from, to)), Err(denied.to_owned()), "{from} {to}");
        assert!(!ann.may(EXTENDED, &extended("posix-rename@openssh.com", &strings(from, to))));
        assert!(ann.may(RMDIR, &string(from)), "only an empty directory can be removed");
    }
    for (from, to) in [("/a/c", "/a/b/d"), ("/home/ann/x", "/home/bob/y"), ("/x", "/y")] {
        assert!(ann.may(RENAME, &strings(from, to)), "{from} {to}");
    }
    assert!(!ann.may(RENAME, &strings("/x", "/a/b/archive/x")));
}

#[test]
fn a_rule_that_comes_first_shields_what_is_below_it() {
    let mut ann = Ann::under(json!({"paths": ["write /a", "none /**/.ssh", "read /z"]}));
    assert!(ann.may(RENAME, &strings("/a/x", "/a/y")));
    assert!(!ann.may(RENAME, &strings("/a/x", "/b/y")), "it may be a directory with an .ssh in it");
}

#[test]
fn links_lead_only_to_where_everything_may_be_written() {
    let mut ann = Ann::under(json!({"paths": ["read /a/archive", "none /secret"]}));
    for (one, other) in
        [("/secret/x", "/b"), ("/a/archive", "/b"), ("/a", "/b"), ("/", "/b"), ("/a/c/../archive", "/b")]
    {
        assert!(!ann.may(SYMLINK, &strings(one, other)), "{one} {other}");
        assert!(!ann.may(SYMLINK, &strings(other, one)), "{one} {other}");
    }
    // Moved up to /a, a link to archive/x would be another one.
    let denied = "the policy of this server allows only links whose target is an absolute path";
    for target in ["archive/x", "x", "../x", ""] {
        assert_eq!(ann.tries(SYMLINK, &strings(target, "/a/tmp/l")), Err(denied.to_owned()), "{target}");
        assert_eq!(ann.tries(SYMLINK, &strings("/a/tmp/l", target)), Err(denied.to_owned()), "{target}");
    }
    assert!(ann.may(SYMLINK, &strings("/b/x", "/a/l")));
}

/// Rules of few names meet paths of few names.
fn some_rules() -> impl Strategy<Value = Vec<String>> {
    let access = prop_oneof![Just("none"), Just("read"), Just("write")];
    let rule = (access, "(/([ab]{1,2}|[*]|[*][*]|[ab?]{2})){1,3}");
    proptest::collection::vec(rule.prop_map(|(access, pattern)| format!("{access} {pattern}")), 0..4)
}

/// What may stand for the slashes of a path.
fn slashes() -> impl Strategy<Value = Vec<&'static str>> {
    let slash = prop_oneof![Just("/"), Just("//"), Just("/./"), Just("/.//./"), Just("/././")];
    proptest::collection::vec(slash, 8)
}

fn spelt(place: &str, slashes: &[&str]) -> String {
    place.split('/').skip(1).zip(slashes).map(|(name, slash)| format!("{slash}{name}")).collect()
}

proptest! {
    #[test]
    fn a_place_is_judged_the_same_however_it_is_spelt(
        rules in some_rules(), place in "(/[ab]{1,2}){1,4}", slashes in slashes(), up in "(/[.][.]){0,3}",
        end in "(/|/[.]|//)?", flags in prop_oneof![Just(1u32), Just(2)],
    ) {
        let mut ann = Ann::under(json!({"paths": rules}));
        let plain = ann.may(OPEN, &open(&place, flags));
        let odd = format!("{up}{}{end}", spelt(&place, &slashes));
        prop_assert_eq!(ann.may(OPEN, &open(&odd, flags)), plain, "{}", odd);
        ann.starts_at("/");
        prop_assert_eq!(ann.may(OPEN, &open(place.trim_start_matches('/'), flags)), plain);
    }

    #[test]
    fn a_detour_never_leads_to_what_is_denied(
        rules in some_rules(), place in "(/[ab]{1,2}){1,4}", detour in "(/([ab]{1,2}|[.][.]|[.])){1,5}",
    ) {
        // However links may lead: what passes with a .. behind a name would pass at every place.
        let mut ann = Ann::under(json!({"paths": rules}));
        let path = format!("{detour}{place}");
        let doubt = path::Path::read(path.as_bytes(), None).unwrap().doubt;
        for flags in [1, 2] {
            if doubt.is_some() && ann.may(OPEN, &open(&path, flags)) {
                prop_assert!(ann.may(OPEN, &open(&place, flags)), "{} {}", path, place);
            }
        }
    }

    #[test]
    fn whatever_is_moved_could_be_written_to_before_and_after(
        rules in some_rules(), from in "(/[ab]{1,2}){1,3}", to in "(/[ab]{1,2}){1,3}", below in "(/[ab]{1,2}){0,3}",
    ) {
        let mut ann = Ann::under(json!({"paths": rules}));
        if ann.may(RENAME, &strings(&from, &to)) {
            for place in [from, to] {
                prop_assert!(ann.may(OPEN, &open(format!("{place}{below}"), 2)), "{}{}", place, below);
            }
        }
    }
}
