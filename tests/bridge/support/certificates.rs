//! X.509 certificates by openssl, each with its key beside it.

use std::path::Path;
use std::process::Command;

use super::process::{run, tool};
use super::wait::SOON;

/// A certificate authority's own certificate, in `file`.
#[track_caller]
pub fn authority(file: &Path) {
    make(file, &["-subj", "/CN=authority", "-addext", "basicConstraints=critical,CA:TRUE"]);
}

/// A certificate that `authority` signed for `subject`, whose alternative name is `name` (`DNS:x`, `IP:x`).
#[track_caller]
pub fn signed(file: &Path, authority: &Path, subject: &str, name: &str) {
    let (subject, name) = (format!("/CN={subject}"), format!("subjectAltName={name}"));
    let about = ["-subj", &subject, "-addext", "basicConstraints=CA:FALSE", "-addext", &name];
    let key = authority.with_extension("key");
    make(file, &[&about[..], &["-CA", text(authority), "-CAkey", text(&key)]].concat());
}

fn make(file: &Path, options: &[&str]) {
    // Without a section of extensions in the configuration, only those that are asked for are added.
    let mut openssl = Command::new(tool("openssl"));
    openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]).args(options);
    openssl.arg("-keyout").arg(file.with_extension("key")).arg("-out").arg(file);
    openssl.args(["-config", "/dev/stdin"]);
    run(&mut openssl, b"[req]\ndistinguished_name = name\n[name]\n", SOON).ok();
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
