//! A WebSocket client by hand (RFC 6455): independent of the library in the bridge, and able to misbehave. It sends any frame,
//! can leave pings and closes unanswered, can stop reading, and sees how TCP ends.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use super::wait::{SOON, wait_until};

pub const CONTINUATION: u8 = 0;
pub const TEXT: u8 = 1;
pub const BINARY: u8 = 2;
pub const CLOSE: u8 = 8;
pub const PING: u8 = 9;
pub const PONG: u8 = 10;

const FIN: u8 = 0x80;
const MASK: [u8; 4] = [0x5a, 0x17, 0xc3, 0x88];

#[derive(Debug, PartialEq)]
pub enum Heard {
    Binary(Vec<u8>),
    Text(String),
    Pong(Vec<u8>),
    Close(Option<u16>, String),
    /// TCP ended without (another) frame.
    End,
}

pub struct Ws {
    stream: TcpStream,
    inbox: Vec<u8>,
    /// Bytes of `inbox` that are read already.
    taken: usize,
}

impl Ws {
    pub fn new(stream: TcpStream, inbox: Vec<u8>) -> Ws {
        stream.set_write_timeout(Some(Duration::from_secs(60))).unwrap();
        Ws { stream, inbox, taken: 0 }
    }

    #[track_caller]
    pub fn send(&mut self, packet: &[u8]) {
        self.send_frame(true, BINARY, packet);
    }

    #[track_caller]
    pub fn send_frame(&mut self, last: bool, opcode: u8, payload: &[u8]) {
        self.stream.write_all(&frame(last, opcode, payload)).expect("the bridge takes a frame");
    }

    #[track_caller]
    pub fn send_close(&mut self, code: u16) {
        self.send_frame(true, CLOSE, &code.to_be_bytes());
    }

    /// Bytes that are frames already.
    #[track_caller]
    pub fn send_raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the bridge takes bytes");
    }

    /// Waits until the other side's kernel has all that was sent. A socket that is closed with answers unread throws away
    /// what is still to be sent (RFC 2525, 2.17).
    #[track_caller]
    pub fn wait_sent(&self) {
        let ports =
            [self.stream.local_addr(), self.stream.peer_addr()].map(|address| address.unwrap().port());
        let socket = format!("0100007F:{:04X} 0100007F:{:04X} ", ports[0], ports[1]);
        wait_until("all to be sent", SOON, || {
            // The state and the length of the send queue come next (proc(5)).
            let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
            table.lines().any(|row| {
                row.split_once(&socket).is_some_and(|(_, rest)| rest[3..].starts_with("00000000:"))
            })
        });
    }

    /// A second handle to the socket, to write from another thread.
    pub fn socket(&self) -> TcpStream {
        self.stream.try_clone().unwrap()
    }

    /// Ends our half of TCP without a close frame.
    pub fn shut(&self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// The next binary message.
    #[track_caller]
    pub fn packet(&mut self) -> Vec<u8> {
        match self.hear() {
            Heard::Binary(packet) => packet,
            other => panic!("a packet was due, not {other:?}"),
        }
    }

    #[track_caller]
    pub fn hear(&mut self) -> Heard {
        self.hear_within(SOON).expect("something from the bridge in time")
    }

    /// The next thing that the bridge says; pings are answered on the way. `None` when `limit` runs out first.
    #[track_caller]
    pub fn hear_within(&mut self, limit: Duration) -> Option<Heard> {
        let deadline = Instant::now() + limit;
        let mut message = Vec::new();
        let mut kind = CONTINUATION;
        loop {
            let (last, opcode, payload) = match self.frame(deadline) {
                Frame::Whole(last, opcode, payload) => (last, opcode, payload),
                Frame::End => return Some(Heard::End),
                Frame::Late => return None,
            };
            match opcode {
                PING => self.send_frame(true, PONG, &payload),
                PONG => return Some(Heard::Pong(payload)),
                CLOSE => return Some(closed(&payload)),
                TEXT | BINARY | CONTINUATION => {
                    assert_eq!(opcode == CONTINUATION, kind != CONTINUATION, "fragments are mixed up");
                    kind = kind.max(opcode);
                    message.extend_from_slice(&payload);
                }
                other => panic!("opcode {other}"),
            }
            if last && kind == BINARY {
                return Some(Heard::Binary(message));
            }
            if last && kind == TEXT {
                return Some(Heard::Text(String::from_utf8(message).unwrap()));
            }
        }
    }

    fn frame(&mut self, deadline: Instant) -> Frame {
        loop {
            if let Some((header, payload)) = parse(&self.inbox[self.taken..]) {
                let start = self.taken + header;
                let first = self.inbox[self.taken];
                let bytes = self.inbox[start..start + payload].to_vec();
                self.taken = start + payload;
                assert_eq!(first & 0x70, 0, "reserved bits are clear");
                return Frame::Whole(first & FIN != 0, first & 0x0f, bytes);
            }
            match self.fill(deadline) {
                Some(0) => return Frame::End,
                Some(_) => {}
                None => return Frame::Late,
            }
        }
    }

    /// `None`: late. `Some(0)`: TCP is over.
    fn fill(&mut self, deadline: Instant) -> Option<usize> {
        self.inbox.drain(..self.taken);
        self.taken = 0;
        let left = deadline.checked_duration_since(Instant::now())?;
        self.stream.set_read_timeout(Some(left.max(Duration::from_millis(1)))).unwrap();
        let mut chunk = [0; 65536];
        match self.stream.read(&mut chunk) {
            Ok(read) => {
                self.inbox.extend_from_slice(&chunk[..read]);
                Some(read)
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => None,
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset) => Some(0),
            Err(error) => panic!("reading from the bridge: {error}"),
        }
    }
}

enum Frame {
    Whole(bool, u8, Vec<u8>),
    End,
    Late,
}

/// One masked frame, as a client sends it.
pub fn frame(last: bool, opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = header(last, opcode, payload.len() as u64);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, key)| byte ^ key));
    bytes
}

/// The header of a frame that claims `length` bytes of payload, mask included.
pub fn header(last: bool, opcode: u8, length: u64) -> Vec<u8> {
    let mut bytes = vec![opcode | if last { FIN } else { 0 }];
    match length {
        0..=125 => bytes.push(0x80 | length as u8),
        126..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend((length as u16).to_be_bytes());
        }
        _ => {
            bytes.push(0x80 | 127);
            bytes.extend(length.to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes
}

/// Lengths of header and payload of the frame at the start, once all of it is there.
fn parse(bytes: &[u8]) -> Option<(usize, usize)> {
    let short = *bytes.get(1)?;
    assert_eq!(short & 0x80, 0, "a server does not mask");
    let (header, payload) = match short {
        126 => (4, u16::from_be_bytes(bytes.get(2..4)?.try_into().unwrap()).into()),
        127 => (10, u64::from_be_bytes(bytes.get(2..10)?.try_into().unwrap())),
        short => (2, u64::from(short)),
    };
    let payload = payload as usize;
    (bytes.len() >= header + payload).then_some((header, payload))
}

fn closed(payload: &[u8]) -> Heard {
    match payload {
        [] => Heard::Close(None, String::new()),
        [high, low, reason @ ..] => {
            assert!(reason.len() <= 123, "a close reason of {} bytes", reason.len());
            let reason = String::from_utf8(reason.to_vec()).expect("a reason in UTF-8");
            Heard::Close(Some(u16::from_be_bytes([*high, *low])), reason)
        }
        [_] => panic!("a close frame of one byte"),
    }
}
