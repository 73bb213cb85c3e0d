//! `paths`: what may be done where.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::hostile::Hostile;
use super::tree::{CANARY, Snapshot, plant};
use super::{is_denied, site};
use crate::support::Site;
use crate::support::files::give_to_user;
use crate::support::sftp::{self, Packet};

const RULES: &str =
    r#"paths = ["none $F/secret", "read $F/archive", "none $F/open/box/private", "write $F", "none /**"]"#;

const PROTECTED: [&str; 3] = ["secret", "archive", "open/box/private"];

fn planted() -> Site {
    let site = site(RULES);
    for name in PROTECTED {
        plant(&site.sshd.files().join(name));
    }
    restore(&site.sshd.files());
    site
}

/// What a client may have removed or closed where it may do anything.
fn restore(root: &Path) {
    for name in ["", "open", "open/box", "open/tmp", "open/a/b/c"] {
        let path = root.join(name);
        // A link may be in its place.
        if fs::symlink_metadata(&path).is_ok_and(|meta| !meta.is_dir()) {
            fs::remove_file(&path).unwrap();
        }
        fs::create_dir_all(&path).unwrap();
        give_to_user(&path);
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    }
}

fn snapshots(site: &Site) -> Vec<Snapshot> {
    PROTECTED.iter().map(|name| Snapshot::of(&site.sshd.files().join(name))).collect()
}

/// Spellings of the protected trees, of what is free, and of ways from one to the other.
fn paths(root: &Path) -> Vec<Vec<u8>> {
    let names = [
        "/secret",
        "/secret/file",
        "//secret/./sub/file",
        "/secret/sub/../file",
        "/archive",
        "/archive/file",
        "/archive/sub",
        "/archive/link",
        "/archive/to-sub/file",
        "/open/../archive/file",
        "/open/box",
        "/open/box/private/file",
        "/open",
        "/open/tmp",
        "/open/tmp/x",
        "/open/tmp/y",
        "/open/tmp/y/file",
        "/open/tmp/y/../file",
        "/open/tmp/x/../../archive/file",
        "/open/a/b/c/d",
        "/open/a/b/c/d/../secret/file",
        "/open/a/b/c/d/../../archive/other",
        "/open/a/b/c/l",
        "/open/l",
        "/open/a",
        "/open/new",
        "/..",
        "",
    ];
    let mut paths: Vec<Vec<u8>> =
        names.iter().map(|name| format!("{}{name}", root.display()).into_bytes()).collect();
    let others = [
        &b"."[..],
        b"",
        b"..",
        b"archive/file",
        b"../archive/file",
        b"../../archive",
        b"/",
        b"~/archive",
        b"file",
        b"secret",
        b"../secret/file",
    ];
    paths.extend(others.map(<[u8]>::to_vec));
    paths.push([root.as_os_str().as_encoded_bytes(), b"/archive/file\0"].concat());
    paths.push([root.as_os_str().as_encoded_bytes(), b"/secret/\xff"].concat());
    paths
}

#[test]
fn a_hostile_client_changes_nothing_where_it_may_not_write_and_sees_nothing_where_it_may_not_read() {
    let site = planted();
    let root = site.sshd.files();
    // What it may read has another content.
    for name in ["archive/file", "archive/sub/file"] {
        fs::write(root.join(name), "0123456789").unwrap();
    }
    let before = snapshots(&site);
    let mut client = Hostile::new(&site);
    client.send(&sftp::with_name(sftp::REALPATH, 1, "."));
    client.settle();
    let paths = paths(&root);
    for path in &paths {
        client.every_type(path);
        restore(&root);
    }
    for _ in 0..25 {
        client.shuffle(&paths, 400);
        restore(&root);
    }
    assert!(
        client.denied > 1000 && client.passed > 1000,
        "{} denied, {} passed",
        client.denied,
        client.passed
    );
    assert!(snapshots(&site) == before, "{:#?}\n{before:#?}", snapshots(&site));
    assert!(!client.heard.windows(CANARY.len()).any(|bytes| bytes == CANARY.as_bytes()));
}

