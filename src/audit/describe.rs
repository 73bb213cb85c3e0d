//! What a request is called in a record, and which of its fields stand there.

use super::name::Name;
use super::record::{Entry, Value};
use crate::sftp::{Arguments, Attributes, OpenFlags, Packet, PacketType, RequestKind, Writes};

/// Whether a request may cause a record by itself: all but those of which a file is read and written by the
/// thousand. The others count in the record of the close.
pub(super) fn may_be_recorded(request: &Packet) -> bool {
    let kind = request.kind();
    let frequent = [PacketType::READ, PacketType::WRITE, PacketType::READDIR, PacketType::FSTAT];
    let known = matches!(RequestKind::of(request), Ok(Some(_)));
    known && kind != PacketType::INIT && !frequent.contains(&kind)
}

/// Whether the record of a request is written when its answer comes. OPEN and CLOSE have ways of their own, and what
/// changes and opens nothing is recorded only when it is denied.
pub(super) fn is_recorded(arguments: &Arguments<'_>) -> bool {
    matches!(
        arguments,
        Arguments::Opendir { .. }
            | Arguments::Remove { .. }
            | Arguments::Mkdir { .. }
            | Arguments::Rmdir { .. }
            | Arguments::Rename { .. }
            | Arguments::PosixRename { .. }
            | Arguments::Hardlink { .. }
            | Arguments::Symlink { .. }
            | Arguments::Setstat { .. }
            | Arguments::Fsetstat { .. }
            | Arguments::Lsetstat { .. }
            | Arguments::CopyData { .. }
            | Arguments::OtherExtension { .. }
    )
}

/// The entry for a request. `name` keeps a name, `file` knows the file of a handle.
pub(super) fn describe(
    arguments: &Arguments<'_>,
    name: impl Fn(&[u8]) -> Name,
    file: impl Fn(&[u8]) -> Option<Name>,
) -> Entry {
    let by_path = |event, path: &[u8]| Entry::new(event).with("path", Value::Name(name(path)));
    let by_handle = |event, handle: &[u8]| Entry::new(event).with_some("path", file(handle).map(Value::Name));
    let two = |event, from: &[u8], to: &[u8]| by_path(event, from).with("new_path", Value::Name(name(to)));
    match *arguments {
        Arguments::Init { .. } => Entry::new("init"),
        Arguments::Open { path, flags, attributes } => {
            set(by_path("open", path).with("flags", Value::Words(words(flags))), &attributes)
        }
        Arguments::Close { handle } => by_handle("close", handle),
        Arguments::Read { handle, .. } => by_handle("read", handle),
        Arguments::Write { handle, .. } => by_handle("write", handle),
        Arguments::Lstat { path } => by_path("lstat", path),
        Arguments::Fstat { handle } => by_handle("fstat", handle),
        Arguments::Setstat { path, attributes } => set(by_path("setstat", path), &attributes),
        Arguments::Fsetstat { handle, attributes } => set(by_handle("fsetstat", handle), &attributes),
        Arguments::Opendir { path } => by_path("opendir", path),
        Arguments::Readdir { handle } => by_handle("readdir", handle),
        Arguments::Remove { path } => by_path("remove", path),
        Arguments::Mkdir { path, attributes } => set(by_path("mkdir", path), &attributes),
        Arguments::Rmdir { path } => by_path("rmdir", path),
        Arguments::Realpath { path } => by_path("realpath", path),
        Arguments::Stat { path } => by_path("stat", path),
        Arguments::Rename { from, to } => two("rename", from, to),
        Arguments::Readlink { path } => by_path("readlink", path),
        // As OpenSSH reads it: the target comes first.
        Arguments::Symlink { first, second } => {
            by_path("symlink", second).with("target", Value::Name(name(first)))
        }
        Arguments::PosixRename { from, to } => two("posix-rename", from, to),
        Arguments::Statvfs { path } => by_path("statvfs", path),
        Arguments::Fstatvfs { handle } => by_handle("fstatvfs", handle),
        Arguments::Hardlink { from, to } => two("hardlink", from, to),
        Arguments::Fsync { handle } => by_handle("fsync", handle),
        Arguments::Lsetstat { path, attributes } => set(by_path("lsetstat", path), &attributes),
        Arguments::Limits => Entry::new("limits"),
        Arguments::ExpandPath { path } => by_path("expand-path", path),
        Arguments::CopyData { from, offset, length, to, to_offset } => by_handle("copy-data", from)
            .with_some("new_path", file(to).map(Value::Name))
            .with("offset", Value::Number(offset))
            .with("length", Value::Number(length))
            .with("new_offset", Value::Number(to_offset)),
        Arguments::HomeDirectory { user } => {
            Entry::new("home-directory").with("of_user", Value::Name(name(user)))
        }
        Arguments::UsersGroupsById => Entry::new("users-groups-by-id"),
        Arguments::OtherExtension { name: extension } => {
            Entry::new("extended").with("extension", Value::Name(name(extension)))
        }
        Arguments::Unknown(kind) => Entry::new("unknown").with("type", Value::Number(kind.0.into())),
    }
}

/// The entry for a request of kind `row` that ends before its last field, if it may open or change anything. `first` is its
/// first string.
pub(super) fn cut_short(row: &RequestKind, first: Option<Name>) -> Option<Entry> {
    let key = match row.kind {
        PacketType::CLOSE | PacketType::READ | PacketType::WRITE => return None,
        PacketType::EXTENDED => Some("extension"),
        PacketType::FSETSTAT => None,
        PacketType::OPEN | PacketType::OPENDIR => Some("path"),
        _ if row.writes == Writes::No => return None,
        _ => Some("path"),
    };
    let entry = match (key, first) {
        (Some(key), Some(first)) => Entry::new(row.name).with(key, Value::Name(first)),
        _ => Entry::new(row.name),
    };
    Some(entry.flag("cut_short", true))
}

/// The attributes that a request sets.
fn set(entry: Entry, attributes: &Attributes) -> Entry {
    let number = |number: u32| Value::Number(number.into());
    entry
        .with_some("size", attributes.size.map(Value::Number))
        .with_some("uid", attributes.owner.map(|(uid, _)| number(uid)))
        .with_some("gid", attributes.owner.map(|(_, gid)| number(gid)))
        .with_some("permissions", attributes.permissions.map(Value::Mode))
        .with_some("atime", attributes.times.map(|(atime, _)| Value::Date(atime)))
        .with_some("mtime", attributes.times.map(|(_, mtime)| Value::Date(mtime)))
        .with_some("extended", (attributes.extended > 0).then(|| number(attributes.extended)))
}

fn words(flags: OpenFlags) -> Vec<&'static str> {
    const WORDS: [(u32, &str); 6] = [
        (OpenFlags::READ, "read"),
        (OpenFlags::WRITE, "write"),
        (OpenFlags::APPEND, "append"),
        (OpenFlags::CREATE, "create"),
        (OpenFlags::TRUNCATE, "truncate"),
        (OpenFlags::EXCLUSIVE, "exclusive"),
    ];
    let mut words: Vec<_> =
        WORDS.iter().filter(|(flag, _)| flags.has(*flag)).map(|(_, word)| *word).collect();
    let known = WORDS.iter().fold(0, |known, (flag, _)| known | flag);
    if flags.0 & !known != 0 {
        words.push("other");
    }
    words
}
