//! Packets by hand.

use bytes::Bytes;

use crate::sftp::{OpenFlags, Packet, StatusCode, status};

pub(super) const READ: u32 = OpenFlags::READ;
pub(super) const PUT: u32 = OpenFlags::WRITE | OpenFlags::CREATE | OpenFlags::TRUNCATE;

/// A packet under construction.
pub(super) struct Build(pub(super) Vec<u8>);

impl Build {
    pub(super) fn new(kind: u8, id: u32) -> Self {
        Self(vec![kind]).u32(id)
    }

    pub(super) fn u32(mut self, value: u32) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    pub(super) fn u64(mut self, value: u64) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    pub(super) fn string(self, value: impl AsRef<[u8]>) -> Self {
        let mut this = self.u32(value.as_ref().len() as u32);
        this.0.extend(value.as_ref());
        this
    }

    pub(super) fn done(self) -> Packet {
        let mut bytes = (self.0.len() as u32).to_be_bytes().to_vec();
        bytes.extend(self.0);
        Packet::parse(Bytes::from(bytes)).unwrap()
    }
}

pub(super) fn open(id: u32, path: impl AsRef<[u8]>, flags: u32) -> Packet {
    Build::new(3, id).string(path).u32(flags).u32(0).done()
}

pub(super) fn named(kind: u8, id: u32, name: impl AsRef<[u8]>) -> Packet {
    Build::new(kind, id).string(name).done()
}

pub(super) fn close(id: u32, handle: &str) -> Packet {
    named(4, id, handle)
}

pub(super) fn read(id: u32, handle: &str, offset: u64) -> Packet {
    Build::new(5, id).string(handle).u64(offset).u32(32_768).done()
}

pub(super) fn write(id: u32, handle: &str, offset: u64, data: impl AsRef<[u8]>) -> Packet {
    Build::new(6, id).string(handle).u64(offset).string(data).done()
}

pub(super) fn remove(id: u32, path: &str) -> Packet {
    named(13, id, path)
}

pub(super) fn extended(id: u32, name: &str) -> Build {
    Build::new(200, id).string(name)
}

pub(super) fn handle(id: u32, handle: impl AsRef<[u8]>) -> Packet {
    named(102, id, handle)
}

pub(super) fn data(id: u32, data: impl AsRef<[u8]>) -> Packet {
    named(103, id, data)
}

pub(super) fn ok(id: u32) -> Packet {
    status(id, StatusCode::OK, "")
}

pub(super) fn failed(id: u32, code: u32) -> Packet {
    status(id, StatusCode(code), "no")
}
