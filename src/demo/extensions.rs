//! The extensions of OpenSSH's PROTOCOL that this server has: announced in VERSION, asked for by EXTENDED.

use std::collections::HashMap;

use bytes::Bytes;
use russh_sftp::extensions::{
    FSYNC, FsyncExtension, HARDLINK, HardlinkExtension, LIMITS, LimitsExtension, STATVFS, Statvfs,
    StatvfsExtension,
};
use russh_sftp::protocol::{Extended, StatusCode};
use russh_sftp::{de, ser};
use serde::{Deserialize, Serialize};

use super::MAX_PACKET;
use super::file::MAX_READ;
use super::handles::{Handles, MAX_HANDLES};
use super::reply::{Answer, Refusal, Reply};
use super::tree::Tree;

const POSIX_RENAME: &str = "posix-rename@openssh.com";
/// `ST_RDONLY` and `ST_NOSUID`, the flags that statvfs@openssh.com knows, with its values.
const STATVFS_FLAGS: u64 = 1 | 2;

/// Name and version of each, for VERSION.
pub(super) fn announced() -> HashMap<String, String> {
    [(POSIX_RENAME, "1"), (STATVFS, "2"), (FSYNC, "1"), (HARDLINK, "1"), (LIMITS, "1")]
        .into_iter()
        .map(|(name, version)| (name.to_owned(), version.to_owned()))
        .collect()
}

/// Answers EXTENDED.
pub(super) fn answer(request: Extended, tree: &Tree, handles: &Handles) -> Answer {
    let data = request.data;
    match request.request.as_str() {
        POSIX_RENAME => parse(data).and_then(|PosixRename { old, new }| tree.posix_rename(&old, &new)),
        HARDLINK => {
            parse(data).and_then(|HardlinkExtension { oldpath, newpath }| tree.hardlink(&oldpath, &newpath))
        }
        FSYNC => parse(data).and_then(|FsyncExtension { handle }| handles.file(&handle)?.fsync()),
        STATVFS => parse(data).and_then(|StatvfsExtension { path }| statvfs(tree, &path)),
        LIMITS => limits(),
        unknown => Err(Refusal::unsupported(format!("No extension {unknown:?}"))),
    }
}

#[derive(Deserialize)]
struct PosixRename {
    old: String,
    new: String,
}

fn limits() -> Answer {
    extended(&LimitsExtension {
        max_packet_len: MAX_PACKET as u64,
        max_read_len: MAX_READ.into(),
        max_write_len: MAX_READ.into(),
        max_open_handles: MAX_HANDLES as u64,
    })
}

fn statvfs(tree: &Tree, name: &str) -> Answer {
    let found = rustix::fs::statvfs(tree.follow(name)?.path)?;
    extended(&Statvfs {
        block_size: found.f_bsize,
        fragment_size: found.f_frsize,
        blocks: found.f_blocks,
        blocks_free: found.f_bfree,
        blocks_avail: found.f_bavail,
        inodes: found.f_files,
        inodes_free: found.f_ffree,
        inodes_avail: found.f_favail,
        fs_id: found.f_fsid,
        flags: found.f_flag.bits() & STATVFS_FLAGS,
        name_max: found.f_namemax,
    })
}

fn parse<T: for<'a> Deserialize<'a>>(data: Vec<u8>) -> Result<T, Refusal> {
    let mut data = Bytes::from(data);
    de::from_bytes(&mut data).map_err(|error| Refusal::new(StatusCode::BadMessage, error.to_string()))
}

fn extended(reply: &impl Serialize) -> Answer {
    let data = ser::to_bytes(reply).map_err(|error| Refusal::failure(error.to_string()))?;
    Ok(Reply::Extended(data.to_vec()))
}
