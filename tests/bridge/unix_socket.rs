//! The bridge on a unix socket, with socat in front where a reverse proxy would be.

use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use crate::support::bridge::{Bridge, Config};
use crate::support::certificates;
use crate::support::files::{MIB, Scratch, random_bytes};
use crate::support::http::Request;
use crate::support::identity::{HEADER, Minting};
use crate::support::relay::Relay;
use crate::support::session::Session;
use crate::support::sshd::Sshd;
use crate::support::wait::SOON;

struct Place {
    relay: Relay,
    bridge: Bridge,
    sshd: Sshd,
    path: PathBuf,
    _scratch: Scratch,
}

impl Place {
    fn with(configure: impl FnOnce(Config) -> Config) -> Place {
        let (scratch, sshd) = (Scratch::new(), Sshd::start());
        let path = scratch.join("sock");
        let bridge = configure(Config::to(&sshd).unix(&path)).start();
        Place { relay: Relay::to_unix(&path), bridge, sshd, path, _scratch: scratch }
    }

    fn login(&self) -> Request {
        let user = &self.bridge.user;
        Request::upgrade(self.relay.port, "/sftp").basic(&user.name, &user.password)
    }
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_session_runs_over_a_unix_socket() {
    let mut place = Place::with(|config| config);
    assert_eq!(place.bridge.output().trim_end(), format!("listening on http+unix:{}", place.path.display()));
    assert!(fs::symlink_metadata(&place.path).unwrap().file_type().is_socket());
    assert_eq!(mode(&place.path), 0o660);
    let mut session = Session::start(place.login().open());
    let (data, name) = (random_bytes(MIB), place.sshd.remote("file"));
    session.put(&name, &data);
    assert!(fs::read(&name).unwrap() == data);
    session.ws.send_close(1000);
    let end = place.bridge.session_end();
    assert_eq!((end.get("peer"), end.number("close_code")), ("unix", 1000));
    place.bridge.terminate();
    assert!(place.bridge.wait_exit(SOON).success());
    assert!(!place.path.exists(), "it goes with the bridge");
}

#[test]
fn the_permissions_are_those_of_the_configuration() {
    let place = Place::with(|config| config.listen("socket_mode = \"0606\""));
    assert_eq!(mode(&place.path), 0o606);
}

#[test]
fn the_socket_of_a_bridge_that_was_killed_is_replaced_and_that_of_a_live_one_is_not() {
    let (scratch, sshd) = (Scratch::new(), Sshd::start());
    let path = scratch.join("sock");
    let mut first = Config::to(&sshd).unix(&path).start();
    first.kill();
    assert!(path.exists());
    let _second = Config::to(&sshd).unix(&path).start();
    UnixStream::connect(&path).unwrap();
    let third = Config::to(&sshd).unix(&path).refused();
    assert_eq!(third.status.code(), Some(1), "{}", third.stderr);
    let expected = format!("listen.address: cannot listen on unix:{}: already in use", path.display());
    assert!(third.stderr.contains(&expected), "{}", third.stderr);
    UnixStream::connect(&path).unwrap();
}

#[test]
fn tls_is_spoken_on_a_unix_socket_too() {
    let certificates = Scratch::new();
    let (authority, leaf) = (certificates.join("authority.pem"), certificates.join("bridge.pem"));
    certificates::authority(&authority);
    certificates::signed(&leaf, &authority, "bridge", "DNS:bridge.example");
    let key = leaf.with_extension("key");
    let line = format!("tls = {{ certificate = {leaf:?}, key = {key:?} }}");
    let place = Place::with(|config| config.listen(&line));
    assert!(place.bridge.output().starts_with("listening on https+unix:/"), "{}", place.bridge.output());
    let relay = Relay::to_tls_on_unix(&place.path, &authority);
    let (user, password) = (&place.bridge.user.name, &place.bridge.user.password);
    let mut session = Session::start(Request::upgrade(relay.port, "/sftp").basic(user, password).open());
    session.is_alive();
    session.ws.send_close(1000);
    let end = place.bridge.session_end();
    assert_eq!((end.get("peer"), end.number("close_code")), ("unix", 1000));
    // Plain HTTP is told what is wrong.
    let plain = Request::get(place.relay.port, "/healthz").send();
    assert_eq!(plain.status, 400);
}

#[test]
fn the_limits_per_address_are_for_those_whom_a_listed_proxy_names() {
    let place =
        Place::with(|config| config.limit("sessions_per_address = 1").listen("trusted_proxies = [\"unix\"]"));
    let by = |client: &str| place.login().header("X-Forwarded-For", client);
    let _nameless = [place.login().open(), place.login().open()];
    let _first = by("203.0.113.9, 192.0.2.1").open();
    assert_eq!(by("192.0.2.1").send().status, 429);
    drop(by("192.0.2.2").open());
    assert_eq!(place.bridge.session_end().get("peer"), "192.0.2.2");
}

#[test]
fn forwarding_headers_on_an_unlisted_unix_socket_change_nothing() {
    let place = Place::with(|config| config.limit("sessions_per_address = 1"));
    let by = |client: &str| place.login().header("X-Forwarded-For", client).open();
    let _first = by("192.0.2.1");
    drop(by("192.0.2.1"));
    assert_eq!(place.bridge.session_end().get("peer"), "unix");
}

#[test]
fn a_person_is_known_by_a_header_on_a_listed_unix_socket_alone() {
    for (from, status) in [("unix", 101), ("127.0.0.0/8", 401)] {
        let scratch = Scratch::new();
        let path = scratch.join("sock");
        let section = format!("[identity.trusted_header]\nname = {HEADER:?}\nfrom = [{from:?}]");
        let site = Minting::with("ed25519", |config| config.unix(&path).section(&section));
        let relay = Relay::to_unix(&path);
        let request = Request::upgrade(relay.port, "/sftp").header(HEADER, &site.user.name);
        assert_eq!(request.header("X-Forwarded-For", "127.0.0.1").send().status, status, "from = {from:?}");
    }
}

#[test]
fn the_proxy_protocol_names_clients_on_a_unix_socket_too() {
    let place = Place::with(|config| {
        config.limit("sessions_per_address = 1").listen("proxy_protocol_from = [\"unix\"]")
    });
    let by = |header: &str| place.login().after(header.as_bytes());
    let _first = by("PROXY TCP4 192.0.2.1 198.51.100.1 4000 443\r\n").open();
    assert_eq!(by("PROXY TCP4 192.0.2.1 198.51.100.1 4001 443\r\n").send().status, 429);
    drop(by("PROXY TCP6 2001:db8::1 2001:db8::2 4000 443\r\n").open());
    assert_eq!(place.bridge.session_end().get("peer"), "[2001:db8::1]:4000");
    let mut nothing = Vec::new();
    std::io::Read::read_to_end(&mut place.login().send_only(), &mut nothing).unwrap_or_default();
    assert_eq!(String::from_utf8_lossy(&nothing), "", "without a header");
}
