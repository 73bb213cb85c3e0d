//! The requests of version 3 about files: OPEN, READ, WRITE, CLOSE and attributes.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use russh_sftp::protocol::{FileAttributes, OpenFlags, StatusCode};

use super::{Demo, code, refusal};

const NONE: fn() -> FileAttributes = FileAttributes::empty;

#[tokio::test]
async fn what_is_written_is_read_back_at_any_offset() {
    let demo = Demo::start().await;
    let sftp = demo.raw().await;
    let flags = OpenFlags::READ | OpenFlags::WRITE | OpenFlags::CREATE;
    let handle = sftp.open("/file", flags, NONE()).await.unwrap().handle;
    sftp.write(&*handle, 0, b"hello world".to_vec()).await.unwrap();
    sftp.write(&*handle, 6, b"there".to_vec()).await.unwrap();
    assert_eq!(sftp.read(&*handle, 0, 100).await.unwrap().data, b"hello there");
    assert_eq!(sftp.read(&*handle, 6, 3).await.unwrap().data, b"the");
    assert_eq!(code(sftp.read(&*handle, 11, 1).await), StatusCode::Eof);
    assert_eq!(sftp.fstat(&*handle).await.unwrap().attrs.size, Some(11));
    sftp.close(&*handle).await.unwrap();
    assert_eq!(refusal(sftp.read(&*handle, 0, 1).await).1, "Invalid handle");
    assert_eq!(code(sftp.close(&*handle).await), StatusCode::Failure);
}

#[tokio::test]
async fn offsets_beyond_32_bits_are_exact() {
    let demo = Demo::start().await;
    let sftp = demo.raw().await;
    let flags = OpenFlags::READ | OpenFlags::WRITE | OpenFlags::CREATE;
    let handle = sftp.open("sparse", flags, NONE()).await.unwrap().handle;
    let offset = (1 << 40) + 7;
    sftp.write(&*handle, offset, b"far".to_vec()).await.unwrap();
    assert_eq!(sftp.read(&*handle, offset, 10).await.unwrap().data, b"far");
    assert_eq!(sftp.stat("sparse").await.unwrap().attrs.size, Some(offset + 3));
    assert_eq!(code(sftp.write(&*handle, u64::MAX, b"x".to_vec()).await), StatusCode::Failure);
    assert_eq!(code(sftp.read(&*handle, u64::MAX, 1).await), StatusCode::Failure);
}

#[tokio::test]
async fn the_open_flags_mean_what_the_draft_says() {
    let demo = Demo::start().await;
    let sftp = demo.raw().await;
    let open = async |flags| sftp.open("file", flags, NONE()).await;
    let write = OpenFlags::WRITE;
    assert_eq!(code(open(OpenFlags::READ).await), StatusCode::NoSuchFile);
    assert_eq!(code(open(write).await), StatusCode::NoSuchFile);
    open(write | OpenFlags::CREATE | OpenFlags::EXCLUDE).await.unwrap();
    let exists = refusal(open(write | OpenFlags::CREATE | OpenFlags::EXCLUDE).await);
    assert_eq!(exists, (StatusCode::Failure, "File exists".to_owned()));
    fs::write(demo.root().join("file"), "12345").unwrap();
    let handle = open(write | OpenFlags::CREATE).await.unwrap().handle;
    assert_eq!(sftp.fstat(&*handle).await.unwrap().attrs.size, Some(5));
    assert_eq!(code(sftp.read(&*handle, 0, 1).await), StatusCode::Failure);
    let handle = open(write | OpenFlags::APPEND).await.unwrap().handle;
    sftp.write(&*handle, 0, b"67".to_vec()).await.unwrap();
    assert_eq!(fs::read(demo.root().join("file")).unwrap(), b"1234567");
    open(write | OpenFlags::CREATE | OpenFlags::TRUNCATE).await.unwrap();
    assert_eq!(fs::metadata(demo.root().join("file")).unwrap().len(), 0);
    let handle = open(OpenFlags::READ).await.unwrap().handle;
    assert_eq!(code(sftp.write(&*handle, 0, b"x".to_vec()).await), StatusCode::Failure);
}

#[tokio::test]
async fn a_new_file_and_a_new_directory_get_the_mode_that_was_asked_for() {
    let demo = Demo::start().await;
    let sftp = demo.raw().await;
    let private = FileAttributes { permissions: Some(0o700), ..NONE() };
    sftp.open("file", OpenFlags::WRITE | OpenFlags::CREATE, private.clone()).await.unwrap();
    sftp.mkdir("folder", private).await.unwrap();
    for name in ["file", "folder"] {
        assert_eq!(fs::metadata(demo.root().join(name)).unwrap().mode() & 0o777, 0o700);
    }
}

#[tokio::test]
async fn only_regular_files_can_be_opened() {
    let demo = Demo::start().await;
    let sftp = demo.raw().await;
    fs::create_dir(demo.root().join("folder")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        demo.root().join("fifo"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    for name in ["folder", "fifo"] {
        let opened = refusal(sftp.open(name, OpenFlags::READ, NONE()).await);
        assert_eq!(opened, (StatusCode::Failure, "Not a regular file".to_owned()));
    }
}

#[tokio::test]
async fn attributes_are_set_by_name_and_by_handle() {
    let demo = Demo::start().await;
    let sftp = demo.raw().await;
    let path = demo.root().join("file");
    fs::write(&path, "1234567890").unwrap();
    let attrs = FileAttributes {
        size: Some(4),
        permissions: Some(0o600),
        atime: Some(1_000_000_000),
        mtime: Some(1_100_000_000),
        ..NONE()
    };
    sftp.setstat("file", attrs.clone()).await.unwrap();
    let seen = sftp.stat("file").await.unwrap().attrs;
    assert_eq!((seen.size, seen.mtime, seen.atime), (attrs.size, attrs.mtime, attrs.atime));
    assert_eq!(seen.permissions, Some(0o100_600));
    let handle = sftp.open("file", OpenFlags::WRITE, NONE()).await.unwrap().handle;
    let attrs = FileAttributes { size: Some(6), permissions: Some(0o640), ..NONE() };
    sftp.fsetstat(&*handle, attrs).await.unwrap();
    let found = fs::metadata(&path).unwrap();
    assert_eq!((found.len(), found.permissions().mode() & 0o7777), (6, 0o640));
    assert_eq!(code(sftp.setstat("missing", NONE()).await), StatusCode::NoSuchFile);
}

#[tokio::test]
async fn the_owner_may_be_repeated_but_not_changed() {
    let demo = Demo::start().await;
    let sftp = demo.raw().await;
    fs::write(demo.root().join("file"), "12345").unwrap();
    let found = sftp.stat("file").await.unwrap().attrs;
    sftp.setstat("file", found.clone()).await.unwrap();
    let other = FileAttributes { uid: found.uid.map(|uid| uid + 1), size: Some(0), ..found };
    assert_eq!(code(sftp.setstat("file", other).await), StatusCode::OpUnsupported);
    assert_eq!(sftp.stat("file").await.unwrap().attrs.size, Some(5), "nothing was changed");
}

#[tokio::test]
async fn a_session_has_at_most_256_handles() {
    let demo = Demo::start().await;
    let sftp = demo.raw().await;
    let mut handles = Vec::new();
    for _ in 0..256 {
        handles.push(sftp.opendir(".").await.unwrap().handle);
    }
    assert_eq!(refusal(sftp.opendir(".").await).1, "Too many open handles");
    sftp.close(handles.pop().unwrap()).await.unwrap();
    assert!(!handles.contains(&sftp.opendir(".").await.unwrap().handle));
}
