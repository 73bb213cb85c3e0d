//! sftp-server's own names of requests.

use std::process::Command;

use sftpbridge::sftp::{EXTENSIONS, REQUESTS};

use crate::support::process::{run, tool};
use crate::support::wait::SOON;

/// A server that learns another request makes this fail: then somebody must say what it writes.
#[test]
fn the_tables_have_the_names_that_sftp_server_has() {
    let said = run(Command::new(tool("sftp-server")).args(["-Q", "requests"]), b"", SOON).ok();
    let mut theirs: Vec<&str> = said.stdout.split_whitespace().collect();
    // INIT is always answered, and an extension goes by its own name.
    let draft = REQUESTS.iter().map(|row| row.name).filter(|name| !matches!(*name, "init" | "extended"));
    let mut ours: Vec<&str> = draft.chain(EXTENSIONS.iter().map(|row| row.name)).collect();
    theirs.sort_unstable();
    ours.sort_unstable();
    assert_eq!(ours, theirs);
}
