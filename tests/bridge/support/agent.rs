//! An ssh-agent of the test's own, on a socket of its own; it ends on Drop.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::files::Scratch;
use super::process::{Running, run, tool};
use super::wait::{SOON, wait_until};

pub struct Agent {
    _process: Running,
    socket: PathBuf,
    _scratch: Scratch,
}

impl Agent {
    pub fn start() -> Agent {
        let scratch = Scratch::new();
        let socket = scratch.join("agent");
        let mut agent = Command::new(tool("ssh-agent"));
        let process = Running::spawn(agent.arg("-D").arg("-a").arg(&socket));
        // The file is there a moment before the agent listens.
        wait_until("ssh-agent to listen", SOON, || UnixStream::connect(&socket).is_ok());
        Agent { _process: process, socket, _scratch: scratch }
    }

    /// Gives it a private key without a passphrase, and the certificate beside it if there is one.
    pub fn add(self, key: &Path) -> Agent {
        let mut add = Command::new(tool("ssh-add"));
        add.arg("-q").arg(key).env("SSH_AUTH_SOCK", &self.socket);
        run(&mut add, b"", Duration::from_secs(10)).ok();
        self
    }

    pub fn socket(&self) -> &str {
        self.socket.to_str().unwrap()
    }
}
