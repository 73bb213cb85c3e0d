//! OpenSSH's extensions.

use std::fs;
use std::os::unix::fs::MetadataExt;

use russh_sftp::extensions::HardlinkExtension;
use russh_sftp::protocol::{FileAttributes, OpenFlags, Packet, StatusCode};

use super::{Demo, code};

#[tokio::test]
async fn the_version_reply_announces_every_extension_that_is_there() {
    let demo = Demo::start().await;
    let (_connection, channel) = demo.channel().await;
    let sftp = russh_sftp::client::RawSftpSession::new(channel.into_stream());
    let version = sftp.init().await.unwrap();
    assert_eq!(version.version, 3);
    assert_eq!(version.extensions.len(), 5);
    for name in version.extensions.keys() {
        let Packet::Status(status) = sftp.extended(name.as_str(), b"bad".to_vec()).await.unwrap() else {
            assert_eq!(name, "limits@openssh.com");
            continue;
        };
        assert_eq!(status.status_code, StatusCode::BadMessage, "{name}");
    }
    let Packet::Status(status) = sftp.extended("no@such", Vec::new()).await.unwrap() else { panic!() };
    assert_eq!(status.status_code, StatusCode::OpUnsupported);
}

#[tokio::test]
async fn posix_rename_replaces_the_target() {
    let demo = Demo::start().await;
    let sftp = demo.raw().await;
    fs::write(demo.root().join("a"), "a").unwrap();
    fs::write(demo.root().join("b"), "b").unwrap();
    // Two strings, as those of hardlink.
    let names = HardlinkExtension { oldpath: "a".into(), newpath: "b".into() };
    let data: Vec<u8> = names.try_into().unwrap();
    let Packet::Status(status) = sftp.extended("posix-rename@openssh.com", data).await.unwrap() else {
        panic!()
    };
    assert_eq!(status.status_code, StatusCode::Ok);
    assert_eq!(fs::read(demo.root().join("b")).unwrap(), b"a");
    assert!(!demo.root().join("a").exists());
}

#[tokio::test]
async fn hardlink_makes_a_second_name() {
    let demo = Demo::start().await;
    let sftp = demo.raw().await;
    fs::write(demo.root().join("a"), "a").unwrap();
    sftp.hardlink("a", "b").await.unwrap();
    assert_eq!(fs::metadata(demo.root().join("b")).unwrap().nlink(), 2);
    assert_eq!(code(sftp.hardlink("a", "b").await), StatusCode::Failure);
}

#[tokio::test]
async fn fsync_takes_a_handle_of_a_file() {
    let demo = Demo::start().await;
    let sftp = demo.raw().await;
    let flags = OpenFlags::WRITE | OpenFlags::CREATE;
    let handle = sftp.open("file", flags, FileAttributes::empty()).await.unwrap().handle;
    sftp.fsync(&*handle).await.unwrap();
    assert_eq!(code(sftp.fsync("no handle").await), StatusCode::Failure);
}

#[tokio::test]
async fn statvfs_tells_the_space_below_the_root() {
    let demo = Demo::start().await;
    let sftp = demo.raw().await;
    let found = sftp.statvfs("/").await.unwrap();
    assert!(found.blocks >= found.blocks_free && found.block_size > 0 && found.name_max >= 255);
    assert_eq!(code(sftp.statvfs("missing").await), StatusCode::NoSuchFile);
}

#[tokio::test]
async fn limits_are_those_of_openssh() {
    let demo = Demo::start().await;
    let limits = demo.raw().await.limits().await.unwrap();
    let seen = (limits.max_packet_len, limits.max_read_len, limits.max_write_len, limits.max_open_handles);
    assert_eq!(seen, (262_144, 261_120, 261_120, 256));
}
