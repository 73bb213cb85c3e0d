//! `sftpbridge keyscan`: what it prints is what ssh-keyscan prints, and what known_hosts takes.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::authority::Authority;
use crate::support::bridge::{Config, binary};
use crate::support::fake::{Fake, closed_port};
use crate::support::files::Scratch;
use crate::support::host_keys::HostKeys;
use crate::support::process::{Said, run, tool};
use crate::support::session::Session;
use crate::support::sshd::Sshd;

const LIMIT: Duration = Duration::from_secs(60);

fn keyscan(arguments: &[&str]) -> Said {
    run(Command::new(binary()).arg("keyscan").args(arguments), b"", LIMIT)
}

fn at(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

fn keys(text: &str) -> BTreeSet<&str> {
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect()
}

#[test]
fn the_lines_are_those_of_ssh_keyscan() {
    let sshd = Sshd::start();
    let ours = keyscan(&[&at(sshd.port)]).ok();
    let mut theirs = Command::new(tool("ssh-keyscan"));
    let theirs = run(theirs.args(["-p", &sshd.port.to_string(), "127.0.0.1"]), b"", LIMIT).ok();
    assert_eq!(keys(&ours.stdout).len(), 3, "{}", ours.stdout);
    assert_eq!(keys(&ours.stdout), keys(&theirs.stdout));
    assert_eq!(keys(&ours.stdout), keys(&sshd.known_hosts()));
    assert!(ours.stderr.contains("operator") && ours.stderr.lines().count() == 1, "{}", ours.stderr);
}

#[test]
fn the_fingerprints_are_comments_and_ssh_keygen_agrees() {
    let sshd = Sshd::start();
    let said = keyscan(&[&at(sshd.port)]).ok();
    let scratch = Scratch::new();
    let file = scratch.join("known_hosts");
    fs::write(&file, &said.stdout).unwrap();
    let listed = run(Command::new(tool("ssh-keygen")).arg("-lf").arg(&file), b"", LIMIT).ok().stdout;
    assert_eq!(listed.lines().count(), 3, "{listed}");
    for fingerprint in sshd.keys.fingerprints() {
        assert!(said.stdout.contains(&format!("# {fingerprint}\n")), "{}", said.stdout);
        assert!(listed.contains(&fingerprint), "{listed}");
    }
}

#[test]
fn a_bridge_trusts_what_was_appended_to_known_hosts() {
    let sshd = Sshd::start();
    let bridge = Config::to(&sshd).known_hosts(&keyscan(&[&at(sshd.port)]).ok().stdout).start();
    Session::start(bridge.login().open()).is_alive();
    assert!(!bridge.log().contains("known_hosts"), "no line is unused: {}", bridge.log());
}

#[test]
fn a_certificate_is_a_hint_and_no_line() {
    let authority = Authority::new();
    let certificate = authority.sign(&HostKeys::named("main").public_key("rsa"), &["-h", "-n", "127.0.0.1"]);
    let sshd = Sshd::options().config(&format!("HostCertificate {}", certificate.display())).start();
    let said = keyscan(&[&at(sshd.port)]).ok();
    assert_eq!(keys(&said.stdout), keys(&sshd.known_hosts()));
    assert!(said.stdout.contains(&authority.fingerprint()), "{}", said.stdout);
    let hint = said.stdout.lines().find_map(|line| line.strip_prefix("# @cert-authority ")).expect("a hint");
    let bridge = Config::to(&sshd).known_hosts(&format!("@cert-authority {hint}\n")).start();
    Session::start(bridge.login().open()).is_alive();
}

#[test]
fn a_server_with_old_algorithms_only_is_scanned_too() {
    let old = "HostKeyAlgorithms ssh-rsa\nKexAlgorithms diffie-hellman-group14-sha1\nCiphers aes128-cbc\nMACs hmac-sha1";
    let sshd = Sshd::options().config(old).start();
    let said = keyscan(&[&at(sshd.port)]).ok();
    let rsa = sshd.known_hosts().lines().find(|line| line.contains("ssh-rsa")).unwrap().to_owned();
    assert_eq!(keys(&said.stdout), BTreeSet::from([rsa.as_str()]));
}

#[test]
fn who_does_not_answer_is_1_and_a_sentence_in_time() {
    let silent = Fake::black_hole();
    let ftp = Fake::says_and_ends(b"220 \x1b[2Jftp\r\n");
    for (port, mention) in
        [(closed_port(), "refused"), (silent.port, "longer than 1s"), (ftp.port, "not an SSH server")]
    {
        let start = Instant::now();
        let said = keyscan(&[&at(port), "--timeout", "1s"]);
        assert!(start.elapsed() < Duration::from_secs(10));
        assert_eq!(said.status.code(), Some(1), "{}", said.stderr);
        assert!(said.stderr.contains(mention) && !said.stderr.contains('\x1b'), "{}", said.stderr);
        assert!(said.stdout.is_empty() && said.stderr.lines().count() == 1, "{}", said.stderr);
    }
    for arguments in [&["user@host"][..], &["host:port"], &[], &["host", "--timeout", "x"]] {
        assert_eq!(keyscan(arguments).status.code(), Some(64));
    }
}
