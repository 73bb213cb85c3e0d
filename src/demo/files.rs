//! One SFTP session without its transport: a request's bytes in, the reply's bytes out, in order.
//! Everything blocks; the caller chooses the thread.

use std::sync::Arc;

use bytes::Bytes;
use russh_sftp::protocol::{Packet, StatusCode, VERSION, Version};

use super::handles::{Handles, Opened};
use super::reply::{self, Answer, Refusal};
use super::tree::Tree;
use super::{extensions, file::OpenFile, listing::Listing};

const SSH_FXP_INIT: u8 = 1;
const SSH_FXP_OPEN: u8 = 3;
const SSH_FXP_SYMLINK: u8 = 20;
const SSH_FXP_EXTENDED: u8 = 200;

/// The state of one session.
#[derive(Debug)]
pub(super) struct Files {
    tree: Arc<Tree>,
    handles: Handles,
    initialised: bool,
}

impl Files {
    pub(super) fn new(tree: Arc<Tree>) -> Self {
        Self { tree, handles: Handles::default(), initialised: false }
    }

    /// The reply, length field included, to a request without its length field. `None` ends the
    /// session: anything but INIT came first.
    pub(super) fn answer(&mut self, mut request: Bytes) -> Option<Bytes> {
        let kind = request.first().copied()?;
        if kind == SSH_FXP_INIT {
            self.initialised = true;
            let version = Version { version: VERSION, extensions: extensions::announced() };
            return Bytes::try_from(Packet::from(version)).ok();
        }
        if !self.initialised {
            return None;
        }
        let id = request.get(1..5).and_then(|id| id.try_into().ok()).map_or(0, u32::from_be_bytes);
        let answer = parse(kind, &mut request).and_then(|packet| self.perform(packet));
        reply::packet(id, answer)
    }

    fn perform(&mut self, request: Packet) -> Answer {
        let (tree, handles) = (&self.tree, &mut self.handles);
        match request {
            Packet::Open(open) => handles.open(|| {
                let path = tree.follow(&open.filename)?.path;
                OpenFile::open(&path, open.pflags, &open.attrs).map(Opened::File)
            }),
            Packet::Close(close) => handles.close(&close.handle),
            Packet::Read(read) => handles.file(&read.handle)?.read(read.offset, read.len),
            Packet::Write(write) => handles.file(&write.handle)?.write(write.offset, &write.data),
            Packet::Fstat(fstat) => handles.file(&fstat.handle)?.fstat(),
            Packet::FSetStat(fsetstat) => handles.file(&fsetstat.handle)?.fsetstat(&fsetstat.attrs),
            Packet::OpenDir(opendir) => handles.open(|| {
                let parent = tree.follow(&format!("{}/..", opendir.path))?.path;
                Ok(Opened::Directory(Listing::open(&tree.follow(&opendir.path)?, parent)?))
            }),
            Packet::ReadDir(readdir) => handles.directory(&readdir.handle)?.next_batch(),
            Packet::Stat(stat) => tree.stat(&stat.path),
            Packet::Lstat(lstat) => tree.lstat(&lstat.path),
            Packet::SetStat(setstat) => tree.setstat(&setstat.path, &setstat.attrs),
            Packet::RealPath(realpath) => tree.realpath(&realpath.path),
            Packet::Remove(remove) => tree.remove(&remove.filename),
            Packet::MkDir(mkdir) => tree.mkdir(&mkdir.path, &mkdir.attrs),
            Packet::RmDir(rmdir) => tree.rmdir(&rmdir.path),
            Packet::Rename(rename) => tree.rename(&rename.oldpath, &rename.newpath),
            Packet::ReadLink(readlink) => tree.readlink(&readlink.path),
            // The fields have the draft's names, but OpenSSH sends the target first, and every
            // client has followed it.
            Packet::Symlink(symlink) => tree.symlink(&symlink.linkpath, &symlink.targetpath),
            Packet::Extended(extended) => extensions::answer(extended, tree, handles),
            _ => Err(Refusal::unsupported("Not a request")),
        }
    }
}

/// Only what is a request is parsed: russh-sftp would parse replies too.
fn parse(kind: u8, request: &mut Bytes) -> Result<Packet, Refusal> {
    match kind {
        SSH_FXP_OPEN..=SSH_FXP_SYMLINK | SSH_FXP_EXTENDED => {
            Packet::try_from(request).map_err(|error| Refusal::new(StatusCode::BadMessage, error.to_string()))
        }
        unknown => Err(Refusal::unsupported(format!("No request has the type {unknown}"))),
    }
}
