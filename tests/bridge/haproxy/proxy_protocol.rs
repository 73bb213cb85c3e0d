//! The alternative in docs/haproxy.cfg: HAProxy names the visitor by the PROXY protocol.

use super::HAPROXY;
use crate::support::Site;
use crate::support::front::{BRIDGE, Front, NAME};
use crate::support::session::Session;
use crate::support::sshd::Sshd;

const LISTED: &str = r#"proxy_protocol_from = ["127.0.0.1"]"#;

#[test]
fn haproxy_names_the_visitor_by_the_proxy_protocol() {
    let origins = format!("allowed_origins = [\"https://{NAME}\"]");
    let site = Site::with(Sshd::start(), |config| config.listen(LISTED).listen(&origins));
    let front = Front::with(&HAPROXY, |shipped| {
        let with = "server bridge 127.0.0.1:8022 send-proxy-v2";
        shipped
            .take(with, "server bridge 127.0.0.1:8022")
            .put(BRIDGE, &format!("127.0.0.1:{}", site.bridge.port))
    });
    let way = front.way(21);
    let request = way.login(&site.bridge).header("X-Forwarded-For", "192.0.2.1");
    let mut session = Session::start(request.header("Origin", &format!("https://{NAME}")).open());
    session.is_alive();
    session.ws.send_close(1000);
    let end = site.bridge.session_end();
    assert!(end.get("peer").starts_with("127.0.0.21:"), "with its port: {end:?}");
}
