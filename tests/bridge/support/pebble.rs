//! A real ACME authority (Let's Encrypt's own test server), and a DNS server for it that knows one address.

use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;

use super::certificates::{self, text};
use super::fake::closed_port;
use super::files::Scratch;
use super::process::{Running, read_lossy, run, tool};
use super::wait::{SOON, wait_until};

pub struct Pebble {
    _process: Running,
    _dns: Running,
    management: u16,
    place: Place,
}

/// Where an authority will be.
#[derive(Clone, Copy)]
pub struct Place {
    pub port: u16,
    /// Where it looks for the answers to its challenges.
    tls: u16,
}

impl Place {
    /// For names whose answers are at `tls`.
    pub fn proving_at(tls: u16) -> Place {
        Place { port: closed_port(), tls }
    }

    pub fn directory(&self) -> String {
        format!("https://127.0.0.1:{}/dir", self.port)
    }
}

/// The authority of the authority's own server, which is there before it.
pub struct Trust {
    folder: Scratch,
}

impl Trust {
    pub fn new() -> Trust {
        let folder = Scratch::new();
        let authority = folder.join("authority.pem");
        certificates::authority(&authority);
        certificates::signed(&folder.join("pebble.pem"), &authority, "pebble", "IP:127.0.0.1");
        Trust { folder }
    }

    pub fn ca_file(&self) -> PathBuf {
        self.folder.join("authority.pem")
    }
}

impl Pebble {
    #[track_caller]
    pub fn start(trust: &Trust, place: Place) -> Pebble {
        let (management, dns, dns_management) = (closed_port(), closed_port(), closed_port());
        let server = trust.folder.join("pebble.pem");
        let settings = serde_json::json!({ "pebble": {
            "listenAddress": format!("127.0.0.1:{}", place.port),
            "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": server,
            "privateKey": server.with_extension("key"),
            "httpPort": closed_port(),
            "tlsPort": place.tls,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": false,
        }});
        let config = trust.folder.join("pebble.json");
        fs::write(&config, settings.to_string()).unwrap();
        let mut names = Command::new(tool("pebble-challtestsrv"));
        names.args(["-http01", "", "-https01", "", "-tlsalpn01", ""]);
        names.args(["-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""]);
        names.arg("-dns01").arg(format!("127.0.0.1:{dns}"));
        names.arg("-management").arg(format!("127.0.0.1:{dns_management}"));
        let names = Running::spawn(&mut names);
        let mut pebble = Command::new(tool("pebble"));
        pebble.arg("-config").arg(&config).arg("-dnsserver").arg(format!("127.0.0.1:{dns}"));
        // Neither naps nor nonces that are refused for practice.
        pebble.env("PEBBLE_VA_NOSLEEP", "1").env("PEBBLE_WFE_NONCEREJECT", "0");
        let mut process = Running::spawn(&mut pebble);
        for port in [dns_management, place.port, management] {
            wait_until("pebble to listen", SOON, || {
                assert!(process.ended().is_none(), "{}{}", process.stdout(), process.stderr());
                TcpStream::connect(("127.0.0.1", port)).is_ok()
            });
        }
        Pebble { _process: process, _dns: names, management, place }
    }

    /// What it says of itself.
    pub fn log(&self) -> String {
        self._process.stdout() + &self._process.stderr()
    }

    /// How many certificates it has issued.
    pub fn issued(&self) -> usize {
        self.log().matches("Issued certificate serial").count()
    }

    pub fn place(&self) -> Place {
        self.place
    }

    /// The root of the certificates that it issues, in a file.
    #[track_caller]
    pub fn root(&self, trust: &Trust) -> PathBuf {
        let mut client = Command::new(tool("openssl"));
        client.args(["s_client", "-quiet", "-connect", &format!("127.0.0.1:{}", self.management)]);
        client.arg("-CAfile").arg(trust.ca_file());
        let said = run(&mut client, b"GET /roots/0 HTTP/1.0\r\n\r\n", SOON);
        let (_, pem) = said.stdout.split_once("\r\n\r\n").expect("an answer");
        let file = trust.folder.join("root.pem");
        fs::write(&file, pem).unwrap();
        assert!(read_lossy(&file).contains("BEGIN CERTIFICATE"), "{}", text(&file));
        file
    }
}
