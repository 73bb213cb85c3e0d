//! Host keys: made once and kept under target/, because an RSA key takes its time.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::process::{run, tool};

static MAKING: Mutex<()> = Mutex::new(());

const TYPES: [&str; 3] = ["ed25519", "ecdsa", "rsa"];

/// A set of host keys by name: "main", and "other" for a server that is not the one we trust.
#[derive(Clone)]
pub struct HostKeys {
    dir: PathBuf,
}

impl HostKeys {
    pub fn named(name: &str) -> HostKeys {
        let _one_at_a_time = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("host-keys").join(name);
        if !dir.is_dir() {
            let fresh = dir.with_extension(format!("new-{}", std::process::id()));
            make(&fresh);
            // Another test process may have been quicker: its keys are as good.
            if fs::rename(&fresh, &dir).is_err() {
                fs::remove_dir_all(&fresh).unwrap();
            }
        }
        HostKeys { dir }
    }

    pub fn private_keys(&self) -> impl Iterator<Item = PathBuf> {
        TYPES.iter().map(|kind| self.dir.join(kind))
    }

    pub fn public_key(&self, kind: &str) -> PathBuf {
        self.dir.join(format!("{kind}.pub"))
    }

    /// known_hosts lines for a server on loopback.
    pub fn known_hosts(&self, port: u16) -> String {
        let line = |kind| {
            let public = fs::read_to_string(self.dir.join(format!("{kind}.pub"))).unwrap();
            let mut words = public.split(' ');
            format!("[127.0.0.1]:{port} {} {}\n", words.next().unwrap(), words.next().unwrap().trim())
        };
        TYPES.iter().map(line).collect()
    }

    /// `SHA256:…` of each key, as ssh-keygen prints it.
    pub fn fingerprints(&self) -> Vec<String> {
        self.private_keys().map(|key| fingerprint(&key)).collect()
    }
}

fn make(dir: &Path) {
    fs::create_dir_all(dir).unwrap();
    for kind in TYPES {
        let mut keygen = Command::new(tool("ssh-keygen"));
        keygen.args(["-q", "-N", "", "-C", "sftpbridge-test", "-t", kind, "-f"]).arg(dir.join(kind));
        run(&mut keygen, b"", Duration::from_secs(60)).ok();
    }
}

pub fn fingerprint(key: &Path) -> String {
    let mut keygen = Command::new(tool("ssh-keygen"));
    let said = run(keygen.args(["-l", "-E", "sha256", "-f"]).arg(key), b"", Duration::from_secs(10)).ok();
    said.stdout.split(' ').nth(1).unwrap().to_owned()
}
