//! By handles, and by sizes.

use super::*;

fn copy(from: &str, length: u64, to: &str, to_offset: u64) -> Vec<u8> {
    let parts = [&string(from)[..], &[0; 8], &length.to_be_bytes(), &string(to), &to_offset.to_be_bytes()];
    extended("copy-data", &parts.concat())
}

#[test]
fn handles_are_judged_by_what_was_opened() {
    let mut ann = Ann::under(json!({"paths": ["read /a", "none /secret"]}));
    ann.opens("/a/x", 1, "R");
    ann.opens("/b/x", 0x1a, "W");
    for (handle, reads, writes) in [("R", true, false), ("W", true, true), ("guessed", false, false)] {
        let by_name = |name: &str| extended(name, &string(handle));
        for (kind, body) in [
            (5, [string(handle), vec![0; 12]].concat()),
            (8, string(handle)),
            (12, string(handle)),
            (EXTENDED, by_name("fstatvfs@openssh.com")),
            (EXTENDED, copy(handle, 0, "W", 0)),
        ] {
            assert_eq!(ann.may(kind, &body), reads, "{handle}, type {kind}");
        }
        for (kind, body) in [
            (WRITE, write(handle, 0, b"x")),
            (10, with_attributes(handle, None)),
            (EXTENDED, by_name("fsync@openssh.com")),
            (EXTENDED, copy("R", 0, handle, 0)),
        ] {
            assert_eq!(ann.may(kind, &body), writes, "{handle}, type {kind}");
        }
    }
    assert!(ann.may(4, &string("W")) && !ann.may(WRITE, &write("W", 0, b"x")));
}

#[test]
fn an_id_on_its_way_is_not_used_again() {
    let mut ann = Ann::under(json!({"paths": ["read /a"]}));
    ann.id = 8;
    ann.asks(OPEN, &open("/b", 2)).unwrap();
    ann.id = 8;
    assert!(ann.asks(OPEN, &open("/a", 1)).unwrap_err().contains("its id is that of another"));
}

#[test]
fn no_file_gets_larger_than_permitted() {
    let mut ann = Ann::under(json!({"largest_file": 1000}));
    ann.opens("/a", 0x1a, "H");
    let over = "the policy of this server does not allow files over 1000 bytes";
    for (offset, length, fits) in [
        (0, 1000, true),
        (0, 1001, false),
        (999, 1, true),
        (1000, 0, true),
        (1000, 1, false),
        (u64::MAX, 2, false),
    ] {
        let said = ann.tries(WRITE, &write("H", offset, &vec![0; length]));
        assert_eq!(said, if fits { Ok(()) } else { Err(over.to_owned()) }, "{offset} {length}");
        let length = length as u64;
        let copied = ann.may(EXTENDED, &copy("H", length, "H", offset));
        assert_eq!(copied, fits && length > 0, "{offset} {length}; 0 is till the end, wherever that is");
    }
    for (size, fits) in [(None, true), (Some(1000), true), (Some(1001), false), (Some(u64::MAX), false)] {
        let created = [&string("/a")[..], &2u32.to_be_bytes(), &attributes(size)].concat();
        for (kind, body) in [
            (9, with_attributes("/a", size)),
            (10, with_attributes("H", size)),
            (EXTENDED, extended("lsetstat@openssh.com", &with_attributes("/a", size))),
            (OPEN, created),
        ] {
            assert_eq!(ann.may(kind, &body), fits, "{size:?}, type {kind}");
        }
    }
    for flags in 0..=0xff {
        assert_eq!(ann.may(OPEN, &open("/a", flags)), flags & 4 == 0, "{flags:#x}");
    }
    assert!(!ann.may(WRITE, &write("guessed", 0, b"x")));
}

#[test]
fn a_file_that_was_opened_for_appending_before_there_was_a_limit_does_not_grow() {
    let mut ann = Ann::under(json!({"paths": ["read /z"]}));
    ann.opens("/a", 0xe, "A");
    assert!(ann.may(WRITE, &write("A", 0, b"x")));
    ann.policies.replace(&config(json!({"largest_file": 1000}))).unwrap();
    let denied = "the policy of this server does not allow appending, because it limits the size of files";
    assert_eq!(ann.tries(WRITE, &write("A", 0, b"x")), Err(denied.to_owned()));
    assert_eq!(ann.tries(EXTENDED, &copy("A", 1, "A", 0)), Err(denied.to_owned()));
}

#[test]
fn an_answer_to_a_request_of_an_unknown_type_does_not_pass_for_that_of_an_open() {
    let mut ann = Ann::under(json!({}));
    let secret = ann.asks(OPEN, &open("/secret", 2)).unwrap();
    // Some servers answer it, as here, and so one answer fewer seems to be due.
    ann.tries(77, &[]).unwrap();
    ann.policies.replace(&config(json!({"paths": ["none /secret"]}))).unwrap();
    ann.id = secret - 1;
    assert!(ann.asks(OPEN, &open("/free", 2)).unwrap_err().contains("has just changed"));
    ann.policy.response(&packet(102, secret, &string("S")));
    assert!(!ann.may(WRITE, &write("S", 0, b"x")));
}
