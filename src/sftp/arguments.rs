//! What a request asks for (draft-ietf-secsh-filexfer-02, section 6; PROTOCOL of OpenSSH, section 4).
//!
//! Only who judges or records requests looks in here: the bridge itself needs none of it. Bytes after the last field
//! are passed over, as sftp-server does.

use super::attributes::Attributes;
use super::extension::Extension;
use super::fields::{CutShort, Fields};
use super::packet::{Packet, PacketType};

/// `pflags` of OPEN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenFlags(pub u32);

impl OpenFlags {
    /// `SSH_FXF_READ`
    pub const READ: u32 = 0x01;
    /// `SSH_FXF_WRITE`
    pub const WRITE: u32 = 0x02;
    /// `SSH_FXF_APPEND`
    pub const APPEND: u32 = 0x04;
    /// `SSH_FXF_CREAT`
    pub const CREATE: u32 = 0x08;
    /// `SSH_FXF_TRUNC`
    pub const TRUNCATE: u32 = 0x10;
    /// `SSH_FXF_EXCL`
    pub const EXCLUSIVE: u32 = 0x20;

    /// Whether all bits of `flag` are set.
    pub fn has(self, flag: u32) -> bool {
        self.0 & flag == flag
    }

    /// Whether the file is read and nothing else. Bits that nobody knows might mean anything.
    pub fn only_reads(self) -> bool {
        self.0 == Self::READ
    }
}

/// A request with its fields. Paths, handles and names are bytes as they came: they need not be UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the draft's own names")]
pub enum Arguments<'a> {
    Init {
        version: u32,
    },
    Open {
        path: &'a [u8],
        flags: OpenFlags,
        attributes: Attributes,
    },
    Close {
        handle: &'a [u8],
    },
    Read {
        handle: &'a [u8],
        offset: u64,
        length: u32,
    },
    Write {
        handle: &'a [u8],
        offset: u64,
        data: &'a [u8],
    },
    Lstat {
        path: &'a [u8],
    },
    Fstat {
        handle: &'a [u8],
    },
    Setstat {
        path: &'a [u8],
        attributes: Attributes,
    },
    Fsetstat {
        handle: &'a [u8],
        attributes: Attributes,
    },
    Opendir {
        path: &'a [u8],
    },
    Readdir {
        handle: &'a [u8],
    },
    Remove {
        path: &'a [u8],
    },
    Mkdir {
        path: &'a [u8],
        attributes: Attributes,
    },
    Rmdir {
        path: &'a [u8],
    },
    Realpath {
        path: &'a [u8],
    },
    Stat {
        path: &'a [u8],
    },
    Rename {
        from: &'a [u8],
        to: &'a [u8],
    },
    Readlink {
        path: &'a [u8],
    },
    /// The draft says link path, then target; OpenSSH reads target, then link path.
    Symlink {
        first: &'a [u8],
        second: &'a [u8],
    },
    PosixRename {
        from: &'a [u8],
        to: &'a [u8],
    },
    Statvfs {
        path: &'a [u8],
    },
    Fstatvfs {
        handle: &'a [u8],
    },
    Hardlink {
        from: &'a [u8],
        to: &'a [u8],
    },
    Fsync {
        handle: &'a [u8],
    },
    Lsetstat {
        path: &'a [u8],
        attributes: Attributes,
    },
    Limits,
    ExpandPath {
        path: &'a [u8],
    },
    CopyData {
        from: &'a [u8],
        offset: u64,
        length: u64,
        to: &'a [u8],
        to_offset: u64,
    },
    HomeDirectory {
        user: &'a [u8],
    },
    UsersGroupsById,
    /// An extension that is in nobody's table.
    OtherExtension {
        name: &'a [u8],
    },
    /// A type that the draft does not know.
    Unknown(PacketType),
}

