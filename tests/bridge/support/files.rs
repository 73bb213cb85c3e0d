//! Places for files that both the tests and the upstream's user can reach, random contents, and hashes.

use std::fs::{self, File, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::process::run;
use super::user::User;

pub const KIB: u64 = 1024;
pub const MIB: u64 = 1024 * KIB;
pub const GIB: u64 = 1024 * MIB;

static ALONE: Mutex<()> = Mutex::new(());

/// Held by the tests that need the machine (`tests/bridge/alone`): one at a time, or two cores and the memory behind tmpfs
/// do not suffice.
pub fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A directory that is gone on Drop. The test user may enter it.
pub struct Scratch {
    dir: tempfile::TempDir,
}

impl Scratch {
    pub fn new() -> Scratch {
        // Not under target/: a checkout below /root is closed to the test user.
        Scratch::below(&std::env::temp_dir())
    }

    /// In memory when there is room for `bytes` and for everyone else, else on disk.
    pub fn roomy(bytes: u64) -> Scratch {
        let memory = Path::new("/dev/shm");
        if free_space(memory) > bytes && available_memory() > bytes + 3 * GIB {
            Scratch::below(memory)
        } else {
            Scratch::new()
        }
    }

    fn below(parent: &Path) -> Scratch {
        let dir = tempfile::Builder::new().prefix("sftpbridge-test-").tempdir_in(parent).unwrap();
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        Scratch { dir }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A new directory that belongs to the test user.
    pub fn owned_by_user(&self, name: &str) -> PathBuf {
        let path = self.join(name);
        fs::create_dir(&path).unwrap();
        give_to_user(&path);
        path
    }

    pub fn script(&self, name: &str, body: &str) -> PathBuf {
        let path = self.join(name);
        fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        path
    }
}

pub fn give_to_user(path: &Path) {
    let user = User::read();
    chown(path, Some(user.uid), Some(user.gid)).unwrap();
}

fn free_space(dir: &Path) -> u64 {
    rustix::fs::statvfs(dir).map_or(0, |fs| fs.f_bavail * fs.f_frsize)
}

fn available_memory() -> u64 {
    let info = fs::read_to_string("/proc/meminfo").unwrap();
    let line = info.lines().find(|line| line.starts_with("MemAvailable")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * KIB
}

pub fn random_bytes(length: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    File::open("/dev/urandom").unwrap().take(length).read_to_end(&mut bytes).unwrap();
    bytes
}

pub fn random_file(path: &Path, length: u64) {
    let mut source = File::open("/dev/urandom").unwrap().take(length);
    io::copy(&mut source, &mut File::create(path).unwrap()).unwrap();
}

/// A file with a hole of `hole` bytes and random bytes after it.
pub fn sparse_file(path: &Path, hole: u64, tail: &[u8]) {
    use std::os::unix::fs::FileExt;
    File::create(path).unwrap().write_all_at(tail, hole).unwrap();
}

/// `count` small files of different lengths, the first of them empty.
pub fn small_files(dir: &Path, count: usize) {
    fs::create_dir_all(dir).unwrap();
    let pool = random_bytes(8 * KIB);
    for number in 0..count {
        let start = number % (pool.len() / 2);
        let length = (number * 37) % (pool.len() / 2);
        fs::write(dir.join(format!("file {number:05}.bin")), &pool[start..start + length]).unwrap();
    }
}

#[track_caller]
pub fn assert_same_trees(one: &Path, other: &Path) {
    let said = run(Command::new("diff").arg("-r").args([one, other]), b"", Duration::from_secs(120));
    assert!(said.status.success(), "{} and {} differ:\n{}", one.display(), other.display(), said.stdout);
}

#[track_caller]
pub fn assert_same_bytes(one: &Path, other: &Path) {
    let said = run(Command::new("cmp").args([one, other]), b"", Duration::from_secs(300));
    assert!(said.status.success(), "{}{}", said.stdout, said.stderr);
}

#[track_caller]
pub fn sha256(path: &Path) -> String {
    let said = run(Command::new("sha256sum").arg(path), b"", Duration::from_secs(300)).ok();
    // sha256sum marks a name with odd characters by a backslash in front of the hash.
    said.stdout.trim_start_matches('\\').split(' ').next().unwrap().to_owned()
}
