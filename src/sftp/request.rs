//! What the bridge needs to know of a request: one table, and nothing that depends on its arguments.

use super::packet::{Malformed, Packet, PacketType};

/// One row of [`REQUESTS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestKind {
    /// The name that OpenSSH's sftp-server uses for it (`-P`, `-p`, `-Q requests`).
    pub name: &'static str,
    /// The type on the wire.
    pub kind: PacketType,
    /// Whether it can change what is stored.
    pub writes: Writes,
}

/// Whether a request can change what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    /// Never.
    No,
    /// Always.
    Yes,
    /// It depends on its arguments: OPEN on its flags, EXTENDED on its name.
    Depends,
}

/// The requests of draft-ietf-secsh-filexfer-02, all of which are answered exactly once. A request whose type
/// is not here passes too, but is not waited for: OpenSSH does not answer what it does not know.
pub const REQUESTS: &[RequestKind] = &[
    row("init", PacketType::INIT, Writes::No),
    row("open", PacketType::OPEN, Writes::Depends),
    row("close", PacketType::CLOSE, Writes::No),
    row("read", PacketType::READ, Writes::No),
    row("write", PacketType::WRITE, Writes::Yes),
    row("lstat", PacketType::LSTAT, Writes::No),
    row("fstat", PacketType::FSTAT, Writes::No),
    row("setstat", PacketType::SETSTAT, Writes::Yes),
    row("fsetstat", PacketType::FSETSTAT, Writes::Yes),
    row("opendir", PacketType::OPENDIR, Writes::No),
    row("readdir", PacketType::READDIR, Writes::No),
    row("remove", PacketType::REMOVE, Writes::Yes),
    row("mkdir", PacketType::MKDIR, Writes::Yes),
    row("rmdir", PacketType::RMDIR, Writes::Yes),
    row("realpath", PacketType::REALPATH, Writes::No),
    row("stat", PacketType::STAT, Writes::No),
    row("rename", PacketType::RENAME, Writes::Yes),
    row("readlink", PacketType::READLINK, Writes::No),
    row("symlink", PacketType::SYMLINK, Writes::Yes),
    row("extended", PacketType::EXTENDED, Writes::Depends),
];

const fn row(name: &'static str, kind: PacketType, writes: Writes) -> RequestKind {
    RequestKind { name, kind, writes }
}

impl RequestKind {
    /// The row for `packet`, or `None` for a type that the draft does not know.
    ///
    /// # Errors
    /// [`Malformed::NoRequestId`] for a known request that ends before its id: its answer could not be told
    /// from another's.
    pub fn of(packet: &Packet) -> Result<Option<&'static Self>, Malformed> {
        let row = REQUESTS.iter().find(|row| row.kind == packet.kind());
        match row {
            Some(row) if row.kind != PacketType::INIT && packet.id().is_none() => {
                Err(Malformed::NoRequestId(row.kind))
            }
            _ => Ok(row),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn packet(bytes: &'static [u8]) -> Packet {
        Packet::parse(Bytes::from_static(bytes)).unwrap()
    }

    #[test]
    fn every_number_of_the_draft_below_the_responses_is_in_the_table() {
        let numbers: Vec<u8> = REQUESTS.iter().map(|row| row.kind.0).filter(|number| *number > 2).collect();
        assert_eq!(numbers, (3..=20).chain([200]).collect::<Vec<u8>>());
        assert!(REQUESTS.iter().all(|row| !row.kind.is_response()));
    }

    #[test]
    fn the_names_are_the_drafts() {
        assert!(!REQUESTS.is_empty());
        for row in REQUESTS {
            assert_eq!(row.kind.name().unwrap().to_lowercase(), row.name);
        }
    }

    #[test]
    fn a_known_request_needs_its_id() {
        let cut = packet(b"\0\0\0\x03\x05\0\0");
        assert_eq!(RequestKind::of(&cut), Err(Malformed::NoRequestId(PacketType::READ)));
        assert_eq!(RequestKind::of(&packet(b"\0\0\0\x05\x05\0\0\0\x01")).unwrap().unwrap().name, "read");
    }

    #[test]
    fn an_unknown_type_is_nobodys_and_passes() {
        assert_eq!(RequestKind::of(&packet(b"\0\0\0\x01\x63")), Ok(None));
    }
}
