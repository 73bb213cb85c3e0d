//! An SFTP session over a WebSocket: one request at a time, or as many as a test likes.

use super::sftp::{self, Response};
use super::ws::Ws;

pub struct Session {
    pub ws: Ws,
    next: u32,
}

impl Session {
    #[track_caller]
    pub fn start(mut ws: Ws) -> Session {
        ws.send(&sftp::init());
        let version = ws.packet();
        assert_eq!(version[4..9], [sftp::VERSION, 0, 0, 0, 3]);
        Session { ws, next: 1 }
    }

    pub fn id(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    #[track_caller]
    pub fn response(&mut self) -> Response {
        Response::parse(&self.ws.packet())
    }

    /// Sends a request and takes the response to it.
    #[track_caller]
    pub fn call(&mut self, build: impl FnOnce(u32) -> Vec<u8>) -> Response {
        let id = self.id();
        self.ws.send(&build(id));
        let response = self.response();
        assert_eq!(response.id, id);
        response
    }

    #[track_caller]
    pub fn open(&mut self, path: &str, flags: u32) -> Vec<u8> {
        let response = self.call(|id| sftp::open(id, path, flags));
        assert_eq!(response.kind, sftp::HANDLE, "{path}: {response:?}");
        response.string().to_vec()
    }

    #[track_caller]
    pub fn create(&mut self, path: &str) -> Vec<u8> {
        self.open(path, sftp::WRITE_FLAG | sftp::CREATE_FLAG | sftp::TRUNCATE_FLAG)
    }

    #[track_caller]
    pub fn write(&mut self, handle: &[u8], offset: u64, data: &[u8]) {
        assert_eq!(self.call(|id| sftp::write(id, handle, offset, data)).status(), sftp::OK);
    }

    /// A file written from start to end, in pieces of 32 KiB.
    #[track_caller]
    pub fn put(&mut self, path: &str, data: &[u8]) {
        let handle = self.create(path);
        for (number, chunk) in data.chunks(32 << 10).enumerate() {
            self.write(&handle, (number as u64) << 15, chunk);
        }
        self.close(&handle);
    }

    #[track_caller]
    pub fn read(&mut self, handle: &[u8], offset: u64, length: u32) -> Vec<u8> {
        let response = self.call(|id| sftp::read(id, handle, offset, length));
        assert_eq!(response.kind, sftp::DATA, "{response:?}");
        response.string().to_vec()
    }

    #[track_caller]
    pub fn close(&mut self, handle: &[u8]) {
        assert_eq!(self.call(|id| sftp::with_name(sftp::CLOSE, id, handle)).status(), sftp::OK);
    }

    /// The session works: a question is answered.
    #[track_caller]
    pub fn is_alive(&mut self) {
        assert_eq!(self.call(|id| sftp::with_name(sftp::REALPATH, id, ".")).kind, sftp::NAME);
    }
}
