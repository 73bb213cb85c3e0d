//! A reverse proxy in front of a bridge, run with the configuration of docs/; and ways to it.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Pid;

use super::bridge::{Bridge, binary};
use super::certificates::{self, text};
use super::fake::closed_port;
use super::files::Scratch;
use super::http::Request;
use super::process::{Running, read_lossy, tool};
use super::shipped::Shipped;
use super::wait::{SOON, wait_for, wait_until};

/// The name in the examples.
pub const NAME: &str = "files.example.org";

/// Where the bridge is in the examples.
pub const BRIDGE: &str = "127.0.0.1:8022";

/// What makes a bridge believe its proxy.
pub const TRUSTING: &str = r#"trusted_proxies = ["127.0.0.1"]"#;

/// A kind of proxy.
pub struct Kind {
    /// The file in docs/.
    pub file: &'static str,
    /// Its own addresses and paths.
    pub place: fn(Shipped, &Place) -> Shipped,
    /// How it is told to check a file.
    pub check: fn(&Path) -> Command,
    /// How it is started, in the foreground.
    pub start: fn(&Path) -> Command,
}

/// Where a test's proxy is.
pub struct Place {
    pub port: u16,
    scratch: Scratch,
}

impl Place {
    /// A port, and a certificate for 127.0.0.1 and the example's name.
    #[track_caller]
    pub fn new() -> Place {
        let place = Place { port: closed_port(), scratch: Scratch::new() };
        certificates::authority(&place.authority());
        let names = format!("DNS:{NAME},IP:127.0.0.1");
        certificates::signed(&place.certificate(), &place.authority(), "front", &names);
        place
    }

    pub fn authority(&self) -> PathBuf {
        self.scratch.join("authority.pem")
    }

    pub fn certificate(&self) -> PathBuf {
        self.scratch.join("front.pem")
    }

    pub fn path(&self, name: &str) -> String {
        text(&self.scratch.join(name)).to_owned()
    }
}

/// A proxy that runs.
pub struct Front {
    process: Running,
    place: Place,
}

impl Front {
    #[track_caller]
    pub fn before(kind: &Kind, bridge: &Bridge) -> Front {
        Front::with(kind, |shipped| shipped.put(BRIDGE, &format!("127.0.0.1:{}", bridge.port)))
    }

    /// With more changes; what is put in the bridge's place is theirs.
    #[track_caller]
    pub fn with(kind: &Kind, change: impl Fn(Shipped) -> Shipped) -> Front {
        // A port that was free a moment ago may be taken now: then the proxy ends, and gets another.
        for _ in 0..10 {
            let place = Place::new();
            let shipped = change((kind.place)(Shipped::read(kind.file), &place));
            let file = shipped.write(place.scratch.join(kind.file));
            let process = Running::spawn(&mut (kind.start)(&file));
            let mut front = Front { process, place };
            if front.listens() {
                return front;
            }
        }
        panic!("no free port for the proxy in ten tries");
    }

    /// Whether it does before it ends, where its port is why it ends.
    #[track_caller]
    fn listens(&mut self) -> bool {
        wait_for("the proxy to listen", SOON, || match self.process.ended() {
            Some(_) if self.log().contains("Address already in use") => Some(false),
            Some(status) => panic!("the proxy ended ({status}): {}", self.log()),
            None => self.holds_its_port().then_some(true),
        })
    }

    /// Whoever took the port meanwhile answers there, too: so it is the socket itself that is looked for (proc(5)).
    fn holds_its_port(&self) -> bool {
        let listening = format!("0100007F:{:04X} 00000000:0000 0A", self.place.port);
        let table = fs::read_to_string("/proc/net/tcp").unwrap();
        let row = table.lines().find(|row| row.contains(&listening));
        let Some(inode) = row.and_then(|row| row.split_whitespace().nth(9)) else { return false };
        let folder = format!("/proc/{}/fd", self.process.pid().as_raw_nonzero());
        let held = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut held = held.filter_map(|entry| fs::read_link(entry.path()).ok());
        held.any(|target| target.as_os_str() == format!("socket:[{inode}]").as_str())
    }

    pub fn pid(&self) -> Pid {
        self.process.pid()
    }

    pub fn authority(&self) -> PathBuf {
        self.place.authority()
    }

    /// What it has written.
    pub fn log(&self) -> String {
        let files = ["error.log", "access.log"].map(|name| read_lossy(&self.place.scratch.join(name)));
        files.concat() + &self.process.stdout() + &self.process.stderr()
    }

    pub fn url(&self) -> String {
        format!("wss://127.0.0.1:{}/sftp", self.place.port)
    }

    /// The command line of `connect` through it.
    pub fn connect_line(&self, bridge: &Bridge) -> String {
        format!(
            "{} connect {} --user {} --password-file {} --ca-file {}",
            binary().display(),
            self.url(),
            bridge.user.name,
            bridge.password_file().display(),
            self.authority().display()
        )
    }

    /// A way for plain text: what goes in comes to the proxy over TLS, from 127.0.0.`last`.
    #[track_caller]
    pub fn way(&self, last: u8) -> Way {
        let port = closed_port();
        let mut socat = Command::new(tool("socat"));
        socat.arg(format!("TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork"));
        let authority = self.authority();
        socat.arg(format!(
            "OPENSSL:127.0.0.1:{},cafile={},bind=127.0.0.{last}",
            self.place.port,
            authority.display()
        ));
        let socat = Running::spawn(&mut socat);
        wait_until("socat to listen", SOON, || TcpStream::connect(("127.0.0.1", port)).is_ok());
        Way { port, _socat: socat }
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the proxy's log\n{}---", self.log());
        }
    }
}

/// A way through TLS.
pub struct Way {
    pub port: u16,
    _socat: Running,
}

impl Way {
    /// An opening handshake, for the host of the examples.
    pub fn anonymous(&self) -> Request {
        self.at("/sftp")
    }

    pub fn at(&self, path: &str) -> Request {
        Request::upgrade(self.port, path).without("Host").header("Host", NAME)
    }

    pub fn get(&self, path: &str) -> Request {
        Request::get(self.port, path).without("Host").header("Host", NAME)
    }

    /// The same with the test user's credentials.
    pub fn login(&self, bridge: &Bridge) -> Request {
        self.anonymous().basic(&bridge.user.name, &bridge.user.password)
    }
}
