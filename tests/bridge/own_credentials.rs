//! The bridge's own credentials at a real sshd: keys and certificates of its authority.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use sftpbridge::config;
use sftpbridge::upstream::{Own, Upstream, UpstreamError};

use crate::support::authority::Authority;
use crate::support::files::Scratch;
use crate::support::process::{run, tool};
use crate::support::sshd::Sshd;
use crate::support::user::User;

/// An sshd and the bridge's credentials for it.
struct Site {
    upstream: Upstream,
    own: Own,
    sshd: Sshd,
}

impl Site {
    /// `keys` is what the upstream has in its configuration about credentials, in JSON.
    fn new(sshd: Sshd, keys: &str) -> Site {
        let address = format!("127.0.0.1:{}", sshd.port);
        let pins = serde_json::to_string(&sshd.keys.fingerprints()).unwrap();
        let written = format!(r#"{{"address": "{address}", "host_keys": {pins}, {keys}}}"#);
        let settings: config::Upstream = serde_json::from_str(&written).unwrap();
        let config::Credentials::Own { user, proof } = &settings.credentials else { panic!("{written}") };
        let own = Own::load("main", user, proof).unwrap();
        Site { upstream: Upstream::new("main", &settings, 256 * 1024).unwrap(), own, sshd }
    }

    /// An sshd that trusts `authority`, whose certificates are as `keys` say; the test user logs in.
    fn certified(authority: &Authority, keys: &str) -> Site {
        let trusted = trusting(authority);
        let (name, key) = (User::read().name, authority.private_key());
        let keys =
            format!(r#""credentials": "certificate", "ca_key_file": {key:?}, "user": "{name}" {keys}"#);
        Site::new(Sshd::options().config(&trusted).start(), &keys)
    }

    /// The login of `person` as it would have been at `now`.
    fn login(&self, person: &str, now: SystemTime) -> Result<(), UpstreamError> {
        let (user, credentials) = self.own.login(person, "S1", now).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let connection = self.upstream.open(&user, &credentials).await?;
            connection.close().await;
            Ok(())
        })
    }

    #[track_caller]
    fn accepted(&self) {
        self.login("alice", SystemTime::now()).unwrap();
    }

    #[track_caller]
    fn refused(&self, now: SystemTime, why: &str) {
        let error = self.login("alice", now).unwrap_err();
        assert!(matches!(error, UpstreamError::Refused { .. }), "{error}");
        let log = self.sshd.log();
        assert!(log.contains(why), "sshd does not say {why:?}: {log}");
    }
}

fn trusting(authority: &Authority) -> String {
    format!("TrustedUserCAKeys {}", authority.public_key().display())
}

/// More keys for the configuration: this is the one principal.
fn principal(name: &str) -> String {
    format!(r#", "certificate_principals": ["{name}"]"#)
}

#[test]
fn a_certificate_logs_in_and_sshds_log_names_person_session_and_upstream() {
    for kind in ["ed25519", "ecdsa", "rsa"] {
        let authority = Authority::of_type(kind);
        let site = Site::certified(&authority, &principal(&User::read().name));
        site.accepted();
        let log = site.sshd.log();
        assert!(log.contains(" ID sftpbridge user=alice session=S1 upstream=main (serial "), "{log}");
        assert!(log.contains(&authority.fingerprint()), "{log}");
    }
}

#[test]
fn a_certificate_that_ran_out_is_refused() {
    let authority = Authority::new();
    let site = Site::certified(&authority, &principal(&User::read().name));
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    site.refused(SystemTime::now() - minutes(10), "Certificate invalid: expired");
    site.refused(SystemTime::now() + minutes(10), "Certificate invalid: not yet valid");
    site.accepted();
}

#[test]
fn a_certificate_for_another_principal_is_refused() {
    // That is alice, and the user at the server is another.
    let authority = Authority::new();
    let site = Site::certified(&authority, &principal("{user}"));
    site.refused(SystemTime::now(), "Certificate invalid: name is not a listed principal");
}

#[test]
fn a_certificate_is_good_from_its_source_addresses_only() {
    let authority = Authority::new();
    let from = |networks: &str| {
        let keys = principal(&User::read().name);
        Site::certified(&authority, &format!(r#"{keys}, "certificate_source_address": {networks}"#))
    };
    from(r#"["192.0.2.0/24", "127.1.2.3/8"]"#).accepted();
    let elsewhere = from(r#"["192.0.2.0/24", "2001:db8::/32"]"#);
    elsewhere.refused(SystemTime::now(), "not from a permitted source address (127.0.0.1)");
}

#[test]
fn a_certificate_by_an_authority_that_sshd_does_not_trust_is_refused() {
    let (trusted, other) = (Authority::new(), Authority::new());
    let name = User::read().name;
    let keys = format!(
        r#""credentials": "certificate", "ca_key_file": {:?}, "user": "{name}" {}"#,
        other.private_key(),
        principal(&name)
    );
    // Only to a debugger does sshd say why.
    let sshd = Sshd::options().config(&trusting(&trusted)).config("LogLevel DEBUG2").start();
    let site = Site::new(sshd, &keys);
    let why = format!("CA ED25519 {} is not listed in", other.fingerprint());
    site.refused(SystemTime::now(), &why);
}

#[test]
fn a_key_file_logs_in_with_its_passphrase() {
    let scratch = Scratch::new();
    let (key, passphrase) = (scratch.join("key"), scratch.join("passphrase"));
    fs::write(&passphrase, "correct horse\n").unwrap();
    for (kind, format) in [("ed25519", "RFC4716"), ("ecdsa", "PKCS8"), ("rsa", "PEM")] {
        keygen(&["-t", kind, "-m", format, "-N", "correct horse"], &key);
        let config = format!("AuthorizedKeysFile {}", key.with_added_extension("pub").display());
        let name = User::read().name;
        let keys = format!(
            r#""credentials": "key", "key_file": {key:?}, "key_passphrase_file": {passphrase:?}, "user": "{name}""#
        );
        let site = Site::new(Sshd::options().config(&config).start(), &keys);
        site.accepted();
        assert!(site.sshd.log().contains("Accepted publickey"), "{}", site.sshd.log());
        fs::remove_file(&key).unwrap();
    }
}

fn keygen(arguments: &[&str], key: &Path) {
    let mut command = Command::new(tool("ssh-keygen"));
    run(command.args(["-q", "-C", ""]).args(arguments).arg("-f").arg(key), b"", Duration::from_secs(60)).ok();
}
