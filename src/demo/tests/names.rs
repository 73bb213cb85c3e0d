//! The requests of version 3 about names: directories, RENAME, REMOVE, links and REALPATH.

use std::fs;

use russh_sftp::protocol::{FileAttributes, StatusCode};

use super::{Demo, code, refusal};

const NONE: fn() -> FileAttributes = FileAttributes::empty;

#[tokio::test]
async fn a_directory_is_listed_in_batches_with_lines_as_of_ls() {
    let demo = Demo::start().await;
    let sftp = demo.raw().await;
    for index in 0..250 {
        fs::write(demo.root().join(format!("file {index} é")), "x").unwrap();
    }
    let handle = sftp.opendir("/").await.unwrap().handle;
    let mut batches = Vec::new();
    let end = loop {
        match sftp.readdir(&*handle).await {
            Ok(batch) => batches.push(batch.files),
            Err(_) => break sftp.readdir(&*handle).await,
        }
    };
    assert_eq!(code(end), StatusCode::Eof);
    assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [100, 100, 52]);
    let files: Vec<_> = batches.into_iter().flatten().collect();
    let file = files.iter().find(|file| file.filename == "file 7 é").unwrap();
    assert!(file.longname.starts_with("-rw-") && file.longname.ends_with(" file 7 é"), "{}", file.longname);
    assert_eq!(file.attrs.size, Some(1));
    assert!(files.iter().any(|file| file.filename == "..") && files.iter().any(|file| file.filename == "."));
    assert_eq!(code(sftp.opendir("missing").await), StatusCode::NoSuchFile);
    assert_eq!(code(sftp.opendir("file 7 é").await), StatusCode::Failure);
}

#[tokio::test]
async fn directories_are_made_and_removed_when_empty() {
    let demo = Demo::start().await;
    let sftp = demo.raw().await;
    sftp.mkdir("a", NONE()).await.unwrap();
    sftp.mkdir("a/b", NONE()).await.unwrap();
    assert_eq!(code(sftp.mkdir("a", NONE()).await), StatusCode::Failure);
    assert_eq!(code(sftp.mkdir("x/y", NONE()).await), StatusCode::NoSuchFile);
    assert_eq!(refusal(sftp.rmdir("a").await).1, "Directory not empty");
    assert_eq!(code(sftp.remove("a").await), StatusCode::Failure);
    sftp.rmdir("a/b").await.unwrap();
    sftp.rmdir("a").await.unwrap();
    assert_eq!(code(sftp.rmdir("a").await), StatusCode::NoSuchFile);
}

#[tokio::test]
async fn rename_moves_and_never_replaces() {
    let demo = Demo::start().await;
    let sftp = demo.raw().await;
    fs::write(demo.root().join("a"), "a").unwrap();
    fs::write(demo.root().join("b"), "b").unwrap();
    fs::create_dir(demo.root().join("folder")).unwrap();
    assert_eq!(code(sftp.rename("a", "b").await), StatusCode::Failure);
    assert_eq!(fs::read(demo.root().join("b")).unwrap(), b"b");
    sftp.rename("a", "folder/c").await.unwrap();
    assert_eq!(fs::read(demo.root().join("folder/c")).unwrap(), b"a");
    assert_eq!(code(sftp.rename("a", "x").await), StatusCode::NoSuchFile);
    assert_eq!(code(sftp.rename("folder", "folder/inside").await), StatusCode::Failure);
    sftp.remove("b").await.unwrap();
    assert_eq!(code(sftp.remove("b").await), StatusCode::NoSuchFile);
}

#[tokio::test]
async fn symlink_takes_the_target_first_as_openssh_does() {
    let demo = Demo::start().await;
    let sftp = demo.raw().await;
    fs::write(demo.root().join("file"), "12345").unwrap();
    sftp.symlink("file", "link").await.unwrap();
    assert_eq!(fs::read_link(demo.root().join("link")).unwrap().to_str(), Some("file"));
    let target = sftp.readlink("link").await.unwrap();
    assert_eq!(target.files.first().unwrap().filename, "file");
    assert!(sftp.lstat("link").await.unwrap().attrs.is_symlink());
    assert_eq!(sftp.stat("link").await.unwrap().attrs.permissions.unwrap() & 0o170_000, 0o100_000);
    assert_eq!(code(sftp.readlink("file").await), StatusCode::Failure);
    sftp.remove("link").await.unwrap();
    assert!(demo.root().join("file").exists(), "the link was removed, not its target");
}

#[tokio::test]
async fn realpath_is_absolute_and_allows_a_missing_last_name() {
    let demo = Demo::start().await;
    let sftp = demo.sftp().await;
    fs::create_dir(demo.root().join("folder")).unwrap();
    for (name, expected) in [(".", "/"), ("folder/..", "/"), ("folder/new", "/folder/new"), ("..", "/")] {
        assert_eq!(sftp.canonicalize(name).await.unwrap(), expected);
    }
    assert_eq!(code(sftp.canonicalize("no/new").await), StatusCode::NoSuchFile);
}
