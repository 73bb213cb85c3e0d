//! `connect` over wss: socat speaks TLS in front of the bridge, as a reverse proxy would.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::support::Site;
use crate::support::bridge::binary;
use crate::support::certificates::{self, text};
use crate::support::connect::sftp;
use crate::support::fake::closed_port;
use crate::support::files::Scratch;
use crate::support::process::{Running, Said, run, tool};
use crate::support::sftp as packets;
use crate::support::wait::{SOON, wait_until};

const QUICK: Duration = Duration::from_secs(20);

/// A TLS terminator whose certificate its own authority signed.
struct Terminator {
    _socat: Running,
    port: u16,
    authority: PathBuf,
    _scratch: Scratch,
}

impl Terminator {
    fn before(site: &Site, name: &str) -> Terminator {
        Terminator::start(site, name, "verify=0")
    }

    /// It lets in only whom its authority certified.
    fn with_client_certificates(site: &Site) -> Terminator {
        Terminator::start(site, "IP:127.0.0.1", "verify=1")
    }

    fn start(site: &Site, name: &str, verify: &str) -> Terminator {
        let scratch = Scratch::new();
        let authority = scratch.join("authority.pem");
        certificates::authority(&authority);
        let leaf = scratch.join("certificate.pem");
        certificates::signed(&leaf, &authority, "bridge", name);
        let port = closed_port();
        let listen = format!(
            "OPENSSL-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork,{verify},cafile={},certificate={},key={}",
            authority.display(),
            leaf.display(),
            leaf.with_extension("key").display()
        );
        let socat = Running::spawn(
            Command::new(tool("socat")).arg(listen).arg(format!("TCP:127.0.0.1:{}", site.bridge.port)),
        );
        wait_until("socat to listen", SOON, || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        Terminator { _socat: socat, port, authority, _scratch: scratch }
    }

    fn connect(&self, site: &Site, options: &[&str]) -> Said {
        let mut connect = Command::new(binary());
        connect.arg("connect").arg(self.url()).args(["--user", &site.bridge.user.name]);
        connect.arg("--password-file").arg(site.bridge.password_file()).args(options);
        run(&mut connect, &packets::init(), QUICK)
    }

    fn url(&self) -> String {
        format!("wss://127.0.0.1:{}/sftp", self.port)
    }
}

#[track_caller]
fn assert_refused(said: &Said, mention: &str) {
    assert_eq!(said.status.code(), Some(1), "{}", said.stderr);
    assert!(said.stderr.contains(mention), "{}", said.stderr);
    assert_eq!((said.stdout.as_str(), said.stderr.lines().count()), ("", 1), "{}", said.stderr);
}

#[test]
fn stock_sftp_travels_over_tls() {
    let site = Site::start();
    let tls = Terminator::before(&site, "IP:127.0.0.1");
    let line = format!(
        "{} connect {} --user {} --password-file {} --ca-file {}",
        binary().display(),
        tls.url(),
        site.bridge.user.name,
        site.bridge.password_file().display(),
        tls.authority.display()
    );
    let said = sftp(&line, "pwd\nls /", QUICK);
    assert!(said.stdout.contains("etc"), "{}", said.stdout);
}

#[test]
fn a_certificate_of_an_unknown_authority_is_refused_before_the_password_is_sent() {
    let site = Site::start();
    let tls = Terminator::before(&site, "IP:127.0.0.1");
    assert_refused(&tls.connect(&site, &[]), "certificate");
    assert_eq!(site.sshd.connections(), 0);
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let site = Site::start();
    let tls = Terminator::before(&site, "DNS:elsewhere.example");
    assert_refused(&tls.connect(&site, &["--ca-file", text(&tls.authority)]), "certificate");
    assert_eq!(site.sshd.connections(), 0);
}

#[test]
fn any_certificate_passes_only_behind_the_danger_flag() {
    let site = Site::start();
    let tls = Terminator::before(&site, "DNS:elsewhere.example");
    let said = tls.connect(&site, &["--danger-accept-any-certificate"]);
    assert_eq!(said.status.code(), Some(0), "{}", said.stderr);
}

#[test]
fn a_ca_file_without_a_certificate_says_so() {
    let site = Site::start();
    let tls = Terminator::before(&site, "IP:127.0.0.1");
    assert_refused(&tls.connect(&site, &["--ca-file", "/nonexistent.pem"]), "/nonexistent.pem");
    assert_refused(&tls.connect(&site, &["--ca-file", "/dev/null"]), "no certificate");
}

#[test]
fn a_client_certificate_is_shown_where_it_is_asked_for() {
    let site = Site::start();
    let tls = Terminator::with_client_certificates(&site);
    let ours = tls.authority.with_file_name("client.pem");
    let ours_key = ours.with_extension("key");
    certificates::signed(&ours, &tls.authority, "ann", "email:ann@example.org");
    let trust = ["--ca-file", text(&tls.authority)];
    let show = ["--client-certificate", text(&ours), "--client-key", text(&ours_key)];
    let said = tls.connect(&site, &[&trust[..], &show[..]].concat());
    assert_eq!(said.status.code(), Some(0), "{}", said.stderr);
    assert_eq!(tls.connect(&site, &trust).status.code(), Some(1));
    let missing = ["--client-certificate", "/dev/null", "--client-key", text(&ours_key)];
    assert_refused(&tls.connect(&site, &[&trust[..], &missing[..]].concat()), "no certificate");
}
