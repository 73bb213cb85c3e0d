//! A TLS client certificate says who somebody is: at the bridge's own listener, by `connect`.

use super::{assert_sftp_works, nobody, sftp_fails};
use crate::support::bridge::{Config, binary};
use crate::support::certificates::{self, text};
use crate::support::files::Scratch;
use crate::support::identity::Minting;

/// A bridge that makes certificates for those whose own certificate is by the authority `people`.
struct Tls {
    site: Minting,
    scratch: Scratch,
}

impl Tls {
    fn start() -> Tls {
        let scratch = Scratch::new();
        for authority in ["authority", "people", "strangers"] {
            certificates::authority(&scratch.join(&format!("{authority}.pem")));
        }
        let authority = scratch.join("authority.pem");
        certificates::signed(&scratch.join("bridge.pem"), &authority, "bridge", "IP:127.0.0.1");
        let folder = text(scratch.path());
        let line = format!(
            "tls = {{ certificate = \"{folder}/bridge.pem\", key = \"{folder}/bridge.key\", \
             client_ca = \"{folder}/people.pem\" }}"
        );
        let configure =
            |config: Config| config.listen(&line).section("[identity.client_certificate]\nuser = \"cn\"");
        Tls { site: Minting::with("ed25519", configure), scratch }
    }

    /// `connect` that shows nothing of its own.
    fn connect(&self) -> String {
        let authority = self.scratch.join("authority.pem");
        let (binary, port) = (binary(), self.site.bridge.port);
        format!("{} connect wss://127.0.0.1:{port}/sftp --ca-file {}", binary.display(), text(&authority))
    }

    /// `connect` with a certificate by `authority` for `name`.
    fn connect_as(&self, authority: &str, name: &str) -> String {
        let file = self.scratch.join(&format!("{name}-by-{authority}.pem"));
        let authority = self.scratch.join(&format!("{authority}.pem"));
        certificates::signed(&file, &authority, name, "email:somebody-else@example.org");
        let key = file.with_extension("key");
        format!("{} --client-certificate {} --client-key {}", self.connect(), text(&file), text(&key))
    }
}

#[test]
fn a_client_certificate_lands_connect_under_its_common_name_by_a_minted_certificate() {
    let tls = Tls::start();
    let name = &tls.site.user.name;
    let nobody = nobody();
    assert_sftp_works(&tls.connect_as("people", name), &nobody.variables(), &tls.site.sshd);
    assert_eq!(nobody.asked(), [""; 0]);
    let end = tls.site.bridge.session_end();
    assert_eq!(end.get("user"), name);
    let accepted = tls.site.sshd.accepted();
    let [line] = &accepted[..] else { panic!("{accepted:?}") };
    let id = format!("ID sftpbridge user={name} session={} upstream=main ", end.get("session"));
    for part in [&format!("Accepted publickey for {name} "), "ED25519-CERT ", &id] {
        assert!(line.contains(part), "{part} is not in: {line}");
    }
}

#[test]
fn the_name_in_a_client_certificate_is_who_it_is_whatever_else_is_asked_for() {
    let tls = Tls::start();
    let name = &tls.site.user.name;
    let other = tls.connect_as("people", "nobody-here");
    sftp_fails(&format!("{other} --user {name}"), &nobody().variables());
    sftp_fails(&other, &nobody().variables());
    assert_eq!(tls.site.sshd.accepted(), [""; 0]);
}

#[test]
fn without_a_client_certificate_connect_is_refused() {
    let tls = Tls::start();
    let said = sftp_fails(&tls.connect(), &nobody().variables());
    assert!(said.stderr.contains("refused"), "{}", said.stderr);
    let named = format!("{} --user {}", tls.connect(), tls.site.user.name);
    sftp_fails(&named, &[&nobody().variables()[..], &[("SFTPBRIDGE_PASSWORD", "x")]].concat());
    assert_eq!(tls.site.sshd.connections(), 0);
}

#[test]
fn a_client_certificate_of_another_authority_is_refused() {
    let tls = Tls::start();
    let said = sftp_fails(&tls.connect_as("strangers", &tls.site.user.name), &nobody().variables());
    assert!(said.stderr.contains("sftpbridge: "), "{}", said.stderr);
    let log = tls.site.bridge.log();
    assert!(log.contains("a client certificate was refused"), "{log}");
    assert_eq!(tls.site.sshd.connections(), 0);
}
