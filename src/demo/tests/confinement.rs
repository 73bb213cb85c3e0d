//! No request reaches anything outside the root.

use std::fs;
use std::os::unix::fs::symlink;

use russh_sftp::protocol::{FileAttributes, OpenFlags, StatusCode};

use super::{Demo, code};

const OUTSIDE: [&str; 6] = [
    "../../../../etc/passwd",
    "/etc/passwd",
    "/../etc/passwd",
    "folder/../../etc/passwd",
    "absolute/passwd",
    "folder/upwards/passwd",
];

async fn demo() -> Demo {
    let demo = Demo::start().await;
    fs::create_dir(demo.root().join("folder")).unwrap();
    symlink("/etc", demo.root().join("absolute")).unwrap();
    symlink("/etc/passwd", demo.root().join("passwd")).unwrap();
    symlink("../../../../../../../etc", demo.root().join("folder/upwards")).unwrap();
    demo
}

#[tokio::test]
async fn files_outside_are_not_there() {
    let demo = demo().await;
    let sftp = demo.raw().await;
    let none = FileAttributes::empty;
    assert!(fs::exists("/etc/passwd").unwrap());
    for name in OUTSIDE.into_iter().chain(["passwd"]) {
        assert_eq!(code(sftp.stat(name).await), StatusCode::NoSuchFile, "{name}");
        assert_eq!(code(sftp.open(name, OpenFlags::READ, none()).await), StatusCode::NoSuchFile, "{name}");
        assert_eq!(code(sftp.setstat(name, none()).await), StatusCode::NoSuchFile, "{name}");
        assert_eq!(code(sftp.opendir(name).await), StatusCode::NoSuchFile, "{name}");
        assert_eq!(code(sftp.statvfs(name).await), StatusCode::NoSuchFile, "{name}");
    }
    for name in OUTSIDE {
        assert_eq!(code(sftp.lstat(name).await), StatusCode::NoSuchFile, "{name}");
        assert_eq!(code(sftp.remove(name).await), StatusCode::NoSuchFile, "{name}");
        assert_eq!(code(sftp.rename(name, "taken").await), StatusCode::NoSuchFile, "{name}");
        assert_eq!(code(sftp.hardlink(name, "taken").await), StatusCode::NoSuchFile, "{name}");
    }
}

#[tokio::test]
async fn nothing_is_made_outside() {
    let demo = demo().await;
    let sftp = demo.raw().await;
    let outside = tempfile::tempdir().unwrap();
    let absolute = outside.path().to_str().unwrap();
    symlink(outside.path(), demo.root().join("out")).unwrap();
    let create = OpenFlags::WRITE | OpenFlags::CREATE;
    for name in [format!("{absolute}/new"), "out/new".to_owned(), format!("../../../..{absolute}/new")] {
        assert_eq!(
            code(sftp.open(&*name, create, FileAttributes::empty()).await),
            StatusCode::NoSuchFile,
            "{name}"
        );
        assert_eq!(code(sftp.mkdir(&*name, FileAttributes::empty()).await), StatusCode::NoSuchFile);
        assert_eq!(code(sftp.symlink("x", &*name).await), StatusCode::NoSuchFile);
        assert_eq!(code(sftp.rename("folder", &*name).await), StatusCode::NoSuchFile);
    }
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_link_that_points_outside_is_listed_and_can_be_removed() {
    let demo = demo().await;
    let sftp = demo.sftp().await;
    assert!(sftp.symlink_metadata("passwd").await.unwrap().is_symlink());
    assert_eq!(sftp.read_link("passwd").await.unwrap(), "/etc/passwd");
    sftp.symlink("../../any text", "new").await.unwrap();
    assert_eq!(sftp.read_link("new").await.unwrap(), "../../any text");
    sftp.remove_file("passwd").await.unwrap();
    assert!(fs::exists("/etc/passwd").unwrap() && !demo.root().join("passwd").is_symlink());
}

#[tokio::test]
async fn dots_end_at_the_root() {
    let demo = demo().await;
    let sftp = demo.sftp().await;
    assert_eq!(sftp.canonicalize("../../..").await.unwrap(), "/");
    assert_eq!(sftp.canonicalize("absolute").await.unwrap(), "/etc");
    let names: Vec<_> = sftp.read_dir("/../..").await.unwrap().map(|entry| entry.file_name()).collect();
    assert!(names.contains(&"folder".to_owned()), "{names:?}");
}

#[tokio::test]
async fn the_root_itself_stays() {
    let demo = Demo::start().await;
    let sftp = demo.raw().await;
    assert_eq!(code(sftp.rmdir("/").await), StatusCode::PermissionDenied);
    assert_eq!(code(sftp.rename("/", "x").await), StatusCode::PermissionDenied);
    assert!(demo.root().is_dir());
}
