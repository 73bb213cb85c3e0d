//! By the names of requests.

use super::*;

/// A body that every request of the draft can be read from.
fn long() -> Vec<u8> {
    vec![0; 64]
}

/// sftp-server's name of every request, with the packet that it is.
fn all() -> Vec<(&'static str, u8, Vec<u8>, Writes)> {
    let draft = REQUESTS.iter().filter(|row| !matches!(row.name, "init" | "extended"));
    let draft = draft.map(|row| (row.name, row.kind.0, long(), row.writes));
    let extensions = EXTENSIONS.iter().map(|row| (row.name, 200, extended(row.wire, &long()), row.writes));
    let all: Vec<_> = draft.chain(extensions).collect();
    assert_eq!(all.len(), 29);
    all
}

#[test]
fn read_only_denies_whatever_changes_something() {
    let mut ann = Ann::under(json!({"read_only": true}));
    let mut denied = Vec::new();
    for (name, kind, body, writes) in all() {
        let may = ann.may(kind, &body);
        assert_eq!(may, writes == Writes::No, "{name}");
        denied.extend((!may).then_some(name));
    }
    let expected = "open write setstat fsetstat remove mkdir rmdir rename symlink posix-rename hardlink fsync lsetstat \
                    copy-data";
    assert_eq!(denied.join(" "), expected);
    for flags in 0..=0xff {
        assert_eq!(ann.may(OPEN, &open("/a", flags)), flags == 1, "{flags:#x}");
    }
    assert!(!ann.may(OPEN, &open("/a", 0x8000_0001)));
    assert!(!ann.may(200, &extended("md5-hash@example.org", b"")) && !ann.may(99, b""));
}

#[test]
fn read_only_holds_whatever_else_is_allowed() {
    let mut ann = Ann::under(json!({"read_only": true, "allow": ["remove", "md5-hash@example.org"]}));
    assert!(!ann.may(13, &string("/a")) && !ann.may(200, &extended("md5-hash@example.org", b"")));
}

#[test]
fn what_is_denied_by_name_is_denied_and_nothing_else() {
    for (denied, ..) in all().iter().filter(|(name, ..)| *name != "close") {
        let mut ann = Ann::under(json!({"deny": [denied]}));
        for (name, kind, body, _) in all() {
            let sentence = format!("the policy of this server does not allow {denied}");
            let expected = if name == *denied { Err(sentence) } else { Ok(()) };
            assert_eq!(ann.tries(kind, &body), expected, "{name}");
        }
    }
}

#[test]
fn a_list_of_allowed_requests_is_all_there_is_beside_close() {
    for (allowed, ..) in all() {
        let mut ann = Ann::under(json!({"allow": [allowed]}));
        for (name, kind, body, _) in all() {
            assert_eq!(ann.may(kind, &body), name == allowed || name == "close", "{name} under {allowed}");
        }
    }
    let mut ann = Ann::under(json!({"allow": ["stat"], "deny": ["stat"]}));
    assert!(!ann.may(STAT, &string("/a")));
}

#[test]
fn an_unknown_extension_passes_only_where_it_is_named() {
    let ask = |policy: Value, name: &str| Ann::under(policy).may(200, &extended(name, b"\xff"));
    assert!(ask(json!({}), "md5-hash@example.org"));
    assert!(ask(json!({"allow": ["md5-hash@example.org"]}), "md5-hash@example.org"));
    for policy in [
        json!({"allow": ["md5-hash@example.com", "stat"]}),
        json!({"allow": ["md5-hash@example.org"], "deny": ["md5-hash@example.org"]}),
        json!({"allow": ["md5-hash@example.org"], "paths": ["none /a"]}),
        json!({"allow": ["md5-hash@example.org"], "largest_file": 5}),
        json!({"deny": ["remove"]}),
        json!({"paths": ["none /a"]}),
        json!({"largest_file": 5}),
    ] {
        assert!(!ask(policy.clone(), "md5-hash@example.org"), "{policy}");
    }
}

#[test]
fn init_and_close_always_pass() {
    let mut ann =
        Ann::under(json!({"allow": ["stat"], "read_only": true, "paths": ["none /**"], "largest_file": 0}));
    let init = Packet::parse(Bytes::from_static(b"\0\0\0\x05\x01\0\0\0\x03")).unwrap();
    assert_eq!(ann.policy.request(&init), Verdict::Forward);
    assert!(ann.may(4, &string("any")));
}
