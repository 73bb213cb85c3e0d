//! Policies, between real clients and OpenSSH's server, and between it and a client that tries everything.

mod clients;
mod groups;
mod hostile;
mod names;
mod paths;
mod read_only;
mod tree;

use crate::support::Site;
use crate::support::sftp::{self, Response};
use crate::support::sshd::Sshd;

const DENIED: u32 = 3;
const SENTENCE: &str = "the policy of this server ";

/// A site under `[upstreams.main.policy]` with these lines. `$F` is the directory of the files.
fn site(policy: &str) -> Site {
    let sshd = Sshd::start();
    let lines = policy.replace("$F", sshd.files().to_str().unwrap());
    Site::with(sshd, |config| config.section(&format!("[upstreams.main.policy]\n{lines}")))
}

/// Whether the bridge, and not the server, has denied it.
fn is_denied(response: &Response) -> bool {
    response.kind == sftp::STATUS && response.status() == DENIED && response.message().starts_with(SENTENCE)
}
