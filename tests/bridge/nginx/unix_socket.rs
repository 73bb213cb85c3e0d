//! The alternative in docs/nginx.conf: a Unix socket between nginx and the bridge.

use super::NGINX;
use crate::support::bridge::Config;
use crate::support::certificates::text;
use crate::support::files::Scratch;
use crate::support::front::{Front, NAME};
use crate::support::session::Session;
use crate::support::sshd::Sshd;

const SOCKET: &str = "/run/sftpbridge/sock";

#[test]
fn nginx_reaches_the_bridge_over_a_unix_socket() {
    let (scratch, sshd) = (Scratch::new(), Sshd::start());
    let path = scratch.join("front.sock");
    // nginx's workers are www-data.
    let config = Config::to(&sshd).unix(&path).listen(r#"socket_mode = "0666""#);
    let bridge = config.listen(r#"trusted_proxies = ["unix"]"#).start();
    let front = Front::with(&NGINX, |shipped| {
        shipped.take(&format!("server unix:{SOCKET};"), "server 127.0.0.1:8022;").put(SOCKET, text(&path))
    });
    let way = front.way(21);
    let request = way.login(&bridge).header("X-Forwarded-For", "192.0.2.1");
    let mut session = Session::start(request.header("Origin", &format!("https://{NAME}")).open());
    session.is_alive();
    session.ws.send_close(1000);
    let end = bridge.session_end();
    assert_eq!((end.get("peer"), end.number("close_code")), ("127.0.0.21", 1000));
}
