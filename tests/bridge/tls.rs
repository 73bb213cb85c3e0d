//! `connect` over wss: socat speaks TLS in front of the bridge, as a reverse proxy would.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::support::Site;
use crate::support::bridge::binary;
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
        let scratch = Scratch::new();
        let authority = scratch.join("authority.pem");
        certificate(&authority, &["-subj", "/CN=authority", "-addext", "basicConstraints=critical,CA:TRUE"]);
        let site_name = format!("subjectAltName={name}");
        let authority_key = authority.with_extension("key");
        let leaf = scratch.join("certificate.pem");
        let signed = ["-subj", "/CN=bridge", "-addext", "basicConstraints=CA:FALSE", "-addext", &site_name];
        let by = ["-CA", text(&authority), "-CAkey", text(&authority_key)];
        certificate(&leaf, &[&signed[..], &by].concat());
        let port = closed_port();
        let listen = format!(
            "OPENSSL-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork,verify=0,certificate={},key={}",
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

/// Makes a certificate in `file`, with its key beside it.
fn certificate(file: &Path, options: &[&str]) {
    // Without a section of extensions in the configuration, only those that are asked for are added.
    let mut openssl = Command::new(tool("openssl"));
    openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]).args(options);
    openssl.arg("-keyout").arg(file.with_extension("key")).arg("-out").arg(file);
    openssl.args(["-config", "/dev/stdin"]);
    run(&mut openssl, b"[req]\ndistinguished_name = name\n[name]\n", QUICK).ok();
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
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