impl<'a> Arguments<'a> {
    /// The fields of `request`.
    ///
    /// # Errors
    /// [`CutShort`] names the field that is missing.
    pub fn of(request: &'a Packet) -> Result<Self, CutShort> {
        let mut fields = Fields::new(request.body());
        let f = &mut fields;
        let arguments = match request.kind() {
            PacketType::INIT => Self::Init { version: f.uint32("version")? },
            PacketType::OPEN => Self::Open {
                path: f.string("path")?,
                flags: OpenFlags(f.uint32("flags")?),
                attributes: Attributes::read(f)?,
            },
            PacketType::CLOSE => Self::Close { handle: f.string("handle")? },
            PacketType::READ => Self::Read {
                handle: f.string("handle")?,
                offset: f.uint64("offset")?,
                length: f.uint32("length")?,
            },
            PacketType::WRITE => Self::Write {
                handle: f.string("handle")?,
                offset: f.uint64("offset")?,
                data: f.string("data")?,
            },
            PacketType::LSTAT => Self::Lstat { path: f.string("path")? },
            PacketType::FSTAT => Self::Fstat { handle: f.string("handle")? },
            PacketType::SETSTAT => {
                Self::Setstat { path: f.string("path")?, attributes: Attributes::read(f)? }
            }
            PacketType::FSETSTAT => {
                Self::Fsetstat { handle: f.string("handle")?, attributes: Attributes::read(f)? }
            }
            PacketType::OPENDIR => Self::Opendir { path: f.string("path")? },
            PacketType::READDIR => Self::Readdir { handle: f.string("handle")? },
            PacketType::REMOVE => Self::Remove { path: f.string("path")? },
            PacketType::MKDIR => Self::Mkdir { path: f.string("path")?, attributes: Attributes::read(f)? },
            PacketType::RMDIR => Self::Rmdir { path: f.string("path")? },
            PacketType::REALPATH => Self::Realpath { path: f.string("path")? },
            PacketType::STAT => Self::Stat { path: f.string("path")? },
            PacketType::RENAME => Self::Rename { from: f.string("path")?, to: f.string("new path")? },
            PacketType::READLINK => Self::Readlink { path: f.string("path")? },
            PacketType::SYMLINK => {
                Self::Symlink { first: f.string("path")?, second: f.string("second path")? }
            }
            PacketType::EXTENDED => Self::extended(f)?,
            kind => Self::Unknown(kind),
        };
        Ok(arguments)
    }

    /// The first string of `request`: its path, its handle, or the name of the extension. It may be there where the
    /// request is cut short behind it.
    pub fn first_string(request: &'a Packet) -> Option<&'a [u8]> {
        Fields::new(request.body()).string("first string").ok()
    }

    fn extended(f: &mut Fields<'a>) -> Result<Self, CutShort> {
        let name = f.string("name")?;
        Ok(match Extension::of(name).map_or("", |row| row.wire) {
            "posix-rename@openssh.com" => {
                Self::PosixRename { from: f.string("path")?, to: f.string("new path")? }
            }
            "statvfs@openssh.com" => Self::Statvfs { path: f.string("path")? },
            "fstatvfs@openssh.com" => Self::Fstatvfs { handle: f.string("handle")? },
            "hardlink@openssh.com" => Self::Hardlink { from: f.string("path")?, to: f.string("new path")? },
            "fsync@openssh.com" => Self::Fsync { handle: f.string("handle")? },
            "lsetstat@openssh.com" => {
                Self::Lsetstat { path: f.string("path")?, attributes: Attributes::read(f)? }
            }
            "limits@openssh.com" => Self::Limits,
            "expand-path@openssh.com" => Self::ExpandPath { path: f.string("path")? },
            "copy-data" => Self::CopyData {
                from: f.string("handle")?,
                offset: f.uint64("offset")?,
                length: f.uint64("length")?,
                to: f.string("second handle")?,
                to_offset: f.uint64("second offset")?,
            },
            "home-directory" => Self::HomeDirectory { user: f.string("user name")? },
            "users-groups-by-id@openssh.com" => Self::UsersGroupsById,
            _ => Self::OtherExtension { name },
        })
    }
}

#[cfg(test)]
mod tests;
