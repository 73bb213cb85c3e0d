//! The bridge's own TLS, seen by openssl and by `connect`.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use sftpbridge::server::has_file_manager;

use crate::support::Site;
use crate::support::bridge::binary;
use crate::support::certificates::{self, text};
use crate::support::connect::sftp;
use crate::support::files::{MIB, Scratch, assert_same_bytes, random_file};
use crate::support::http::Request;
use crate::support::process::{Running, Said, run, tool};
use crate::support::sshd::Sshd;

const QUICK: Duration = Duration::from_secs(20);

/// The deadline of a handshake and the headers after it, and something for a busy machine.
const DEADLINE: Duration = Duration::from_secs(12);

/// A bridge with a certificate for 127.0.0.1, and two authorities for its clients, one of them unknown to it.
struct Tls {
    site: Site,
    scratch: Scratch,
}

impl Tls {
    fn start() -> Tls {
        Tls::with("")
    }

    /// Takes certificates of the authority `people`.
    fn for_clients() -> Tls {
        Tls::with(", client_ca = \"{folder}/people.pem\"")
    }

    fn with(more: &str) -> Tls {
        let scratch = Scratch::new();
        for authority in ["authority", "people", "strangers"] {
            certificates::authority(&scratch.join(&format!("{authority}.pem")));
        }
        certificates::signed(
            &scratch.join("bridge.pem"),
            &scratch.join("authority.pem"),
            "bridge",
            "IP:127.0.0.1",
        );
        let folder = text(scratch.path());
        let more = more.replace("{folder}", folder);
        let line =
            format!("tls = {{ certificate = \"{folder}/bridge.pem\", key = \"{folder}/bridge.key\"{more} }}");
        Tls { site: Site::with(Sshd::start(), |config| config.listen(&line)), scratch }
    }

    fn authority(&self) -> PathBuf {
        self.scratch.join("authority.pem")
    }

    fn client(&self, options: &[&str]) -> Command {
        let mut openssl = Command::new(tool("openssl"));
        openssl.args(["s_client", "-quiet", "-verify_return_error"]);
        openssl.arg("-connect").arg(format!("127.0.0.1:{}", self.site.bridge.port));
        openssl.arg("-CAfile").arg(self.authority()).args(options);
        openssl
    }

    /// Sends a request over TLS, and reads until the bridge closes.
    fn send(&self, request: &Request, options: &[&str]) -> Said {
        run(&mut self.client(options), request.text().as_bytes(), QUICK)
    }

    /// A certificate for a client, by one of the authorities.
    fn certificate(&self, authority: &str) -> [String; 4] {
        let file = self.scratch.join(&format!("client-of-{authority}.pem"));
        certificates::signed(
            &file,
            &self.scratch.join(&format!("{authority}.pem")),
            "alice",
            "email:alice@example.org",
        );
        let key = file.with_extension("key");
        ["-cert", text(&file), "-key", text(&key)].map(str::to_owned)
    }

    fn health(&self) -> Request {
        self.site.bridge.get("/healthz").header("Connection", "close")
    }
}

fn as_strs(options: &[String; 4]) -> [&str; 4] {
    options.each_ref().map(String::as_str)
}

#[test]
fn stock_sftp_travels_over_the_bridges_own_tls() {
    let tls = Tls::start();
    let bridge = &tls.site.bridge;
    let line = format!(
        "{} connect wss://127.0.0.1:{}/sftp --user {} --password-file {} --ca-file {}",
        binary().display(),
        bridge.port,
        bridge.user.name,
        bridge.password_file().display(),
        tls.authority().display()
    );
    let (file, copy) = (tls.scratch.join("file.bin"), tls.scratch.join("copy.bin"));
    random_file(&file, 5 * MIB + 3);
    let remote = tls.site.sshd.files().join("file.bin");
    let (file, copy, remote) = (text(&file), text(&copy), text(&remote));
    sftp(&line, &format!("put {file} {remote}\nget {remote} {copy}"), QUICK);
    assert_same_bytes(file.as_ref(), copy.as_ref());
    let end = bridge.session_end();
    assert_eq!(end.number("close_code"), 1000);
    assert!(end.get("peer").starts_with("127.0.0.1:"), "{}", end.get("peer"));
}

