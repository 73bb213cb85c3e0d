//! The extended requests of OpenSSH's sftp-server (its file PROTOCOL, section 4).

use super::request::Writes;

/// One row of [`EXTENSIONS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extension {
    /// The name that sftp-server uses for it (`-P`, `-p`, `-Q requests`).
    pub name: &'static str,
    /// The name on the wire.
    pub wire: &'static str,
    /// Whether it can change what is stored.
    pub writes: Writes,
}

/// What sftp-server answers by more than "unsupported".
pub const EXTENSIONS: &[Extension] = &[
    row("posix-rename", "posix-rename@openssh.com", Writes::Yes),
    row("statvfs", "statvfs@openssh.com", Writes::No),
    row("fstatvfs", "fstatvfs@openssh.com", Writes::No),
    row("hardlink", "hardlink@openssh.com", Writes::Yes),
    row("fsync", "fsync@openssh.com", Writes::Yes),
    row("lsetstat", "lsetstat@openssh.com", Writes::Yes),
    row("limits", "limits@openssh.com", Writes::No),
    row("expand-path", "expand-path@openssh.com", Writes::No),
    row("copy-data", "copy-data", Writes::Yes),
    row("home-directory", "home-directory", Writes::No),
    row("users-groups-by-id", "users-groups-by-id@openssh.com", Writes::No),
];

const fn row(name: &'static str, wire: &'static str, writes: Writes) -> Extension {
    Extension { name, wire, writes }
}

impl Extension {
    /// The row for a name on the wire, up to its first NUL: sftp-server takes one with a NUL at its end for the same.
    pub fn of(wire: &[u8]) -> Option<&'static Self> {
        let name = wire.split(|byte| *byte == 0).next().unwrap_or_default();
        EXTENSIONS.iter().find(|row| row.wire.as_bytes() == name)
    }
}
