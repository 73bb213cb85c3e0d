//! `read_only`: nothing passes that changes anything.

use std::path::Path;

use super::hostile::{EXTENSIONS, Hostile};
use super::tree::{Snapshot, plant};
use super::{is_denied, site};
use crate::support::session::Session;
use crate::support::sftp::{self, Packet};

fn names(root: &Path) -> Vec<Vec<u8>> {
    let names = [
        "",
        "/file",
        "/other",
        "/sub",
        "/sub/file",
        "/empty",
        "/link",
        "/to-sub",
        "/dangling",
        "/new",
        "/sub/..",
    ];
    names.iter().map(|name| format!("{}{name}", root.display()).into_bytes()).collect()
}

/// What would change something, for a file, a directory and an open handle. A request each.
fn changes(path: &str, handle: &[u8]) -> Vec<Vec<u8>> {
    let moved = format!("{path}.moved");
    let request = |kind| Packet::request(kind, 77);
    let extended = |name: &str| request(sftp::EXTENDED).string(name);
    let mut all = vec![
        request(sftp::WRITE).string(handle).u64(0).string("x"),
        request(sftp::REMOVE).string(path),
        request(sftp::MKDIR).string(&moved).u32(0),
        request(sftp::RMDIR).string(path),
        request(sftp::RENAME).string(path).string(&moved),
        request(sftp::SYMLINK).string(path).string(&moved),
        request(sftp::SYMLINK).string(&moved).string(path),
        extended("posix-rename@openssh.com").string(path).string(&moved),
        extended("hardlink@openssh.com").string(path).string(&moved),
        extended("fsync@openssh.com").string(handle),
        extended("copy-data").string(handle).u64(0).u64(0).string(handle).u64(5),
        extended("no-such-thing@example.org").string(path),
    ];
    let attributes: [fn(Packet) -> Packet; 5] = [
        |packet| packet.u32(0),
        |packet| packet.u32(1).u64(0),
        |packet| packet.u32(2).u32(0).u32(0),
        |packet| packet.u32(4).u32(0o600),
        |packet| packet.u32(8).u32(7).u32(7),
    ];
    for with in attributes {
        all.push(with(request(9).string(path)));
        all.push(with(request(10).string(handle)));
        all.push(with(extended("lsetstat@openssh.com").string(path)));
    }
    let flags = (0..=0xffu32).filter(|flags| *flags != sftp::READ_FLAG);
    all.extend(flags.map(|flags| request(sftp::OPEN).string(path).u32(flags).u32(0)));
    all.into_iter().map(Packet::bytes).collect()
}

#[test]
fn every_request_that_changes_something_is_denied_and_the_rest_works() {
    let site = site("read_only = true");
    let root = site.sshd.files().join("tree");
    plant(&root);
    let before = Snapshot::of(&root);
    let mut session = site.session();
    let file = session.open(&site.sshd.remote("tree/file"), sftp::READ_FLAG);
    for name in ["tree/file", "tree/sub", "tree/empty", "tree/link", "tree/new"] {
        for packet in changes(&site.sshd.remote(name), &file) {
            session.ws.send(&packet);
            let response = session.response();
            assert!(is_denied(&response), "{name}: {packet:?} {response:?}");
        }
    }
    assert_reads(&mut session, &site.sshd.remote("tree"), &file);
    assert_eq!(Snapshot::of(&root), before);
}

fn assert_reads(session: &mut Session, root: &str, file: &[u8]) {
    assert!(session.read(file, 0, 6) == b"canary");
    let target = session.call(|id| sftp::with_name(sftp::READLINK, id, format!("{root}/link")));
    assert_eq!(target.kind, sftp::NAME);
    let directory = session.call(|id| sftp::with_name(sftp::OPENDIR, id, root));
    let names = session.call(|id| sftp::with_name(sftp::READDIR, id, directory.string()));
    assert_eq!(names.kind, sftp::NAME);
    session.close(directory.string());
    for kind in [7, sftp::STAT] {
        assert_eq!(session.call(|id| sftp::with_name(kind, id, root)).kind, 105);
    }
    assert_eq!(session.call(|id| sftp::with_name(8, id, file)).kind, 105);
    for name in ["statvfs@openssh.com", "expand-path@openssh.com"] {
        let answer = session.call(|id| Packet::request(sftp::EXTENDED, id).string(name).string(root).bytes());
        assert_ne!(answer.kind, sftp::STATUS, "{name}: {answer:?}");
    }
    for name in ["limits@openssh.com", "fstatvfs@openssh.com"] {
        let answer = session.call(|id| Packet::request(sftp::EXTENDED, id).string(name).string(file).bytes());
        assert_ne!(answer.kind, sftp::STATUS, "{name}: {answer:?}");
    }
    session.close(file);
}

#[test]
fn a_hostile_client_changes_nothing() {
    let site = site("read_only = true");
    let root = site.sshd.files();
    plant(&root);
    let before = Snapshot::of(&root);
    let mut client = Hostile::new(&site);
    let paths = names(&root);
    for path in &paths {
        client.every_type(path);
        for flags in 0..=0xff {
            client.send(&sftp::open(9, path, flags));
        }
        for name in EXTENSIONS {
            let request = || Packet::request(sftp::EXTENDED, 9).string(name);
            client.send(&request().string(path).string(&paths[1]).bytes());
            client.send(&request().string(path).u32(1).u64(0).bytes());
            client.send(&request().bytes());
        }
    }
    client.shuffle(&paths, 5000);
    assert!(
        client.denied > 1000 && client.passed > 1000,
        "{} denied, {} passed",
        client.denied,
        client.passed
    );
    assert_eq!(Snapshot::of(&root), before);
    // It could read, all the same.
    assert!(client.heard.windows(6).any(|bytes| bytes == b"canary"));
}
