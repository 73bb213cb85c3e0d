//! Sockets that are there before the bridge is: systemd's own program for trying socket activation hands them over.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::FileTypeExt;
use std::process::Command;
use std::thread;

use crate::support::bridge::{Config, binary};
use crate::support::fake::closed_port;
use crate::support::files::Scratch;
use crate::support::http::Request;
use crate::support::process::{run, tool};
use crate::support::relay::Relay;
use crate::support::session::Session;
use crate::support::sshd::Sshd;
use crate::support::wait::{SOON, wait_for};

/// systemd-socket-activate becomes the bridge once somebody connects to one of its `sockets`, which are called `names`.
fn activated(config: Config, sockets: &[String], names: &str) -> Config {
    let (sockets, names) = (sockets.to_vec(), names.to_owned());
    config.wrapped(move |bridge| {
        let mut activate = Command::new(tool("systemd-socket-activate"));
        activate.args(sockets.iter().flat_map(|socket| ["-l", socket])).arg(format!("--fdname={names}"));
        activate.arg(bridge.get_program()).args(bridge.get_args());
        activate
    })
}

/// The first visitor, without whom nothing starts.
fn knock(port: u16) -> thread::JoinHandle<TcpStream> {
    thread::spawn(move || wait_for("the socket", SOON, || TcpStream::connect(("127.0.0.1", port)).ok()))
}

#[test]
fn several_sockets_of_systemd_come_before_the_configured_address() {
    let (scratch, sshd, port) = (Scratch::new(), Sshd::start(), closed_port());
    let path = scratch.join("sock");
    let sockets = [format!("127.0.0.1:{port}"), path.display().to_string()];
    let knock = knock(port);
    let mut bridge = activated(Config::to(&sshd), &sockets, "web:local").start();
    assert_eq!(bridge.port, port);
    let said = format!("listening on http://127.0.0.1:{port}/\nlistening on http+unix:{}\n", path.display());
    assert_eq!(bridge.output(), said);
    Session::start(bridge.login().open()).is_alive();
    let relay = Relay::to_unix(&path);
    let user = bridge.user.clone();
    let request = Request::upgrade(relay.port, "/sftp").basic(&user.name, &user.password);
    Session::start(request.open()).is_alive();
    drop(knock.join());
    bridge.terminate();
    assert!(bridge.wait_exit(SOON).success());
    assert!(fs::symlink_metadata(&path).unwrap().file_type().is_socket(), "it is systemd's");
}

#[test]
fn a_socket_that_is_called_admin_is_not_for_the_public() {
    let (sshd, admin) = (Sshd::start(), closed_port());
    let knock = knock(admin);
    let bridge = activated(Config::to(&sshd), &[format!("127.0.0.1:{admin}")], "admin").start();
    assert_ne!(bridge.port, admin, "the configured address is the public's");
    assert_eq!(Request::get(admin, "/metrics").send().status, 200, "no admin.address is needed for it");
    Session::start(bridge.login().open()).is_alive();
    drop(knock.join());
}

#[test]
fn a_descriptor_that_does_not_listen_is_an_error_at_the_start() {
    let scratch = Scratch::new();
    let config = scratch.join("proxy.toml");
    let pin = "host_keys = [\"SHA256:Nh0Me49Zh9fDw/VYUfq43IJmI1T+XrjiYONPND8GzaM\"]";
    fs::write(&config, format!("[upstreams.main]\naddress = \"127.0.0.1:22\"\n{pin}\n")).unwrap();
    let script = "exec 3</dev/null; export LISTEN_FDS=1 LISTEN_PID=$$; exec \"$@\"";
    let mut shell = Command::new("sh");
    shell.args(["-c", script, "sh"]).arg(binary()).args(["serve", "--config"]).arg(config);
    let said = run(&mut shell, b"", SOON);
    assert_eq!(said.status.code(), Some(1), "{}", said.stderr);
    assert!(said.stderr.contains("LISTEN_FDS: fd 3 is not a socket"), "{}", said.stderr);
}
