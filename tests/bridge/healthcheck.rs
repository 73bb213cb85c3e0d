//! `sftpbridge healthcheck`: 0 for a bridge that is well, 1 for everything else.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::bridge::{Bridge, Config, binary};
use crate::support::certificates::{self, text};
use crate::support::fake::{Fake, closed_port};
use crate::support::files::Scratch;
use crate::support::process::{Said, run};
use crate::support::sshd::Sshd;

fn healthcheck(arguments: &[&str]) -> Said {
    run(Command::new(binary()).arg("healthcheck").args(arguments), b"", Duration::from_secs(20))
}

#[track_caller]
fn well(arguments: &[&str]) {
    let said = healthcheck(arguments).ok();
    assert!(said.stdout.is_empty() && said.stderr.is_empty(), "{}{}", said.stdout, said.stderr);
}

#[track_caller]
fn unwell(arguments: &[&str], mention: &str) {
    let said = healthcheck(arguments);
    assert_eq!(said.status.code(), Some(1), "{}", said.stderr);
    assert!(said.stderr.contains(mention) && said.stderr.lines().count() == 1, "{}", said.stderr);
}

/// The configuration file of a container whose bridge listens here; the running one picked its port itself.
fn file_for(bridge: &Bridge, listen: &str, scratch: &Scratch) -> String {
    let (_written, file) = Config::to_port(22).listen(listen).write();
    let address = format!("\"0.0.0.0:{}\"", bridge.port);
    let text = fs::read_to_string(file).unwrap().replacen("\"127.0.0.1:0\"", &address, 1);
    let trust = text.lines().find(|line| line.starts_with("known_hosts")).unwrap().to_owned();
    let pins = format!("host_keys = {:?}", crate::support::host_keys::HostKeys::named("main").fingerprints());
    let file = scratch.join("proxy.toml");
    fs::write(&file, text.replace(&trust, &pins)).unwrap();
    text_of(&file)
}

fn text_of(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_bridge_is_well_by_its_url_and_by_its_configuration() {
    let (sshd, scratch) = (Sshd::start(), Scratch::new());
    let bridge = Config::to(&sshd).listen("base_path = \"/files\"").start();
    well(&[&format!("http://127.0.0.1:{}/files/healthz", bridge.port)]);
    unwell(&[&format!("http://127.0.0.1:{}", bridge.port)], "answered 404");
    well(&["--config", &file_for(&bridge, "base_path = \"/files\"", &scratch)]);
    unwell(
        &["--config", &file_for(&bridge, "base_path = \"/other\"", &scratch)],
        "/other/healthz: answered 404",
    );
}

#[test]
fn its_own_certificate_is_good_enough_on_loopback() {
    let scratch = Scratch::new();
    certificates::authority(&scratch.join("authority.pem"));
    certificates::signed(
        &scratch.join("bridge.pem"),
        &scratch.join("authority.pem"),
        "bridge",
        "DNS:elsewhere",
    );
    let folder = text(scratch.path());
    let tls = format!("tls = {{ certificate = \"{folder}/bridge.pem\", key = \"{folder}/bridge.key\" }}");
    let sshd = Sshd::start();
    let bridge = Config::to(&sshd).listen(&tls).start();
    well(&[&format!("https://localhost:{}/healthz", bridge.port)]);
    well(&["--config", &file_for(&bridge, &tls, &scratch)]);
    unwell(&[&format!("http://127.0.0.1:{}/healthz", bridge.port)], "400");
}

#[test]
fn a_unix_socket_is_asked_too() {
    let scratch = Scratch::new();
    let path = scratch.join("sock");
    let listener = UnixListener::bind(&path).unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
        String::from_utf8(head).unwrap()
    });
    well(&[&format!("unix:{}", path.display())]);
    assert!(server.join().unwrap().starts_with("GET /healthz HTTP/1.1\r\nhost: localhost\r\n"));
}

#[test]
fn whatever_else_answers_or_does_not_is_1_within_seconds() {
    let silent = Fake::black_hole();
    let moved =
        Fake::answers(b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n");
    let other = Fake::answers(b"SSH-2.0-x\r\n");
    let start = Instant::now();
    unwell(&[&format!("http://127.0.0.1:{}", closed_port())], "cannot connect");
    unwell(&[&format!("http://127.0.0.1:{}", silent.port)], "no answer within 5s");
    unwell(&[&format!("http://127.0.0.1:{}", moved.port)], "answered 301");
    unwell(&[&format!("http://127.0.0.1:{}", other.port)], "no answer");
    assert!(start.elapsed() < Duration::from_secs(15));
    unwell(&["unix:/nonexistent/sock"], "cannot connect");
    unwell(&["--config", "/nonexistent.toml"], "/nonexistent.toml");
    unwell(&["ftp://host"], "expected http://");
}
