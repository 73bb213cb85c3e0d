//! A client that tries everything: every type, every extension, all open flags, handles that it guesses, ids that it uses
//! again, and bodies of anything. What it does is the same in every run.

use std::collections::VecDeque;

use crate::support::Site;
use crate::support::session::Session;
use crate::support::sftp::{self, Packet, Response};
use crate::support::wait::SOON;
use crate::support::ws::Heard;

/// OpenSSH's, and some that it does not have.
pub const EXTENSIONS: [&str; 14] = [
    "posix-rename@openssh.com",
    "hardlink@openssh.com",
    "lsetstat@openssh.com",
    "fsync@openssh.com",
    "copy-data",
    "statvfs@openssh.com",
    "fstatvfs@openssh.com",
    "limits@openssh.com",
    "expand-path@openssh.com",
    "home-directory",
    "users-groups-by-id@openssh.com",
    "remove-all@example.org",
    "posix-rename@openssh.com\0",
    "",
];

/// Requests on their way at a time: all answers find room in the sockets between.
const AT_ONCE: usize = 40;

pub struct Hostile<'a> {
    site: &'a Site,
    session: Session,
    owed: usize,
    random: u64,
    /// Handles that the server has given, and some that it might.
    handles: VecDeque<Vec<u8>>,
    pub denied: usize,
    pub passed: usize,
    /// Every answer, all bytes of it.
    pub heard: Vec<u8>,
}

impl<'a> Hostile<'a> {
    pub fn new(site: &'a Site) -> Hostile<'a> {
        let handles = (0..4u32).map(|number| number.to_be_bytes().to_vec()).collect();
        let session = site.session();
        Hostile {
            site,
            session,
            owed: 0,
            random: 0x2545_f491_4f6c_dd1d,
            handles,
            denied: 0,
            passed: 0,
            heard: Vec::new(),
        }
    }

    /// A number below `end` (xorshift).
    fn below(&mut self, end: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random % end as u64) as usize
    }

    fn one_of<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())].clone()
    }

    fn handle(&mut self) -> Vec<u8> {
        let at = self.below(self.handles.len());
        self.handles[at].clone()
    }

    /// One request, some answers.
    pub fn send(&mut self, packet: &[u8]) {
        self.session.ws.send(packet);
        self.owed += 1;
        if self.owed >= AT_ONCE {
            self.settle();
        }
    }

    /// Takes every answer that is owed. A server that is told nonsense ends the session; then there is another.
    pub fn settle(&mut self) {
        while self.owed > 0 {
            match self.session.ws.hear_within(SOON) {
                Some(Heard::Binary(packet)) => {
                    self.owed -= 1;
                    self.hear(&packet);
                }
                Some(Heard::Close(..) | Heard::End) => {
                    self.session = self.site.session();
                    self.owed = 0;
                }
                other => panic!("{} answers are owed, and there is {other:?}", self.owed),
            }
        }
    }

    fn hear(&mut self, packet: &[u8]) {
        let response = Response::parse(packet);
        match super::is_denied(&response) {
            true => self.denied += 1,
            false => self.passed += 1,
        }
        if response.kind == sftp::HANDLE {
            self.handles.push_back(response.string().to_vec());
            if self.handles.len() > 16 {
                self.handles.pop_front();
            }
        }
        self.heard.extend(packet);
    }

    /// `count` requests that are well formed in most cases, about `paths`.
    pub fn shuffle(&mut self, paths: &[Vec<u8>], count: usize) {
        for _ in 0..count {
            let packet = self.request(paths);
            self.send(&packet);
        }
        self.settle();
    }

    fn request(&mut self, paths: &[Vec<u8>]) -> Vec<u8> {
        const KINDS: [u8; 24] =
            [3, 3, 3, 4, 5, 6, 6, 7, 8, 9, 10, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 200, 200];
        // Few ids, so that they meet.
        let id = self.below(8) as u32;
        let kind = self.one_of(&KINDS);
        let (path, other, handle) = (self.one_of(paths), self.one_of(paths), self.handle());
        let packet = Packet::request(kind, id);
        let packet = match kind {
            3 => {
                let flags = self.one_of(&[1, 2, 3, 0x1a, 0x0e, 0, 0x11, 9, 0x80]);
                self.attributes(packet.string(path).u32(flags))
            }
            4 | 8 | 12 => packet.string(handle),
            5 => packet.string(handle).u64(0).u32(100),
            6 => packet.string(handle).u64(self.below(50) as u64).string("overwritten"),
            9 | 14 => self.attributes(packet.string(path)),
            10 => self.attributes(packet.string(handle)),
            18 | 20 => packet.string(path).string(other),
            200 => self.extension(packet, &path, &other, &handle),
            _ => packet.string(path),
        };
        packet.bytes()
    }

    fn extension(&mut self, packet: Packet, path: &[u8], other: &[u8], handle: &[u8]) -> Packet {
        let name = self.one_of(&EXTENSIONS);
        let packet = packet.string(name);
        match name {
            "lsetstat@openssh.com" => self.attributes(packet.string(path)),
            "fsync@openssh.com" | "fstatvfs@openssh.com" => packet.string(handle),
            "copy-data" => {
                let (length, to) = (self.one_of(&[0, 5]), self.handle());
                packet.string(handle).u64(0).u64(length).string(to).u64(0)
            }
            "users-groups-by-id@openssh.com" => packet.string([0; 4]).string([0; 4]),
            _ => packet.string(path).string(other),
        }
    }

    fn attributes(&mut self, packet: Packet) -> Packet {
        match self.below(4) {
            0 => packet.u32(1).u64(3),
            1 => packet.u32(4).u32(0o777),
            2 => packet.u32(8).u32(1).u32(1),
            _ => packet.u32(0),
        }
    }

    /// Every type with a path, a handle, two of each, and bytes of chance behind it.
    pub fn every_type(&mut self, path: &[u8]) {
        for kind in (0..=255).filter(|kind| !matches!(kind, 1 | 2)) {
            for form in 0..5 {
                let packet = Packet::request(kind, self.below(8) as u32);
                let packet = match form {
                    0 => packet.string(path).u32(0x1a).u32(0),
                    1 => packet.string(path).string([path, b".moved"].concat()),
                    2 => packet.string(self.handle()).u64(0).string("overwritten"),
                    3 => packet.u64(self.random),
                    _ => packet,
                };
                self.send(&packet.bytes());
            }
        }
        self.settle();
    }
}
