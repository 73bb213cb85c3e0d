//! Certificates by ACME, from a real authority.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::Site;
use crate::support::bridge::Config;
use crate::support::fake::closed_port;
use crate::support::files::Scratch;
use crate::support::http::Request;
use crate::support::pebble::{Pebble, Place, Trust};
use crate::support::relay::{Relay, shown};
use crate::support::session::Session;
use crate::support::sshd::Sshd;
use crate::support::wait::{SOON, wait_until};

const NAME: &str = "bridge.example.org";
const OBTAINED: &[&str] = &["event=certificate ", "from=https://"];
const CACHED: &[&str] = &["event=certificate ", "from=\"cache\""];
const FAILED: &[&str] = &["event=certificate_not_obtained"];

/// A bridge at the port where the authority looks.
fn site(port: u16, place: &Place, trust: &Trust, cache: &Path) -> Site {
    Site::with(Sshd::start(), |config: Config| {
        let (directory, ca_file) = (place.directory(), trust.ca_file());
        config.listen_port(port).section(&format!(
            "[listen.tls]\nacme_domains = [{NAME:?}]\nacme_contact = [\"ops@example.org\"]\n\
             acme_directory = {directory:?}\nacme_cache = {cache:?}\nacme_ca_file = {ca_file:?}"
        ))
    })
}

#[track_caller]
fn session(site: &Site, root: &Path) -> (Relay, Session) {
    let relay = Relay::to_tls_of(site.bridge.port, NAME, root);
    let user = &site.bridge.user;
    let request = Request::upgrade(relay.port, "/sftp").basic(&user.name, &user.password);
    (relay, Session::start(request.open()))
}

#[test]
fn the_bridge_gets_its_certificate_and_keeps_it_over_a_restart() {
    let (trust, folder, port) = (Trust::new(), Scratch::new(), closed_port());
    let cache = folder.join("acme");
    let pebble = Pebble::start(&trust, Place::proving_at(port));
    let place = pebble.place();
    let certificate = {
        let site = site(port, &place, &trust, &cache);
        wait_until("a certificate", SOON, || {
            assert_eq!(site.bridge.logged(FAILED), 0, "{}", pebble.log());
            site.bridge.logged(OBTAINED) == 1
        });
        let root = pebble.root(&trust);
        let (_relay, mut session) = session(&site, &root);
        session.is_alive();
        shown(port, NAME).expect("a certificate")
    };
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&cache), 0o700);
    let files: Vec<_> = fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 2, "{files:?}");
    for file in &files {
        assert_eq!(mode(file), 0o600, "{file:?}");
    }
    assert_eq!(pebble.issued(), 1, "{}", pebble.log());
    let root = pebble.root(&trust);
    drop(pebble);
    let site = site(port, &place, &trust, &cache);
    assert_eq!(shown(port, NAME), Some(certificate));
    site.bridge.wait_logged(1, CACHED);
    session(&site, &root).1.is_alive();
    assert_eq!(site.bridge.logged(FAILED), 0);
}

#[test]
fn an_authority_that_is_away_is_asked_again_until_it_is_back() {
    let (trust, folder, port) = (Trust::new(), Scratch::new(), closed_port());
    let place = Place::proving_at(port);
    let site = site(port, &place, &trust, &folder.join("acme"));
    wait_until("a failure", SOON, || site.bridge.logged(FAILED) > 0);
    assert!(site.bridge.logged(&[FAILED, &["every TLS handshake fails"]].concat()) > 0);
    assert_eq!(shown(port, NAME), None);
    let pebble = Pebble::start(&trust, place);
    // Without it, the next attempt might be a minute away.
    site.bridge.hang_up();
    wait_until("a certificate", SOON, || site.bridge.logged(OBTAINED) == 1);
    session(&site, &pebble.root(&trust)).1.is_alive();
}

#[test]
fn a_name_that_leads_elsewhere_is_not_certified_and_harms_nothing_else() {
    let (trust, folder, port) = (Trust::new(), Scratch::new(), closed_port());
    let pebble = Pebble::start(&trust, Place::proving_at(closed_port()));
    let mut site = site(port, &pebble.place(), &trust, &folder.join("acme"));
    wait_until("a failure", SOON, || site.bridge.logged(FAILED) > 0);
    assert_eq!(pebble.issued(), 0);
    site.bridge.terminate();
    assert!(site.bridge.wait_exit(SOON).success());
}

#[test]
fn a_challenge_connection_is_no_way_to_http() {
    let (trust, folder, port) = (Trust::new(), Scratch::new(), closed_port());
    let pebble = Pebble::start(&trust, Place::proving_at(port));
    let site = site(port, &pebble.place(), &trust, &folder.join("acme"));
    wait_until("a certificate", SOON, || site.bridge.logged(OBTAINED) == 1);
    let mut client = std::process::Command::new(crate::support::process::tool("openssl"));
    client.args(["s_client", "-servername", NAME, "-alpn", "acme-tls/1"]);
    client.arg("-connect").arg(format!("127.0.0.1:{port}")).arg("-quiet");
    let request = site.bridge.get("/healthz").header("Connection", "close").text();
    let said = crate::support::process::run(&mut client, request.as_bytes(), SOON);
    assert_eq!(said.stdout, "", "{}", said.stderr);
}