#[test]
fn a_link_and_a_parent_together_lead_nowhere() {
    let site = planted();
    let before = snapshots(&site);
    let mut session = site.session();
    let at = |name: &str| site.sshd.remote(name);
    // A link that is permitted; but behind it .. is another place than it seems.
    let made = session.call(|id| sftp::with_names(sftp::SYMLINK, id, at("open/tmp"), at("open/a/b/c/d")));
    assert_eq!(made.status(), sftp::OK);
    let odd = at("open/a/b/c/d/../../archive/file");
    assert!(fs::metadata(&odd).is_ok(), "this is the archive");
    for flags in [sftp::WRITE_FLAG, sftp::READ_FLAG, sftp::WRITE_FLAG | sftp::TRUNCATE_FLAG] {
        assert!(is_denied(&session.call(|id| sftp::open(id, &odd, flags))));
    }
    // A link that would lead elsewhere once it is moved.
    let links =
        [("archive/file", "open/tmp/l"), ("../../archive/file", "open/a/b/c/d/l"), ("../archive", "open/l")];
    for (target, link) in links {
        assert!(is_denied(&session.call(|id| sftp::with_names(sftp::SYMLINK, id, target, at(link)))));
    }
    // Handles of the archive are for reading.
    let file = session.open(&at("archive/file"), sftp::READ_FLAG);
    for attributes in [
        Packet::request(10, 5).string(&file).u32(4).u32(0),
        Packet::request(10, 5).string(&file).u32(1).u64(0),
    ] {
        session.ws.send(&attributes.bytes());
        assert!(is_denied(&session.response()));
    }
    assert_eq!(session.read(&file, 0, 6), b"canary");
    // Nothing is moved with what is in it.
    for (from, to) in [("open/box", "open/box2"), ("open", "open2"), ("open/tmp", "archive"), ("", "open/x")]
    {
        assert!(
            is_denied(&session.call(|id| sftp::with_names(sftp::RENAME, id, at(from), at(to)))),
            "{from} {to}"
        );
    }
    assert_eq!(
        session.call(|id| sftp::with_names(sftp::RENAME, id, at("open/a"), at("open/z"))).status(),
        sftp::OK
    );
    assert!(snapshots(&site) == before);
}

#[test]
fn a_handle_that_is_used_again_is_judged_by_the_new_file() {
    let site = planted();
    let before = snapshots(&site);
    let mut session = site.session();
    // All on their way at once: the server gives the second file the first one's handle.
    for round in 0..50 {
        let mine = session.create(&site.sshd.remote("open/mine"));
        let id = round * 10 + 1000;
        let chmod = |id| Packet::request(10, id).string(&mine).u32(4).u32(0o777).bytes();
        session.ws.send(&sftp::with_name(sftp::CLOSE, id, &mine));
        session.ws.send(&sftp::open(id + 1, site.sshd.remote("archive/file"), sftp::READ_FLAG));
        session.ws.send(&chmod(id + 2));
        session.ws.send(&chmod(id + 3));
        let answers: Vec<_> = (0..4).map(|_| session.response()).collect();
        assert!(answers.iter().filter(|answer| answer.id > id + 1).all(is_denied), "{answers:?}");
        let theirs = answers.iter().find(|answer| answer.kind == sftp::HANDLE).unwrap();
        assert_eq!(theirs.string(), mine, "OpenSSH gives the lowest that is free");
        assert!(is_denied(&session.call(chmod)));
        session.close(theirs.string());
    }
    assert!(snapshots(&site) == before);
}

#[test]
fn files_up_to_the_largest_size_go_through() {
    let site = site("largest_file = 1000");
    let mut session = site.session();
    let file = session.create(&site.sshd.remote("file"));
    session.write(&file, 0, &[7; 500]);
    session.write(&file, 500, &[7; 500]);
    assert!(is_denied(&session.call(|id| sftp::write(id, &file, 1000, b"x"))));
    let path = site.sshd.remote("file");
    let cut = |id| Packet::request(9, id).string(&path).u32(1).u64(1001).bytes();
    assert!(is_denied(&session.call(cut)));
    session.close(&file);
    assert_eq!(fs::metadata(&path).unwrap().len(), 1000);
}
