//! File attributes of version 3: from the file system to ATTRS, and from SETSTAT to the file system.

use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use russh_sftp::protocol::FileAttributes;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, RawMode, Timespec, Timestamps};

use super::reply::Refusal;

/// The attributes of a file that was looked at. Times outside 1970-2106 become the nearest one.
pub(super) fn attributes(found: &Metadata) -> FileAttributes {
    FileAttributes {
        size: Some(found.size()),
        uid: Some(found.uid()),
        user: None,
        gid: Some(found.gid()),
        group: None,
        permissions: Some(found.mode()),
        atime: Some(seconds(found.atime())),
        mtime: Some(seconds(found.mtime())),
    }
}

/// The mode for something new: what the client asks for, else `usual`; the process's umask applies.
pub(super) fn mode(attrs: &FileAttributes, usual: u32) -> Mode {
    Mode::from_raw_mode((attrs.permissions.unwrap_or(usual) & 0o7777) as RawMode)
}

/// Applies what the request names and the file does not have yet.
pub(super) fn apply(attrs: &FileAttributes, target: &Target<'_>) -> Result<(), Refusal> {
    refuse_new_owner(attrs, &target.metadata()?)?;
    if let Some(size) = attrs.size {
        target.truncate(size)?;
    }
    if attrs.permissions.is_some() {
        target.change_mode(mode(attrs, 0))?;
    }
    // Last: truncating would set the modification time again.
    if let (Some(atime), Some(mtime)) = (attrs.atime, attrs.mtime) {
        target.change_times(&Timestamps { last_access: at(atime), last_modification: at(mtime) })?;
    }
    Ok(())
}

/// What SETSTAT and FSETSTAT name. The path has been resolved, so it is not a symbolic link.
pub(super) enum Target<'a> {
    Path(&'a Path),
    File(&'a File),
}

impl Target<'_> {
    fn metadata(&self) -> std::io::Result<Metadata> {
        match self {
            Self::Path(path) => path.symlink_metadata(),
            Self::File(file) => file.metadata(),
        }
    }

    fn truncate(&self, size: u64) -> Result<(), Refusal> {
        match self {
            Self::Path(path) => {
                let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
                let file = File::from(rustix::fs::open(*path, flags, Mode::empty())?);
                Ok(file.set_len(size)?)
            }
            Self::File(file) => Ok(file.set_len(size)?),
        }
    }

    fn change_mode(&self, mode: Mode) -> rustix::io::Result<()> {
        match self {
            Self::Path(path) => rustix::fs::chmod(*path, mode),
            Self::File(file) => rustix::fs::fchmod(file, mode),
        }
    }

    fn change_times(&self, times: &Timestamps) -> rustix::io::Result<()> {
        match self {
            Self::Path(path) => rustix::fs::utimensat(CWD, *path, times, AtFlags::SYMLINK_NOFOLLOW),
            Self::File(file) => rustix::fs::futimens(file, times),
        }
    }
}

/// Clients that copy every attribute send the owner too; only a different one is refused.
fn refuse_new_owner(attrs: &FileAttributes, found: &Metadata) -> Result<(), Refusal> {
    let same = |asked: Option<u32>, is: u32| asked.is_none_or(|asked| asked == is);
    if same(attrs.uid, found.uid()) && same(attrs.gid, found.gid()) {
        Ok(())
    } else {
        Err(Refusal::unsupported("The owner cannot be changed here"))
    }
}

fn seconds(time: i64) -> u32 {
    u32::try_from(time.max(0)).unwrap_or(u32::MAX)
}

fn at(seconds: u32) -> Timespec {
    Timespec { tv_sec: seconds.into(), tv_nsec: 0 }
}
