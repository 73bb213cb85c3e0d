//! What no metric has: secrets, and anything of a visitor's choice.

use super::site;
use crate::support::metrics::Metrics;
use crate::support::sftp;

#[test]
fn no_password_user_path_or_address_is_in_any_metric() {
    const CANARY: &str = "canary-in-a-coal-mine";
    let site = site();
    let bridge = &site.bridge;
    assert_eq!(bridge.anonymous().basic(CANARY, CANARY).send().status, 401);
    for path in [format!("/{CANARY}"), format!("/sftp/{CANARY}")] {
        bridge.get(&path).send();
        crate::support::http::Request::upgrade(bridge.port, &path).send();
    }
    bridge.anonymous().protocol(CANARY).send();
    let mut session = site.session();
    let handle = session.create(&site.sshd.remote(CANARY));
    session.write(&handle, 0, CANARY.as_bytes());
    session.close(&handle);
    session.call(|id| sftp::Packet::request(sftp::EXTENDED, id).string(CANARY).bytes());
    session.ws.send_close(1000);
    let id = site.bridge.session_end().get("session").to_owned();
    let metrics = bridge.wait_metric("session_ends_total", &[], 1.0);
    for hidden in [CANARY, &bridge.user.name, &bridge.user.password, "127.0.0.1", &id] {
        assert!(!metrics.text.contains(hidden), "{hidden} is in\n{}", metrics.text);
    }
}

#[test]
fn whatever_visitors_do_there_are_no_more_series() {
    let site = site();
    let bridge = &site.bridge;
    let visit = |number: usize| {
        let name = format!("somebody-{number}");
        bridge.anonymous().basic(&name, &name).send();
        bridge.get(&format!("/{name}")).send();
        crate::support::http::Request::upgrade(bridge.port, &format!("/sftp/{name}")).send();
    };
    visit(0);
    let before = Metrics::of(bridge).samples().len();
    (1..8).for_each(visit);
    assert_eq!(Metrics::of(bridge).samples().len(), before);
}
