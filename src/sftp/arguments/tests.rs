use bytes::{BufMut, Bytes, BytesMut};
use proptest::prelude::*;

use super::*;
use crate::sftp::{Answer, EXTENSIONS, REQUESTS, StatusCode};

/// A packet of `kind` with id 7 and `body`.
fn packet(kind: u8, body: &[u8]) -> Packet {
    let mut bytes = BytesMut::new();
    bytes.put_u32(body.len() as u32 + 5);
    bytes.put_u8(kind);
    bytes.put_u32(7);
    bytes.put_slice(body);
    Packet::parse(bytes.freeze()).unwrap()
}

fn string(text: &[u8]) -> Vec<u8> {
    [&(text.len() as u32).to_be_bytes()[..], text].concat()
}

fn extended(name: &str, body: &[u8]) -> Vec<u8> {
    [string(name.as_bytes()), body.to_vec()].concat()
}

/// Attributes with everything in them, and their bytes.
fn all_attributes() -> (Attributes, Vec<u8>) {
    let attributes = Attributes {
        size: Some(1 << 40),
        owner: Some((1000, 100)),
        permissions: Some(0o644),
        times: Some((1, 2)),
        extended: 1,
    };
    let mut bytes = BytesMut::new();
    bytes.put_u32(0x8000_000F);
    bytes.put_u64(1 << 40);
    for number in [1000, 100, 0o644, 1, 2, 1] {
        bytes.put_u32(number);
    }
    bytes.put_slice(&[string(b"name"), string(b"value")].concat());
    (attributes, bytes.to_vec())
}

/// A whole request of each kind, with what it asks for.
fn all() -> Vec<(u8, Vec<u8>, Arguments<'static>)> {
    let (attributes, ats) = all_attributes();
    let (h, p, q) = (string(b"h"), string(b"/p"), string(b"\xFF\n"));
    let u64s = |numbers: &[u64]| numbers.iter().flat_map(|n| n.to_be_bytes()).collect::<Vec<u8>>();
    let (handle, path, other) = (&b"h"[..], &b"/p"[..], &b"\xFF\n"[..]);
    let open = [&p[..], &[0, 0, 0, 0x1A], &ats].concat();
    let of_openssh = |name: &str, body: &[u8]| extended(&format!("{name}@openssh.com"), body);
    let copy = [&h[..], &u64s(&[1, 2]), &h, &u64s(&[3])].concat();
    vec![
        (3, open, Arguments::Open { path, flags: OpenFlags(0x1A), attributes }),
        (4, h.clone(), Arguments::Close { handle }),
        (
            5,
            [&h[..], &u64s(&[9]), &[0, 0, 1, 0]].concat(),
            Arguments::Read { handle, offset: 9, length: 256 },
        ),
        (
            6,
            [&h[..], &u64s(&[9]), &string(b"xy")].concat(),
            Arguments::Write { handle, offset: 9, data: b"xy" },
        ),
        (7, p.clone(), Arguments::Lstat { path }),
        (8, h.clone(), Arguments::Fstat { handle }),
        (9, [&p[..], &ats].concat(), Arguments::Setstat { path, attributes }),
        (10, [&h[..], &ats].concat(), Arguments::Fsetstat { handle, attributes }),
        (11, p.clone(), Arguments::Opendir { path }),
        (12, h.clone(), Arguments::Readdir { handle }),
        (13, p.clone(), Arguments::Remove { path }),
        (14, [&p[..], &ats].concat(), Arguments::Mkdir { path, attributes }),
        (15, p.clone(), Arguments::Rmdir { path }),
        (16, p.clone(), Arguments::Realpath { path }),
        (17, p.clone(), Arguments::Stat { path }),
        (18, [&p[..], &q].concat(), Arguments::Rename { from: path, to: other }),
        (19, p.clone(), Arguments::Readlink { path }),
        (20, [&p[..], &q].concat(), Arguments::Symlink { first: path, second: other }),
        (
            200,
            of_openssh("posix-rename", &[&p[..], &q].concat()),
            Arguments::PosixRename { from: path, to: other },
        ),
        (200, of_openssh("statvfs", &p), Arguments::Statvfs { path }),
        (200, of_openssh("fstatvfs", &h), Arguments::Fstatvfs { handle }),
        (200, of_openssh("hardlink", &[&p[..], &q].concat()), Arguments::Hardlink { from: path, to: other }),
        (200, of_openssh("fsync", &h), Arguments::Fsync { handle }),
        (200, of_openssh("lsetstat", &[&p[..], &ats].concat()), Arguments::Lsetstat { path, attributes }),
        (200, of_openssh("expand-path", &p), Arguments::ExpandPath { path }),
        (
            200,
            extended("copy-data", &copy),
            Arguments::CopyData { from: handle, offset: 1, length: 2, to: handle, to_offset: 3 },
        ),
        (200, extended("home-directory", &p), Arguments::HomeDirectory { user: path }),
    ]
}

