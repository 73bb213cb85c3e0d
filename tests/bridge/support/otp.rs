//! An sshd that asks two questions, one after the other: the password, then a one-time code (RFC 6238).

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::process::{run, tool};
use super::sshd::{Options, Sshd};
use super::user::User;

/// The PAM service that `tests/setup.sh` makes.
const SERVICE: &str = "sshd-otp-sftpbridge";
/// Where it keeps the secrets, a file a user.
const SECRETS: &str = "/var/lib/sftpbridge-test/otp";

/// It takes nothing but answers.
pub fn sshd() -> Options {
    Sshd::options().pam_service(SERVICE).config(
        "PasswordAuthentication no\n\
         PubkeyAuthentication no\n\
         KbdInteractiveAuthentication yes",
    )
}

/// The code of now; one of four minutes ago is still taken, and any of them more than once.
pub fn code() -> String {
    let file = Path::new(SECRETS).join(User::read().name);
    let text = fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}; run: tests/setup.sh", file.display()));
    let secret = text.lines().next().unwrap();
    // By stdin, so that the secret stands in no list of processes.
    let mut oathtool = Command::new(tool("oathtool"));
    oathtool.args(["--totp", "--base32", "-"]);
    let said = run(&mut oathtool, secret.as_bytes(), Duration::from_secs(10)).ok();
    said.stdout.trim().to_owned()
}
