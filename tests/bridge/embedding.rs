//! The bridge inside another axum program, on that program's listener and runtime.

use std::net::SocketAddr;
use std::path::Path;

use axum::routing::get;
use sftpbridge::config::{Config, Overrides};

use crate::support::files::Scratch;
use crate::support::http::Request;
use crate::support::session::Session;
use crate::support::sshd::Sshd;
use crate::support::user::User;

#[test]
fn another_program_serves_the_bridge_beside_its_own_routes() {
    let sshd = Sshd::start();
    let scratch = Scratch::new();
    std::fs::write(scratch.join("known_hosts"), sshd.known_hosts()).unwrap();
    let text = format!(
        "[listen]\nbase_path = \"/files\"\n[upstreams.main]\naddress = \"127.0.0.1:{}\"\nknown_hosts = {:?}\n",
        sshd.port,
        scratch.join("known_hosts")
    );
    let config = Config::resolve(Some((Path::new("proxy.toml"), &text)), [], &Overrides::default()).unwrap();

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let port = listener.local_addr().unwrap().port();
    let app = sftpbridge::router(&config).unwrap().route("/own", get(async || "own"));
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    runtime.spawn(async move { axum::serve(listener, service).await });

    assert_eq!(Request::get(port, "/own").send().body(), "own");
    assert_eq!(Request::get(port, "/files/healthz").send().status, 200);
    let user = User::read();
    let ws = Request::upgrade(port, "/files/sftp").basic(&user.name, &user.password).open();
    Session::start(ws).is_alive();
}
