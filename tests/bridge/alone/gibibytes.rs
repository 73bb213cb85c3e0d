//! Files of gibibytes, by OpenSSH's own sftp and by sshfs.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::support::Site;
use crate::support::bridge::bulk_binary;
use crate::support::connect::{Mount, sftp};
use crate::support::files::{
    GIB, MIB, Scratch, alone, assert_same_bytes, give_to_user, random_bytes, random_file, sha256, sparse_file,
};
use crate::support::process::run;
use crate::support::sshd::Sshd;

const LONG: Duration = Duration::from_secs(300);

fn bulk_site() -> Site {
    Site::with(Sshd::start(), |config| config.binary(bulk_binary()))
}

/// A site whose upstream sees `dir`, which the test user owns.
fn user_dir(scratch: &Scratch) -> std::path::PathBuf {
    scratch.owned_by_user("upstream")
}

#[test]
fn a_gibibyte_goes_up_and_comes_back_with_the_same_hash() {
    let _alone = alone();
    let scratch = Scratch::roomy(3 * GIB);
    let site = bulk_site();
    let upstream = user_dir(&scratch);
    let (file, copy) = (scratch.join("file"), scratch.join("copy"));
    random_file(&file, GIB);
    let commands = format!(
        "put {file} {upstream}/file\nget {upstream}/file {copy}",
        file = file.display(),
        upstream = upstream.display(),
        copy = copy.display(),
    );
    sftp(&site.bridge.connect_line(), &commands, LONG);
    let hash = sha256(&file);
    assert_eq!(sha256(&upstream.join("file")), hash);
    assert_eq!(sha256(&copy), hash);
}

#[test]
fn a_file_over_four_gibibytes_comes_down_whole() {
    let _alone = alone();
    let scratch = Scratch::roomy(5 * GIB);
    let site = bulk_site();
    let upstream = user_dir(&scratch);
    let (file, copy) = (upstream.join("file"), scratch.join("copy"));
    sparse_file(&file, 4 * GIB + 12_345, &random_bytes(MIB));
    give_to_user(&file);
    let commands = format!("get {} {}", file.display(), copy.display());
    sftp(&site.bridge.connect_line(), &commands, LONG);
    assert_same_bytes(&file, &copy);
}

#[test]
fn transfers_resume_beyond_four_gibibytes() {
    const HOLE: u64 = 4 * GIB + 4321;
    let _alone = alone();
    let scratch = Scratch::new();
    let site = bulk_site();
    let upstream = user_dir(&scratch);
    let (up, down) = (scratch.join("up"), upstream.join("down"));
    for whole in [&up, &down] {
        sparse_file(whole, HOLE, &random_bytes(8 * MIB));
    }
    // The other side has the hole and nothing after it yet.
    let (up_rest, down_rest) = (upstream.join("up"), scratch.join("down"));
    for part in [&up_rest, &down_rest] {
        fs::File::create(part).unwrap().set_len(HOLE).unwrap();
    }
    give_to_user(&down);
    give_to_user(&up_rest);
    let commands = format!(
        "put -a {} {}\nget -a {} {}",
        up.display(),
        up_rest.display(),
        down.display(),
        down_rest.display()
    );
    sftp(&site.bridge.connect_line(), &commands, LONG);
    assert_same_tails(&up, &up_rest, HOLE);
    assert_same_tails(&down, &down_rest, HOLE);
}

/// Same length, and the same bytes from `offset` on.
#[track_caller]
fn assert_same_tails(one: &Path, other: &Path, offset: u64) {
    use std::os::unix::fs::FileExt;
    let length = fs::metadata(one).unwrap().len();
    assert_eq!(fs::metadata(other).unwrap().len(), length);
    let tail = |path: &Path| {
        let mut bytes = vec![0; (length - offset) as usize];
        fs::File::open(path).unwrap().read_exact_at(&mut bytes, offset).unwrap();
        bytes
    };
    assert!(tail(one) == tail(other), "{} and {} differ at the end", one.display(), other.display());
}

#[test]
fn a_gibibyte_goes_into_the_mount_and_comes_back_with_the_same_hash() {
    let _alone = alone();
    let scratch = Scratch::roomy(2 * GIB);
    let site = bulk_site();
    let upstream = user_dir(&scratch);
    let file = scratch.join("file");
    random_file(&file, GIB);
    let hash = sha256(&file);

    let mount = Mount::new(&site.bridge, &upstream, scratch.join("in"));
    let copied = mount.path().join("file");
    run(Command::new("cp").args([&file, &copied]), b"", LONG).ok();
    mount.unmount();
    assert_eq!(sha256(&upstream.join("file")), hash);

    // A fresh mount: nothing of it is in the kernel's cache.
    let mount = Mount::new(&site.bridge, &upstream, scratch.join("out"));
    assert_eq!(sha256(&mount.path().join("file")), hash);
    mount.unmount();
}
