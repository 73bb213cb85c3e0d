//! What the bridge counts and measures, and the listener that shows it.

mod admin;
mod counted;
mod documented;
mod hidden;
mod prometheus;

use serde_json::json;

use crate::support::Site;
use crate::support::bridge::Bridge;
use crate::support::conversation::Conversation;
use crate::support::metrics::Metrics;
use crate::support::session::Session;
use crate::support::sftp::{self, OPENDIR, READDIR};
use crate::support::sshd::Sshd;

fn site() -> Site {
    Site::with(Sshd::start(), |config| config.admin())
}

/// One request of every class but `other`, and then a few more: how many there were, by class.
fn every_class(session: &mut Session, sshd: &Sshd) -> [(&'static str, f64); 8] {
    let file = sshd.remote("file");
    let handle = session.create(&file);
    session.write(&handle, 0, &[7; 1000]);
    session.write(&handle, 1000, &[7; 1000]);
    session.close(&handle);
    let handle = session.open(&file, sftp::READ_FLAG);
    session.read(&handle, 0, 2000);
    session.close(&handle);
    let folder = session.call(|id| sftp::with_name(OPENDIR, id, sshd.remote(""))).string().to_vec();
    session.call(|id| sftp::with_name(READDIR, id, &folder));
    session.close(&folder);
    session.call(|id| sftp::with_name(sftp::STAT, id, &file));
    session.call(|id| sftp::with_name(sftp::REMOVE, id, &file));
    let limits = |id| sftp::Packet::request(sftp::EXTENDED, id).string("limits@openssh.com").bytes();
    session.call(limits);
    [
        ("open", 3.0),
        ("write", 2.0),
        ("read", 1.0),
        ("close", 3.0),
        ("list", 1.0),
        ("stat", 1.0),
        ("change", 1.0),
        ("other", 1.0),
    ]
}

/// Everything that a short life brings: logins by header and conversation, good and bad, and a session that works.
fn workload(bridge: &Bridge, sshd: &Sshd) -> Metrics {
    assert_eq!(bridge.anonymous().basic(&bridge.user.name, "wrong").send().status, 401);
    let mut session = Session::start(bridge.login().open());
    every_class(&mut session, sshd);
    session.ws.send_close(1000);
    let mut conversation = Conversation::open(&bridge.anonymous());
    let login = json!({ "method": "password", "user": bridge.user.name, "password": bridge.user.password });
    conversation.ready(login, &[]);
    let mut session = conversation.session();
    session.is_alive();
    session.ws.send_close(1000);
    bridge.wait_metric("session_ends_total", &[], 2.0)
}
