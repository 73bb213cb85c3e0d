//! Every way to log in, end to end against a real sshd: by `sftpbridge connect` under stock sftp, and by a client of
//! sftp-login.v1 in JavaScript.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::askpass::Askpass;
use crate::support::bridge::Bridge;
use crate::support::connect::sftp_in;
use crate::support::files::{KIB, Scratch, assert_same_bytes, random_file};
use crate::support::process::Said;
use crate::support::sshd::Sshd;

mod agent;
mod bounds;
mod certificate;
mod client_certificate;
mod guesses;
mod headers;
mod keyboard;
mod legacy;
mod minted;
mod partial;
mod password;
mod peers;
mod publickey;
mod resume;
mod resume_refused;
mod resume_unheard;
mod secrets;
mod tokens;
pub mod users;

const QUICK: Duration = Duration::from_secs(30);

/// Parameters of the login script: one step or several.
fn steps(bridge: &Bridge, steps: Value) -> Value {
    let steps = if steps.is_array() { steps } else { json!([steps]) };
    json!({ "url": bridge.url(), "steps": steps })
}

/// Stock sftp through `connect` puts a file and lists it, with questions answered by `askpass`.
#[track_caller]
fn assert_sftp_works(transport: &str, variables: &[(&str, &str)], sshd: &Sshd) {
    let scratch = Scratch::new();
    let file = scratch.join("file");
    random_file(&file, 200 * KIB + 7);
    let commands = format!("cd {}\nput {}\nls -l file", sshd.files().display(), file.display());
    let said = sftp_in(transport, variables, &commands, QUICK).ok();
    assert!(said.stdout.lines().any(|line| line.ends_with(" file")), "{}{}", said.stdout, said.stderr);
    let arrived = sshd.files().join("file");
    assert_same_bytes(&file, &arrived);
    assert_belongs_to_user(&arrived);
}

#[track_caller]
pub fn assert_belongs_to_user(file: &Path) {
    use std::os::unix::fs::MetadataExt;
    assert_eq!(fs::metadata(file).unwrap().uid(), crate::support::user::User::read().uid);
}

/// Stock sftp through `connect` does not get in.
#[track_caller]
fn sftp_fails(transport: &str, variables: &[(&str, &str)]) -> Said {
    let said = sftp_in(transport, variables, "pwd", QUICK);
    assert!(!said.status.success(), "{}{}", said.stdout, said.stderr);
    said
}

/// Nobody who answers: what asks is told no.
fn nobody() -> Askpass {
    Askpass::new(&[])
}
