//! Host certificates: what `@cert-authority` lines let in, and what they do not.

use crate::support::authority::Authority;
use crate::support::bridge::{Bridge, Config};
use crate::support::host_keys::HostKeys;
use crate::support::session::Session;
use crate::support::sshd::Sshd;

const FOR_US: &[&str] = &["-h", "-n", "127.0.0.1"];

/// An sshd that shows the certificate that `authority` makes of its key of type `kind`.
#[track_caller]
fn certified(authority: &Authority, kind: &str, arguments: &[&str]) -> Sshd {
    let certificate = authority.sign(&HostKeys::named("main").public_key(kind), arguments);
    Sshd::options().config(&format!("HostCertificate {}", certificate.display())).start()
}

fn trusting(sshd: &Sshd, known_hosts: &str) -> Bridge {
    Config::to(sshd).known_hosts(known_hosts).start()
}

/// The login is refused before a credential leaves, the log says why, and the client is not told.
#[track_caller]
fn refused(sshd: &Sshd, bridge: &Bridge, why: &str) {
    let answer = bridge.login().send();
    assert_eq!(answer.status, 502);
    assert_eq!(answer.reason(), "The SFTP server could not prove its identity.");
    assert!(bridge.log().contains(why), "the log does not say {why:?}");
    assert!(!sshd.log().contains(&bridge.user.name), "the user's name came as far as sshd: {}", sshd.log());
}

/// A certificate made so by a trusted authority is refused.
#[track_caller]
fn no_good(arguments: &[&str], why: &str) {
    let authority = Authority::new();
    let sshd = certified(&authority, "ed25519", arguments);
    let bridge = trusting(&sshd, &authority.line("@cert-authority", sshd.port));
    let authority = authority.fingerprint();
    refused(&sshd, &bridge, &format!("by the authority {authority} is no good: {why}"));
}

#[test]
fn a_certificate_of_any_type_by_an_authority_of_any_type_is_trusted() {
    for (authority, kind) in [("ed25519", "ed25519"), ("ecdsa", "rsa"), ("rsa", "ecdsa")] {
        let authority = Authority::of_type(authority);
        let sshd = certified(&authority, kind, FOR_US);
        let bridge = trusting(&sshd, &authority.line("@cert-authority", sshd.port));
        Session::start(bridge.login().open()).is_alive();
    }
}

#[test]
fn a_certificate_for_another_host_is_refused() {
    no_good(&["-h", "-n", "localhost,127.0.0.2"], "it is for localhost, 127.0.0.2, expected 127.0.0.1");
}

#[test]
fn a_certificate_for_every_host_is_refused() {
    no_good(&["-h"], "it names no principal, expected 127.0.0.1");
}

#[test]
fn a_certificate_after_its_time_is_refused() {
    let arguments = [FOR_US, &["-V", "20200101000000Z:20200102000000Z"]].concat();
    no_good(&arguments, "it was valid until 2020-01-02T00:00:00Z, and it is 20");
}

#[test]
fn a_certificate_before_its_time_is_refused() {
    let arguments = [FOR_US, &["-V", "29990101000000Z:29990102000000Z"]].concat();
    no_good(&arguments, "it is valid from 2999-01-01T00:00:00Z, and it is 20");
}

#[test]
fn a_user_certificate_in_place_of_a_host_certificate_is_refused() {
    no_good(&["-n", "127.0.0.1"], "it is a user certificate");
}

#[test]
fn a_certificate_signed_with_sha_1_is_for_legacy_upstreams_only() {
    let authority = Authority::of_type("rsa");
    let sshd = certified(&authority, "ed25519", &[FOR_US, &["-t", "ssh-rsa"]].concat());
    let line = authority.line("@cert-authority", sshd.port);
    let bridge = trusting(&sshd, &line);
    refused(&sshd, &bridge, "it is signed with ssh-rsa, which needs SHA-1");
    let legacy = Config::to(&sshd).known_hosts(&line).upstream("legacy = true").start();
    Session::start(legacy.login().open()).is_alive();
}

#[test]
fn a_certificate_by_another_authority_is_refused_with_both_named() {
    let (found, expected) = (Authority::new(), Authority::new());
    let sshd = certified(&found, "ed25519", FOR_US);
    let bridge = trusting(&sshd, &expected.line("@cert-authority", sshd.port));
    let (found, expected) = (found.fingerprint(), expected.fingerprint());
    refused(&sshd, &bridge, &format!("found {found}, expected {expected}"));
}

#[test]
fn a_certificate_by_a_revoked_authority_is_refused() {
    let (revoked, other) = (Authority::new(), Authority::new());
    let sshd = certified(&revoked, "ed25519", FOR_US);
    let lines = [
        revoked.line("@cert-authority", sshd.port),
        other.line("@cert-authority", sshd.port),
        revoked.line("@revoked", sshd.port),
    ];
    let bridge = trusting(&sshd, &lines.concat());
    refused(
        &sshd,
        &bridge,
        &format!("revoked authority of the host certificate for [127.0.0.1]:{}", sshd.port),
    );
}

#[test]
fn an_authority_on_record_asks_for_a_certificate_of_a_server_that_has_none() {
    let authority = Authority::new();
    let sshd = Sshd::start();
    let bridge = trusting(&sshd, &authority.line("@cert-authority", sshd.port));
    refused(&sshd, &bridge, &format!("expected a certificate by {}", authority.fingerprint()));
}

#[test]
fn a_server_with_a_certificate_is_known_by_its_plain_key_too() {
    let authority = Authority::new();
    // The certificate is no good, which does not make the key worse that is on record.
    let sshd = certified(&authority, "ed25519", &["-h", "-n", "elsewhere"]);
    let both = format!("{}{}", sshd.known_hosts(), authority.line("@cert-authority", sshd.port));
    for known_hosts in [sshd.known_hosts(), both] {
        let bridge = trusting(&sshd, &known_hosts);
        Session::start(bridge.login().open()).is_alive();
    }
    let pinned = Config::to(&sshd).pinned(sshd.keys.fingerprints()).start();
    Session::start(pinned.login().open()).is_alive();
}

#[test]
fn an_authority_beside_plain_keys_of_a_server_that_has_no_certificate_does_not_disturb() {
    let authority = Authority::new();
    let sshd = Sshd::start();
    let both = format!("{}{}", authority.line("@cert-authority", sshd.port), sshd.known_hosts());
    let bridge = trusting(&sshd, &both);
    Session::start(bridge.login().open()).is_alive();
    assert!(!bridge.log().contains("@cert-authority"), "no warning: {}", bridge.log());
}
