//! Everything that can be seen of a tree of files, to be compared with itself.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

use crate::support::files::give_to_user;

/// What no client may read where it may read nothing.
pub const CANARY: &str = "canary in a file that is nobody's";

/// Each file with its kind and mode, owner, links, size, times of change, and content or target. Reading changes none of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Snapshot(BTreeMap<PathBuf, String>);

impl Snapshot {
    pub fn of(root: &Path) -> Snapshot {
        let mut files = BTreeMap::new();
        take(root, &mut files);
        assert!(files.len() > 4, "{files:?}");
        Snapshot(files)
    }
}

fn take(path: &Path, files: &mut BTreeMap<PathBuf, String>) {
    let meta = fs::symlink_metadata(path).unwrap();
    let content = if meta.is_dir() {
        Vec::new()
    } else if meta.is_symlink() {
        fs::read_link(path).unwrap().as_os_str().as_bytes().to_vec()
    } else {
        fs::read(path).unwrap()
    };
    let seen = format!(
        "{:o} {}:{} {} links, {} bytes, {}.{} {}.{} {:?}",
        meta.mode(),
        meta.uid(),
        meta.gid(),
        meta.nlink(),
        meta.size(),
        meta.mtime(),
        meta.mtime_nsec(),
        meta.ctime(),
        meta.ctime_nsec(),
        String::from_utf8_lossy(&content),
    );
    files.insert(path.to_owned(), seen);
    if meta.is_dir() {
        fs::read_dir(path).unwrap().for_each(|entry| take(&entry.unwrap().path(), files));
    }
}

/// A small tree of the test user's: directories, files, an empty one, a hard link, links.
pub fn plant(root: &Path) {
    for dir in ["", "sub", "sub/deep", "empty"] {
        fs::create_dir_all(root.join(dir)).unwrap();
        give_to_user(&root.join(dir));
    }
    for (file, content) in
        [("file", CANARY), ("other", "0123456789"), ("sub/file", CANARY), ("sub/deep/nothing", "")]
    {
        fs::write(root.join(file), content).unwrap();
        give_to_user(&root.join(file));
    }
    fs::hard_link(root.join("other"), root.join("sub/same")).unwrap();
    symlink("file", root.join("link")).unwrap();
    symlink(root.join("sub"), root.join("to-sub")).unwrap();
    symlink("nowhere", root.join("dangling")).unwrap();
}

#[test]
fn a_snapshot_tells_of_every_change() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = crate::support::files::Scratch::new();
    let root = scratch.join("tree");
    plant(&root);
    let mut before = Snapshot::of(&root);
    assert_eq!(before, Snapshot::of(&root));
    let changes: [&dyn Fn(); 5] = [
        &|| fs::write(root.join("file"), "canary in a file that is somebody").unwrap(),
        &|| fs::set_permissions(root.join("other"), fs::Permissions::from_mode(0o640)).unwrap(),
        &|| fs::write(root.join("empty/new"), "").unwrap(),
        &|| fs::remove_file(root.join("dangling")).unwrap(),
        &|| fs::hard_link(root.join("file"), scratch.join("elsewhere")).unwrap(),
    ];
    for change in changes {
        change();
        let after = Snapshot::of(&root);
        assert_ne!(after, before);
        before = after;
    }
}