#[test]
fn only_http_1_1_is_agreed_on() {
    let tls = Tls::start();
    let offered = |protocols| {
        let mut client = Command::new(tool("openssl"));
        client.args([
            "s_client",
            "-alpn",
            protocols,
            "-connect",
            &format!("127.0.0.1:{}", tls.site.bridge.port),
        ]);
        run(&mut client, b"", QUICK)
    };
    assert!(offered("h2,http/1.1").stdout.contains("ALPN protocol: http/1.1"));
    // RFC 7301, section 3.2.
    assert!(offered("h2").stderr.contains("no application protocol"));
}

#[test]
fn a_page_of_ours_has_an_https_origin() {
    let tls = Tls::start();
    let bridge = &tls.site.bridge;
    let status = |origin: String| {
        let mut client = Running::spawn(&mut tls.client(&[]));
        let request = bridge.login().header("Origin", &origin);
        client.stdin().write_all(request.text().as_bytes()).unwrap();
        client.line("an answer", |line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse::<u16>().ok())
    };
    assert_eq!(status(format!("https://127.0.0.1:{}", bridge.port)), 101);
    assert_eq!(status(format!("http://127.0.0.1:{}", bridge.port)), 403);
}

#[test]
fn a_client_needs_no_certificate_but_may_show_only_one_that_is_known() {
    let tls = Tls::for_clients();
    let answer = tls.send(&tls.health(), &[]).stdout;
    assert!(answer.starts_with("HTTP/1.1 200"), "without one: {answer}");
    for version in ["-tls1_2", "-tls1_3"] {
        let known = tls.certificate("people");
        let answer = tls.send(&tls.health(), &[&as_strs(&known)[..], &[version]].concat()).stdout;
        assert!(answer.starts_with("HTTP/1.1 200"), "{version}: {answer}");
        let unknown = tls.certificate("strangers");
        let said = tls.send(&tls.health(), &[&as_strs(&unknown)[..], &[version]].concat());
        assert_eq!(said.stdout, "", "{version}");
    }
    let log = tls.site.bridge.log();
    assert_eq!(log.matches("a client certificate was refused").count(), 2, "{log}");
}

#[test]
fn without_client_ca_no_certificate_is_asked_for() {
    let tls = Tls::start();
    let unknown = tls.certificate("strangers");
    let answer = tls.send(&tls.health(), &as_strs(&unknown)).stdout;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn nothing_that_the_page_says_over_tls_leads_to_a_plain_socket() {
    let tls = Tls::start();
    let request = Request::get(tls.site.bridge.port, "/").header("Connection", "close");
    let answer = tls.send(&request, &[]).stdout;
    assert!(answer.starts_with("HTTP/1.1 200") && !answer.contains("ws://THIS-ADDRESS"), "{answer}");
    assert_eq!(answer.contains("connect wss://THIS-ADDRESS/sftp "), !has_file_manager(), "{answer}");
}

#[test]
fn plain_http_is_told_to_speak_tls() {
    let tls = Tls::start();
    let answer = tls.site.bridge.get("/healthz").send();
    assert_eq!(answer.status, 400);
    let body = answer.body();
    assert!(body.contains("https://"), "{body}");
}

#[test]
fn silence_at_any_step_of_tls_is_closed_in_time_and_delays_nobody() {
    let tls = Tls::start();
    let start = Instant::now();
    let silent = tls.site.bridge.tcp();
    let mut half = tls.site.bridge.tcp();
    half.write_all(&[22, 3, 1, 2, 0, 1]).unwrap();
    let mut shaken = Running::spawn(&mut tls.client(&[]));
    let asked = Instant::now();
    assert!(tls.send(&tls.health(), &[]).stdout.starts_with("HTTP/1.1 200"));
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    shaken.wait(DEADLINE);
    for mut stream in [silent, half] {
        assert_ends(&mut stream, DEADLINE.saturating_sub(start.elapsed()));
    }
}

#[track_caller]
fn assert_ends(stream: &mut TcpStream, limit: Duration) {
    stream.set_read_timeout(Some(limit.max(Duration::from_millis(1)))).unwrap();
    if let Err(error) = stream.read_to_end(&mut Vec::new()) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "not closed within {limit:?}");
    }
}
