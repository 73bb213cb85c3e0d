//! OpenSSH's own sftp, through `connect`: what people do with it every day.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::support::Site;
use crate::support::connect::sftp;
use crate::support::files::{MIB, Scratch, assert_same_bytes, assert_same_trees, random_file, small_files};
use crate::support::sshd::Sshd;

const QUICK: Duration = Duration::from_secs(30);
const LONG: Duration = Duration::from_secs(300);

#[test]
fn lists_puts_gets_renames_and_removes() {
    let site = Site::start();
    let scratch = Scratch::new();
    let (file, copy) = (scratch.join("file"), scratch.join("copy"));
    random_file(&file, 3 * MIB + 17);
    let commands = format!(
        "cd {dir}\nmkdir sub\nput {file} sub/one\nrename sub/one sub/two\nls -l sub\nget sub/two {copy}\nrm sub/two\nrmdir sub\nls",
        dir = site.sshd.files().display(),
        file = file.display(),
        copy = copy.display(),
    );
    let said = sftp(&site.bridge.connect_line(), &commands, QUICK);
    assert!(said.stdout.contains(" sub/two"), "{}", said.stdout);
    assert_same_bytes(&file, &copy);
    assert_eq!(fs::read_dir(site.sshd.files()).unwrap().count(), 0);
    assert_eq!(site.bridge.session_end().number("close_code"), 1000);
}

#[test]
fn keys_are_renewed_in_mid_transfer_and_no_byte_is_lost() {
    let site = Site::with(Sshd::options().config("RekeyLimit 1M").start(), |config| config);
    let scratch = Scratch::new();
    let (file, copy) = (scratch.join("file"), scratch.join("copy"));
    random_file(&file, 20 * MIB);
    let upstream = site.sshd.remote("file");
    let commands = format!("put {0} {upstream}\nget {upstream} {1}", file.display(), copy.display());
    sftp(&site.bridge.connect_line(), &commands, LONG);
    assert_same_bytes(&file, Path::new(&upstream));
    assert_same_bytes(&file, &copy);
}

#[test]
fn five_thousand_small_files_go_up_and_come_back() {
    const COUNT: usize = 5000;
    let site = Site::start();
    let scratch = Scratch::new();
    let (tree, back) = (scratch.join("tree"), scratch.join("back"));
    small_files(&tree, COUNT);
    fs::create_dir(&back).unwrap();
    let upstream = site.sshd.files();
    let commands = format!(
        "put -r {tree} {upstream}/\nget -r {upstream}/tree {back}/",
        tree = tree.display(),
        upstream = upstream.display(),
        back = back.display(),
    );
    sftp(&site.bridge.connect_line(), &commands, LONG);
    assert_eq!(fs::read_dir(upstream.join("tree")).unwrap().count(), COUNT);
    assert_same_trees(&tree, &upstream.join("tree"));
    assert_same_trees(&tree, &back.join("tree"));
}

#[test]
fn ten_thousand_names_are_listed_each_once() {
    const COUNT: usize = 10_000;
    let site = Site::start();
    let dir = site.sshd.files();
    for number in 0..COUNT {
        fs::write(dir.join(format!("name-{number:05}")), b"").unwrap();
    }
    let commands = format!("cd {}\nls -1", dir.display());
    let said = sftp(&site.bridge.connect_line(), &commands, QUICK);
    let mut names: Vec<&str> =
        said.stdout.lines().map(str::trim_end).filter(|line| line.starts_with("name-")).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), COUNT);
}

#[test]
fn the_smallest_packet_limit_still_lets_files_through() {
    let site = Site::with(Sshd::start(), |config| config.limit("packet = 34000"));
    let scratch = Scratch::new();
    let (file, copy) = (scratch.join("file"), scratch.join("copy"));
    random_file(&file, 3 * MIB);
    let upstream = site.sshd.remote("file");
    fs::copy(&file, &upstream).unwrap();
    sftp(&site.bridge.connect_line(), &format!("get {upstream} {}", copy.display()), QUICK);
    assert_same_bytes(&file, &copy);
}
