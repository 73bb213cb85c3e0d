//! What a request wants, in the words of rules.

use super::denial::Denial;
use crate::sftp::{Arguments, Extension, Packet, PacketType, REQUESTS, Writes};

/// A request, read once for all rules.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) name: Name<'a>,
    pub(super) arguments: Arguments<'a>,
}

/// What a request is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name<'a> {
    /// sftp-server's name for it.
    Known(&'static str, Writes),
    /// The whole name of an extension that is not sftp-server's.
    Extension(&'a [u8]),
    /// The draft knows no such type.
    Type(PacketType),
}

/// What a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Object<'a> {
    Path(&'a [u8]),
    Handle(&'a [u8]),
}

/// What must be permitted for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// The server tells a path, and nothing of what is there.
    Resolve,
    Read,
    Write,
    /// To write there, and to everything below: what is moved may be a directory.
    WriteBelow,
    /// The same, for both paths of a link.
    Link,
}

/// A file of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Touched<'a> {
    pub(super) object: Object<'a>,
    pub(super) need: Need,
}

impl<'a> Asked<'a> {
    /// Reads a request.
    ///
    /// # Errors
    /// [`Denial::CutShort`]
    pub(super) fn read(request: &'a Packet) -> Result<Asked<'a>, Denial> {
        let arguments = Arguments::of(request).map_err(|_| Denial::CutShort)?;
        Ok(Asked { name: Name::of(request, &arguments), arguments })
    }

    /// The files that it is about: at most two.
    pub(super) fn touched(&self) -> [Option<Touched<'a>>; 2] {
        let one = |object, need| [Some(Touched { object, need }), None];
        let path = |path, need| one(Object::Path(path), need);
        let handle = |handle, need| one(Object::Handle(handle), need);
        let two = |from, to, need| [from, to].map(|path| Some(Touched { object: Object::Path(path), need }));
        match self.arguments {
            Arguments::Open { path: at, flags, .. } => {
                path(at, if flags.only_reads() { Need::Read } else { Need::Write })
            }
            Arguments::Lstat { path: at }
            | Arguments::Stat { path: at }
            | Arguments::Opendir { path: at }
            | Arguments::Readlink { path: at }
            | Arguments::Statvfs { path: at } => path(at, Need::Read),
            Arguments::Setstat { path: at, .. }
            | Arguments::Lsetstat { path: at, .. }
            | Arguments::Remove { path: at }
            | Arguments::Mkdir { path: at, .. }
            | Arguments::Rmdir { path: at } => path(at, Need::Write),
            Arguments::Realpath { path: at } | Arguments::ExpandPath { path: at } => path(at, Need::Resolve),
            Arguments::Rename { from, to } | Arguments::PosixRename { from, to } => {
                two(from, to, Need::WriteBelow)
            }
            Arguments::Hardlink { from, to } => two(from, to, Need::Write),
            // Which of the two is the link depends on the server.
            Arguments::Symlink { first, second } => two(first, second, Need::Link),
            Arguments::Read { handle: on, .. }
            | Arguments::Fstat { handle: on }
            | Arguments::Readdir { handle: on }
            | Arguments::Fstatvfs { handle: on } => handle(on, Need::Read),
            Arguments::Write { handle: on, .. }
            | Arguments::Fsetstat { handle: on, .. }
            | Arguments::Fsync { handle: on } => handle(on, Need::Write),
            Arguments::CopyData { from, to, .. } => [
                Some(Touched { object: Object::Handle(from), need: Need::Read }),
                Some(Touched { object: Object::Handle(to), need: Need::Write }),
            ],
            // The last two never get here: no rules about paths let them come so far.
            Arguments::Init { .. }
            | Arguments::Close { .. }
            | Arguments::Limits
            | Arguments::HomeDirectory { .. }
            | Arguments::UsersGroupsById
            | Arguments::OtherExtension { .. }
            | Arguments::Unknown(_) => [None, None],
        }
    }
}

impl<'a> Name<'a> {
    fn of(request: &'a Packet, arguments: &Arguments<'a>) -> Name<'a> {
        match (request.kind(), arguments) {
            (_, Arguments::OtherExtension { name }) => Name::Extension(name),
            (PacketType::EXTENDED, _) => {
                let wire = Arguments::first_string(request).unwrap_or_default();
                Extension::of(wire).map_or(Name::Extension(wire), |row| Name::Known(row.name, row.writes))
            }
            (kind, _) => {
                let row = REQUESTS.iter().find(|row| row.kind == kind);
                row.map_or(Name::Type(kind), |row| Name::Known(row.name, row.writes))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sftp::EXTENSIONS;
    use bytes::Bytes;

    fn packet(kind: u8, body: &[u8]) -> Packet {
        let mut bytes = (body.len() as u32 + 5).to_be_bytes().to_vec();
        bytes.push(kind);
        bytes.extend([0, 0, 0, 7]);
        bytes.extend(body);
        Packet::parse(Bytes::from(bytes)).unwrap()
    }

    #[test]
    fn every_request_goes_by_sftp_servers_name() {
        let long = [0; 64];
        for row in REQUESTS.iter().filter(|row| row.kind != PacketType::EXTENDED) {
            let request = packet(row.kind.0, &long);
            assert_eq!(Asked::read(&request).unwrap().name, Name::Known(row.name, row.writes));
        }
        for row in EXTENSIONS {
            let mut body = (row.wire.len() as u32).to_be_bytes().to_vec();
            body.extend(row.wire.as_bytes());
            body.extend(long);
            let request = packet(PacketType::EXTENDED.0, &body);
            assert_eq!(Asked::read(&request).unwrap().name, Name::Known(row.name, row.writes));
        }
        let foreign = packet(PacketType::EXTENDED.0, b"\0\0\0\x03a@b");
        assert_eq!(Asked::read(&foreign).unwrap().name, Name::Extension(b"a@b"));
        assert_eq!(Asked::read(&packet(77, &[])).unwrap().name, Name::Type(PacketType(77)));
    }

    #[test]
    fn a_request_that_is_cut_short_is_not_read() {
        for row in REQUESTS.iter().filter(|row| row.kind != PacketType::INIT) {
            assert!(Asked::read(&packet(row.kind.0, &[0, 0])).is_err(), "{}", row.name);
        }
    }
}
