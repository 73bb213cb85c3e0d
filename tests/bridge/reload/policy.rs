//! Policies: what an edited configuration means for sessions that run.

use std::fs;

use crate::support::Site;
use crate::support::sftp;
use crate::support::sshd::Sshd;

/// SSH_FX_PERMISSION_DENIED
const PERMISSION_DENIED: u32 = 3;

#[test]
fn a_policy_that_changes_counts_for_sessions_that_run() {
    let site = Site::start();
    let mut session = site.session();
    let path = site.sshd.remote("file");
    let handle = session.create(&path);
    session.write(&handle, 0, b"before");
    let file = site.bridge.file("proxy.toml");
    let before = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{before}\n[upstreams.main.policy]\nread_only = true\n")).unwrap();
    site.bridge.wait_logged(1, &["event=reloaded", "what=config"]);
    assert_eq!(site.bridge.logged(&["event=restart_needed"]), 0);
    let denied = session.call(|id| sftp::write(id, &handle, 6, b"after")).status();
    assert_eq!(denied, PERMISSION_DENIED);
    assert_eq!(fs::read(&path).unwrap(), b"before");
    fs::write(&file, before).unwrap();
    site.bridge.wait_logged(2, &["event=reloaded", "what=config"]);
    session.write(&handle, 6, b"again");
}

#[test]
fn an_upstream_that_is_taken_out_of_the_file_keeps_its_policy_for_as_long_as_it_is_served() {
    let site = Site::with(Sshd::start(), |config| config.upstream("policy.read_only = true"));
    let file = site.bridge.file("proxy.toml");
    let other =
        fs::read_to_string(&file).unwrap().replace("\"main\"", "\"other\"").replace(".main]", ".other]");
    fs::write(&file, other).unwrap();
    site.bridge.wait_logged(1, &["event=restart_needed", "upstreams.main", "upstreams.other"]);
    site.bridge.wait_logged(1, &["event=reloaded", "what=config"]);
    let path = site.sshd.remote("folder");
    let denied = site.session().call(|id| sftp::mkdir(id, &path)).status();
    assert_eq!(denied, PERMISSION_DENIED);
    assert!(!fs::exists(&path).unwrap());
}
