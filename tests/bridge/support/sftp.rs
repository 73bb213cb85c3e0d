//! SFTP version 3 packets (draft-ietf-secsh-filexfer-02), built and read without the crate's own codec: an oracle for it.

pub const INIT: u8 = 1;
pub const VERSION: u8 = 2;
pub const OPEN: u8 = 3;
pub const CLOSE: u8 = 4;
pub const READ: u8 = 5;
pub const WRITE: u8 = 6;
pub const OPENDIR: u8 = 11;
pub const READDIR: u8 = 12;
pub const REMOVE: u8 = 13;
pub const MKDIR: u8 = 14;
pub const RMDIR: u8 = 15;
pub const REALPATH: u8 = 16;
pub const STAT: u8 = 17;
pub const RENAME: u8 = 18;
pub const READLINK: u8 = 19;
pub const SYMLINK: u8 = 20;
pub const STATUS: u8 = 101;
pub const HANDLE: u8 = 102;
pub const DATA: u8 = 103;
pub const NAME: u8 = 104;
pub const EXTENDED: u8 = 200;

pub const OK: u32 = 0;
pub const FAILURE: u32 = 4;

pub const READ_FLAG: u32 = 1;
pub const WRITE_FLAG: u32 = 2;
pub const CREATE_FLAG: u32 = 8;
pub const TRUNCATE_FLAG: u32 = 16;

/// A packet under construction.
pub struct Packet {
    body: Vec<u8>,
}

impl Packet {
    pub fn request(kind: u8, id: u32) -> Packet {
        Packet::of(kind).u32(id)
    }

    pub fn of(kind: u8) -> Packet {
        Packet { body: vec![kind] }
    }

    pub fn u32(mut self, value: u32) -> Packet {
        self.body.extend(value.to_be_bytes());
        self
    }

    pub fn u64(mut self, value: u64) -> Packet {
        self.body.extend(value.to_be_bytes());
        self
    }

    pub fn string(mut self, value: impl AsRef<[u8]>) -> Packet {
        let value = value.as_ref();
        self = self.u32(value.len() as u32);
        self.body.extend(value);
        self
    }

    pub fn bytes(self) -> Vec<u8> {
        let mut packet = (self.body.len() as u32).to_be_bytes().to_vec();
        packet.extend(self.body);
        packet
    }
}

pub fn init() -> Vec<u8> {
    Packet::of(INIT).u32(3).bytes()
}

/// A request with one string: a path or a handle.
pub fn with_name(kind: u8, id: u32, name: impl AsRef<[u8]>) -> Vec<u8> {
    Packet::request(kind, id).string(name).bytes()
}

/// A request with two paths.
pub fn with_names(kind: u8, id: u32, one: impl AsRef<[u8]>, other: impl AsRef<[u8]>) -> Vec<u8> {
    Packet::request(kind, id).string(one).string(other).bytes()
}

pub fn open(id: u32, path: impl AsRef<[u8]>, flags: u32) -> Vec<u8> {
    Packet::request(OPEN, id).string(path).u32(flags).u32(0).bytes()
}

pub fn mkdir(id: u32, path: impl AsRef<[u8]>) -> Vec<u8> {
    Packet::request(MKDIR, id).string(path).u32(0).bytes()
}

pub fn read(id: u32, handle: &[u8], offset: u64, length: u32) -> Vec<u8> {
    Packet::request(READ, id).string(handle).u64(offset).u32(length).bytes()
}

pub fn write(id: u32, handle: &[u8], offset: u64, data: &[u8]) -> Vec<u8> {
    Packet::request(WRITE, id).string(handle).u64(offset).string(data).bytes()
}

/// A WRITE whose packet is `total` bytes long, prefix included.
pub fn write_of(id: u32, handle: &[u8], total: usize) -> Vec<u8> {
    let around = write(id, handle, 0, b"").len();
    write(id, handle, 0, &vec![0x42; total - around])
}

/// A response, taken apart as far as every response goes.
#[derive(Debug, PartialEq)]
pub struct Response {
    pub kind: u8,
    pub id: u32,
    pub body: Vec<u8>,
}

impl Response {
    #[track_caller]
    pub fn parse(packet: &[u8]) -> Response {
        assert_eq!(u32_at(packet, 0) as usize + 4, packet.len(), "one packet a message");
        Response { kind: packet[4], id: u32_at(packet, 5), body: packet[9..].to_vec() }
    }

    /// The string at the start: a handle, the data of DATA.
    #[track_caller]
    pub fn string(&self) -> &[u8] {
        string_at(&self.body, 0)
    }

    #[track_caller]
    pub fn status(&self) -> u32 {
        assert_eq!(self.kind, STATUS, "{self:?}");
        u32_at(&self.body, 0)
    }

    /// The sentence of a STATUS.
    #[track_caller]
    pub fn message(&self) -> String {
        self.status();
        String::from_utf8(string_at(&self.body, 4).to_vec()).unwrap()
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn string_at(bytes: &[u8], at: usize) -> &[u8] {
    &bytes[at + 4..at + 4 + u32_at(bytes, at) as usize]
}

#[test]
fn packets_are_built_as_the_draft_lays_them_out() {
    assert_eq!(init(), [0, 0, 0, 5, 1, 0, 0, 0, 3]);
    let read = read(7, b"h", (1 << 32) + 1, 32768);
    assert_eq!(read, [0, 0, 0, 22, 5, 0, 0, 0, 7, 0, 0, 0, 1, b'h', 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0x80, 0]);
    assert_eq!(write_of(1, b"handle", 262_148).len(), 262_148);
}

#[test]
fn responses_are_read_as_the_draft_lays_them_out() {
    let packet = Packet::request(STATUS, 9).u32(FAILURE).string("No").string("").bytes();
    let response = Response::parse(&packet);
    assert_eq!((response.id, response.status(), response.message().as_str()), (9, FAILURE, "No"));
}
