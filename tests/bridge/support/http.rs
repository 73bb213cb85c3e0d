//! One HTTP request, written by hand, so that the tests see the answer as it stands on the wire.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha1::{Digest, Sha1};
use socket2::{Domain, Socket, Type};

use super::ws::Ws;

const PATIENCE: Duration = Duration::from_secs(40);
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

#[derive(Clone)]
pub struct Request {
    port: u16,
    source: Ipv4Addr,
    before: Vec<u8>,
    method: &'static str,
    path: String,
    body: String,
    headers: Vec<(String, String)>,
}

impl Request {
    pub fn get(port: u16, path: &str) -> Request {
        let (path, body) = (path.to_owned(), String::new());
        let source = Ipv4Addr::LOCALHOST;
        let request =
            Request { port, source, before: Vec::new(), method: "GET", path, body, headers: Vec::new() };
        request.header("Host", &format!("127.0.0.1:{port}"))
    }

    /// A form as a browser sends it.
    pub fn post(port: u16, path: &str, form: &str) -> Request {
        let request = Request { method: "POST", body: form.to_owned(), ..Request::get(port, path) };
        request
            .header("Content-Type", "application/x-www-form-urlencoded")
            .header("Content-Length", &form.len().to_string())
    }

    /// An opening handshake as sftp-ws sends it: subprotocol `sftp`, compression offered, no Origin.
    pub fn upgrade(port: u16, path: &str) -> Request {
        Request::get(port, path)
            .header("Connection", "Upgrade")
            .header("Upgrade", "websocket")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", KEY)
            .header("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")
            .header("Sec-WebSocket-Protocol", "sftp")
    }

    pub fn header(mut self, name: &str, value: &str) -> Request {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Instead of GET.
    pub fn method(self, method: &'static str) -> Request {
        Request { method, ..self }
    }

    pub fn without(mut self, name: &str) -> Request {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    pub fn protocol(self, offered: &str) -> Request {
        self.without("Sec-WebSocket-Protocol").header("Sec-WebSocket-Protocol", offered)
    }

    /// Comes from another address of loopback, 127.0.0.`last`.
    pub fn source(mut self, last: u8) -> Request {
        self.source = Ipv4Addr::new(127, 0, 0, last);
        self
    }

    /// These bytes come first on the connection, and are no part of the request.
    pub fn after(mut self, bytes: &[u8]) -> Request {
        self.before = bytes.to_vec();
        self
    }

    pub fn bearer(self, token: &str) -> Request {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    pub fn basic(self, user: &str, password: &str) -> Request {
        let token = BASE64.encode(format!("{user}:{password}"));
        self.header("Authorization", &format!("Basic {token}"))
    }

    /// As it goes over the wire.
    pub fn text(&self) -> String {
        let mut text = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            write!(text, "{name}: {value}\r\n").unwrap();
        }
        text + "\r\n" + &self.body
    }

    /// Sends it; the answer's header has arrived when this returns.
    #[track_caller]
    pub fn send(&self) -> Answer {
        Answer::read(self.send_only())
    }

    /// Connects, and sends nothing.
    #[track_caller]
    pub fn connect(&self) -> TcpStream {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from((self.source, 0)).into()).unwrap();
        socket.connect(&SocketAddr::from((Ipv4Addr::LOCALHOST, self.port)).into()).unwrap();
        let stream = TcpStream::from(socket);
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends it; the answer is the caller's business.
    #[track_caller]
    pub fn send_only(&self) -> TcpStream {
        let mut stream = self.connect();
        // A peer that has closed already tells more by its answer than we would by a panic.
        let _ = stream.write_all(&[&self.before, self.text().as_bytes()].concat());
        stream
    }

    /// Sends it, and expects to be let in.
    #[track_caller]
    pub fn open(&self) -> Ws {
        self.send().upgraded()
    }
}

pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    /// What came after the header.
    rest: Vec<u8>,
    stream: TcpStream,
}

impl Answer {
    #[track_caller]
    fn read(mut stream: TcpStream) -> Answer {
        let mut bytes = Vec::new();
        let mut chunk = [0; 4096];
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
            let read = stream.read(&mut chunk).expect("an answer in time");
            assert!(read > 0, "closed without an answer: {}", String::from_utf8_lossy(&bytes));
            bytes.extend_from_slice(&chunk[..read]);
        };
        let rest = bytes.split_off(end + 4);
        let text = String::from_utf8(bytes).expect("an ASCII header");
        let mut lines = text.trim_end().split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines
            .map(|line| line.split_once(':').expect("a header field"))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        Answer { status, headers, rest, stream }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// All of the header, as it came.
    pub fn fields(&self) -> &[(String, String)] {
        &self.headers
    }

    /// Every value of a header that may come more than once.
    pub fn headers(&self, name: &str) -> Vec<&str> {
        let same = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        same.map(|(_, value)| value.as_str()).collect()
    }

    /// The public reason, without the number that finds its cause in the log.
    #[track_caller]
    pub fn reason(&self) -> &str {
        let reason = self.header("SFTP-Authenticate-Info").expect("a public reason");
        reason.split(" (ref ").next().unwrap()
    }

    /// That number.
    pub fn reference(&self) -> Option<&str> {
        reference(self.header("SFTP-Authenticate-Info")?)
    }

    #[track_caller]
    pub fn body(mut self) -> String {
        let length: usize = self.header("Content-Length").expect("Content-Length").parse().unwrap();
        let mut chunk = [0; 4096];
        while self.rest.len() < length {
            let read = self.stream.read(&mut chunk).unwrap();
            assert!(read > 0, "the body ends early");
            self.rest.extend_from_slice(&chunk[..read]);
        }
        String::from_utf8(self.rest).unwrap()
    }

    #[track_caller]
    pub fn upgraded(self) -> Ws {
        let reason = self.header("SFTP-Authenticate-Info").unwrap_or_default();
        assert_eq!(self.status, 101, "not let in: {reason}");
        let accept = Sha1::digest(format!("{KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
        assert_eq!(self.header("Sec-WebSocket-Accept"), Some(BASE64.encode(accept).as_str()));
        assert_eq!(self.header("Sec-WebSocket-Extensions"), None, "compression is declined");
        Ws::new(self.stream, self.rest)
    }
}

/// The number at the end of a sentence for a person.
pub fn reference(sentence: &str) -> Option<&str> {
    let (_, number) = sentence.trim_end().rsplit_once(" (ref ")?;
    let number = number.strip_suffix(')')?;
    assert!(number.len() == 16 && number.bytes().all(|byte| byte.is_ascii_hexdigit()), "{sentence}");
    Some(number)
}
