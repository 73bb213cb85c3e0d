//! The peers by themselves: stock sftp logs in straight to each kind of sshd that these tests stand on.

use std::path::Path;
use std::process::Command;

use super::{QUICK, nobody};
use crate::support::agent::Agent;
use crate::support::askpass::Askpass;
use crate::support::keys::Keys;
use crate::support::otp;
use crate::support::process::{run, tool};
use crate::support::sshd::Sshd;
use crate::support::user::User;

/// OpenSSH's own client, with no key and no agent but those given.
#[track_caller]
fn direct(sshd: &Sshd, options: &[&str], variables: &[(&str, &str)]) -> bool {
    let mut sftp = Command::new(tool("sftp"));
    sftp.args(["-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"])
        .args(["-o", "BatchMode=no", "-b", "-", "-P", &sshd.port.to_string()])
        .args(["-o", "NumberOfPasswordPrompts=1"])
        .args(options)
        .arg(format!("{}@127.0.0.1", User::read().name))
        .env_remove("SSH_AUTH_SOCK")
        .envs(variables.iter().copied());
    let said = run(&mut sftp, b"pwd\n", QUICK);
    eprintln!("{}{}{}", said.stdout, said.stderr, sshd.log());
    said.status.success()
}

fn identity(key: &Path) -> [String; 4] {
    ["-i".to_owned(), key.display().to_string(), "-o".to_owned(), "IdentitiesOnly=yes".to_owned()]
}

#[test]
fn sshd_asks_for_a_password_and_then_for_a_code() {
    let (sshd, user) = (otp::sshd().start(), User::read());
    let person = Askpass::new(&[("Password:", &user.password), ("Verification code:", &otp::code())]);
    assert!(direct(&sshd, &[], &person.variables()));
    assert_eq!(person.asked().len(), 2);
    // The same code again, and a wrong one.
    assert!(direct(&sshd, &[], &person.variables()));
    let stranger = Askpass::new(&[("Password:", &user.password), ("Verification code:", "000000x")]);
    assert!(!direct(&sshd, &[], &stranger.variables()));
    assert_eq!(sshd.accepted().len(), 2);
}

#[test]
fn sshd_wants_a_key_and_then_a_password() {
    let (keys, user) = (Keys::new(), User::read());
    let key = keys.make("ed25519");
    let both = "AuthenticationMethods publickey,password";
    let sshd = Sshd::options().config(&keys.authorize(&[&key])).config(both).start();
    let person = Askpass::new(&[("assword", &user.password)]);
    assert!(direct(&sshd, &identity(&key).each_ref().map(String::as_str), &person.variables()));
    assert!(!direct(&sshd, &[], &person.variables()), "a password alone");
}

#[test]
fn sshd_takes_keys_of_each_kind_from_files_and_from_an_agent() {
    let keys = Keys::new();
    let (plain, encrypted) = (keys.make("ecdsa"), keys.encrypted("ed25519", "a passphrase"));
    let (pem, held) = (keys.encrypted_pem("ecdsa", "another"), keys.make("rsa"));
    let sshd = Sshd::options()
        .config(&keys.authorize(&[&plain, &encrypted, &pem, &held]))
        .config("PasswordAuthentication no")
        .start();
    let nobody = nobody();
    let person = Askpass::new(&[("ed25519-encrypted", "a passphrase"), ("ecdsa-pem", "another")]);
    assert!(direct(&sshd, &identity(&plain).each_ref().map(String::as_str), &nobody.variables()));
    assert!(direct(&sshd, &identity(&encrypted).each_ref().map(String::as_str), &person.variables()));
    assert!(direct(&sshd, &identity(&pem).each_ref().map(String::as_str), &person.variables()));
    let agent = Agent::start().add(&held);
    assert!(direct(&sshd, &[], &[("SSH_AUTH_SOCK", agent.socket())]));
    assert!(!direct(&sshd, &[], &nobody.variables()), "no key");
}

#[test]
fn sshd_takes_certificates_for_a_user_name_or_a_principal_and_no_bare_key() {
    let (keys, user) = (Keys::new(), User::read().name);
    let authority = keys.authority("ed25519");
    let (named, bare, listed) = (keys.make("ed25519"), keys.make("ecdsa"), keys.make("rsa"));
    keys.certify(&authority, &named, &user);
    keys.certify(&authority, &listed, "staff");
    let nobody = nobody();
    let sshd = Sshd::options().config(&keys.trust(&authority)).config("PasswordAuthentication no").start();
    assert!(direct(&sshd, &identity(&named).each_ref().map(String::as_str), &nobody.variables()));
    assert!(!direct(&sshd, &identity(&bare).each_ref().map(String::as_str), &nobody.variables()));
    assert!(!direct(&sshd, &identity(&listed).each_ref().map(String::as_str), &nobody.variables()));
    let sshd = Sshd::options()
        .config(&keys.trust(&authority))
        .config(&keys.principals(&["staff"]))
        .config("PasswordAuthentication no")
        .start();
    assert!(direct(&sshd, &identity(&listed).each_ref().map(String::as_str), &nobody.variables()));
}
