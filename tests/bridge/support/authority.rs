//! A certificate authority: a key of its own, and what ssh-keygen signs with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::files::Scratch;
use super::host_keys::fingerprint;
use super::process::{run, tool};

pub struct Authority {
    scratch: Scratch,
}

impl Authority {
    pub fn new() -> Authority {
        Authority::of_type("ed25519")
    }

    /// With a key as `ssh-keygen -t` names it.
    pub fn of_type(kind: &str) -> Authority {
        let scratch = Scratch::new();
        keygen(&["-q", "-N", "", "-C", "authority", "-t", kind, "-f"], &scratch.join("authority"));
        Authority { scratch }
    }

    pub fn private_key(&self) -> PathBuf {
        self.scratch.join("authority")
    }

    pub fn public_key(&self) -> PathBuf {
        self.scratch.join("authority.pub")
    }

    pub fn fingerprint(&self) -> String {
        fingerprint(&self.private_key())
    }

    /// A known_hosts line for a server on loopback, with this marker.
    pub fn line(&self, marker: &str, port: u16) -> String {
        let public = fs::read_to_string(self.public_key()).unwrap();
        format!("{marker} [127.0.0.1]:{port} {public}")
    }

    /// A certificate of this public key, as ssh-keygen makes it with these arguments.
    #[track_caller]
    pub fn sign(&self, public: &Path, arguments: &[&str]) -> PathBuf {
        let copy = self.scratch.join("certified.pub");
        fs::copy(public, &copy).unwrap();
        let authority = self.private_key();
        let sign = ["-q", "-I", "test", "-s", authority.to_str().unwrap()];
        keygen(&[&sign[..], arguments].concat(), &copy);
        self.scratch.join("certified-cert.pub")
    }
}

#[track_caller]
fn keygen(arguments: &[&str], file: &Path) {
    let mut command = Command::new(tool("ssh-keygen"));
    run(command.args(arguments).arg(file), b"", Duration::from_secs(60)).ok();
}
