//! What a person must know before a secret leaves the machine unprotected.

use super::Target;

/// Said once, before a secret goes out unencrypted.
#[derive(Debug)]
pub(super) struct Warning {
    /// To whom, while it is due.
    target: Option<String>,
}

impl Warning {
    pub(super) fn new(target: &Target) -> Self {
        let exposed = !target.tls && !target.is_loopback();
        Self { target: exposed.then(|| target.to_string()) }
    }

    pub(super) fn before(&mut self, secret: &str) {
        if let Some(target) = self.target.take() {
            eprintln!("sftpbridge: warning: the {secret} goes to {target} unencrypted; use wss://");
        }
    }
}
