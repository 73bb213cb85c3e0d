//! A directory mounted by sshfs through `connect`, with the arguments that sshfs appends.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::Duration;

use crate::support::Site;
use crate::support::connect::Mount;
use crate::support::files::{Scratch, assert_same_trees, small_files};
use crate::support::process::run;

const LONG: Duration = Duration::from_secs(300);

#[test]
fn small_files_go_into_the_mount_and_come_back() {
    let site = Site::start();
    let scratch = Scratch::new();
    let (tree, back) = (scratch.join("tree"), scratch.join("back"));
    small_files(&tree, 500);
    let mount = Mount::new(&site.bridge, &site.sshd.files(), scratch.join("mount"));
    run(Command::new("cp").arg("-r").arg(&tree).arg(mount.path()), b"", LONG).ok();
    assert_same_trees(&tree, &site.sshd.files().join("tree"));
    run(Command::new("cp").arg("-r").arg(mount.path().join("tree")).arg(&back), b"", LONG).ok();
    assert_same_trees(&tree, &back);
    mount.unmount();
    assert_eq!(site.bridge.session_end().number("close_code"), 1000);
}

#[test]
fn files_in_the_mount_are_renamed_linked_truncated_and_removed() {
    let site = Site::start();
    let scratch = Scratch::new();
    let mount = Mount::new(&site.bridge, &site.sshd.files(), scratch.join("mount"));
    let (inside, upstream) = (mount.path(), site.sshd.files());
    fs::create_dir(inside.join("dir")).unwrap();
    fs::write(inside.join("dir/one"), b"0123456789").unwrap();
    fs::rename(inside.join("dir/one"), inside.join("two")).unwrap();
    assert_eq!(fs::read(upstream.join("two")).unwrap(), b"0123456789");
    fs::File::options().write(true).open(inside.join("two")).unwrap().set_len(4).unwrap();
    assert_eq!(fs::read(upstream.join("two")).unwrap(), b"0123");
    symlink("two", inside.join("link")).unwrap();
    assert_eq!(fs::read_link(upstream.join("link")).unwrap().to_str(), Some("two"));
    assert_eq!(fs::read(inside.join("link")).unwrap(), b"0123");
    fs::remove_file(inside.join("link")).unwrap();
    fs::remove_file(inside.join("two")).unwrap();
    fs::remove_dir(inside.join("dir")).unwrap();
    assert_eq!(fs::read_dir(&upstream).unwrap().count(), 0);
    mount.unmount();
}
