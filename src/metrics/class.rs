//! Requests by what they cost the upstream.

use crate::sftp::{Arguments, Packet, PacketType};

/// Requests whose times can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// READ
    Read,
    /// WRITE
    Write,
    /// OPEN and OPENDIR
    Open,
    /// CLOSE, of a file or of a directory
    Close,
    /// LSTAT, STAT, FSTAT, REALPATH and READLINK
    Stat,
    /// READDIR
    List,
    /// What changes names or attributes, and extended requests that write
    Change,
    /// Extended requests that write nothing, or that nobody here knows
    Other,
}

impl Class {
    /// All of them, each at the place of its number.
    pub const ALL: [Self; 8] =
        [Self::Read, Self::Write, Self::Open, Self::Close, Self::Stat, Self::List, Self::Change, Self::Other];

    /// The value of the label `class`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Open => "open",
            Self::Close => "close",
            Self::Stat => "stat",
            Self::List => "list",
            Self::Change => "change",
            Self::Other => "other",
        }
    }

    /// The class of `request`; none for INIT, which has no id, and for types that nobody has to answer.
    pub fn of(request: &Packet) -> Option<Self> {
        Some(match request.kind() {
            PacketType::READ => Self::Read,
            PacketType::WRITE => Self::Write,
            PacketType::OPEN | PacketType::OPENDIR => Self::Open,
            PacketType::CLOSE => Self::Close,
            PacketType::LSTAT
            | PacketType::STAT
            | PacketType::FSTAT
            | PacketType::REALPATH
            | PacketType::READLINK => Self::Stat,
            PacketType::READDIR => Self::List,
            PacketType::SETSTAT
            | PacketType::FSETSTAT
            | PacketType::REMOVE
            | PacketType::MKDIR
            | PacketType::RMDIR
            | PacketType::RENAME
            | PacketType::SYMLINK => Self::Change,
            PacketType::EXTENDED => Self::of_extended(request),
            _ => return None,
        })
    }

    fn of_extended(request: &Packet) -> Self {
        match Arguments::of(request) {
            Ok(
                Arguments::PosixRename { .. }
                | Arguments::Hardlink { .. }
                | Arguments::Fsync { .. }
                | Arguments::Lsetstat { .. }
                | Arguments::CopyData { .. },
            ) => Self::Change,
            Ok(Arguments::Statvfs { .. } | Arguments::Fstatvfs { .. } | Arguments::ExpandPath { .. }) => {
                Self::Stat
            }
            Ok(_) | Err(_) => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sftp::REQUESTS;
    use bytes::Bytes;

    fn extended(name: &str) -> Packet {
        let mut body = vec![200, 0, 0, 0, 1];
        body.extend((name.len() as u32).to_be_bytes());
        body.extend(name.as_bytes());
        body.extend([0; 64]);
        let mut bytes = (body.len() as u32).to_be_bytes().to_vec();
        bytes.extend(body);
        Packet::parse(Bytes::from(bytes)).unwrap()
    }

    #[test]
    fn every_request_that_has_an_id_has_a_class_and_an_unknown_type_has_none() {
        assert!(!REQUESTS.is_empty());
        for row in REQUESTS {
            let packet = Packet::parse(Bytes::from(vec![0, 0, 0, 5, row.kind.0, 0, 0, 0, 1])).unwrap();
            assert_eq!(Class::of(&packet).is_some(), row.kind != PacketType::INIT, "{}", row.name);
        }
        let unknown = Packet::parse(Bytes::from_static(&[0, 0, 0, 5, 99, 0, 0, 0, 1])).unwrap();
        assert_eq!(Class::of(&unknown), None);
    }

    #[test]
    fn extended_requests_are_told_apart_by_their_names() {
        assert_eq!(Class::of(&extended("posix-rename@openssh.com")), Some(Class::Change));
        assert_eq!(Class::of(&extended("statvfs@openssh.com")), Some(Class::Stat));
        assert_eq!(Class::of(&extended("x@example.org")), Some(Class::Other));
    }

    #[test]
    fn each_class_is_at_its_own_place() {
        for (place, class) in Class::ALL.into_iter().enumerate() {
            assert_eq!(class as usize, place);
        }
    }
}