#[test]
fn every_request_is_read_as_the_draft_lays_it_out_whatever_follows_it() {
    for (kind, body, expected) in all() {
        assert_eq!(Arguments::of(&packet(kind, &body)), Ok(expected), "{kind}");
        assert_eq!(Arguments::of(&packet(kind, &[&body[..], b"more"].concat())), Ok(expected), "{kind}");
    }
    let init = Packet::parse(Bytes::from_static(b"\0\0\0\x05\x01\0\0\0\x03")).unwrap();
    assert_eq!(Arguments::of(&init), Ok(Arguments::Init { version: 3 }));
    assert_eq!(Arguments::of(&packet(99, b"x")), Ok(Arguments::Unknown(PacketType(99))));
    let foreign = extended("x@y", b"");
    assert_eq!(Arguments::of(&packet(200, &foreign)), Ok(Arguments::OtherExtension { name: b"x@y" }));
}

#[test]
fn a_request_that_ends_early_is_cut_short_wherever_that_is() {
    for (kind, body, _) in all() {
        for length in 0..body.len() {
            let cut = packet(kind, &body[..length]);
            let read = Arguments::of(&cut);
            // The name of an extension may end early and be another name, but never the same one.
            assert!(
                read.is_err() || matches!(read, Ok(Arguments::OtherExtension { .. })),
                "{kind} {length} {read:?}"
            );
        }
    }
}

#[test]
fn every_row_of_both_tables_has_its_arguments() {
    let read: Vec<(u8, Vec<u8>)> = all().into_iter().map(|(kind, body, _)| (kind, body)).collect();
    for row in REQUESTS.iter().filter(|row| row.kind != PacketType::INIT) {
        assert!(read.iter().any(|(kind, _)| *kind == row.kind.0), "{}", row.name);
    }
    for row in EXTENSIONS {
        let packet = packet(200, &extended(row.wire, &[0; 64]));
        assert!(!matches!(Arguments::of(&packet), Ok(Arguments::OtherExtension { .. })), "{}", row.name);
    }
}

#[test]
fn a_response_is_read_as_the_draft_lays_it_out() {
    let status = [&[0, 0, 0, 3][..], &string(b"no"), &string(b"")].concat();
    assert_eq!(Answer::of(&packet(101, &status)), Ok(Answer::Status(StatusCode::PERMISSION_DENIED)));
    assert_eq!(Answer::of(&packet(102, &string(b"h"))), Ok(Answer::Handle(b"h")));
    assert_eq!(Answer::of(&packet(103, &string(b"data"))), Ok(Answer::Data(b"data")));
    let names = [&[0, 0, 0, 2][..], &string(b"first"), &string(b"long")].concat();
    assert_eq!(Answer::of(&packet(104, &names)), Ok(Answer::Names { count: 2, first: Some(b"first") }));
    assert_eq!(Answer::of(&packet(104, &[0; 4])), Ok(Answer::Names { count: 0, first: None }));
    let (attributes, bytes) = all_attributes();
    assert_eq!(Answer::of(&packet(105, &bytes)), Ok(Answer::Attributes(attributes)));
    assert_eq!(Answer::of(&packet(201, b"any")), Ok(Answer::Extended(b"any")));
    assert!(Answer::of(&packet(102, b"\0\0\0\x09h")).is_err());
}

proptest! {
    #[test]
    fn no_bytes_make_the_readers_panic_or_reserve_memory(kind: u8, body in prop::collection::vec(any::<u8>(), 0..200)) {
        let packet = packet(kind, &body);
        let _ = (Arguments::of(&packet), Answer::of(&packet));
    }
}
