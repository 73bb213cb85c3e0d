//! The listener's certificate, its key, and the authorities of clients.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::Site;
use crate::support::certificates::{self, text};
use crate::support::files::Scratch;
use crate::support::http::Request;
use crate::support::process::{run, tool};
use crate::support::relay::{Relay, pem, shown};
use crate::support::session::Session;
use crate::support::sshd::Sshd;
use crate::support::wait::{SOON, wait_until};

const NAME: &str = "bridge.example";
const RELOADED: &[&str] = &["event=reloaded", "what=tls"];
const NOT_RELOADED: &[&str] = &["event=not_reloaded", "what=tls"];

/// A folder of certificates by one authority: that of `bridge.pem` is in use, that of `new.pem` is ready.
struct Tls {
    site: Site,
    folder: Scratch,
}

impl Tls {
    fn start() -> Tls {
        Tls::with("")
    }

    fn with(more: &str) -> Tls {
        let folder = Scratch::new();
        certificates::authority(&folder.join("authority.pem"));
        for name in ["bridge", "new"] {
            make(&folder, name);
        }
        let path = text(folder.path());
        let files = format!("certificate = \"{path}/bridge.pem\", key = \"{path}/bridge.key\"");
        let line = format!("tls = {{ {files}{} }}", more.replace("{folder}", path));
        Tls { site: Site::with(Sshd::start(), |config| config.listen(&line)), folder }
    }

    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).unwrap()
    }

    /// Puts one file in the place of another, as a whole.
    fn put(&self, from: &str, to: &str) {
        let fresh = self.folder.join("fresh");
        fs::copy(self.folder.join(from), &fresh).unwrap();
        fs::rename(fresh, self.folder.join(to)).unwrap();
    }

    #[track_caller]
    fn assert_shown(&self, name: &str) {
        assert_eq!(shown(self.site.bridge.port, NAME), pem(&self.file(name)), "{name} is shown");
    }

    fn shows(&self, name: &str) -> bool {
        shown(self.site.bridge.port, NAME) == pem(&self.file(name))
    }

    fn session(&self) -> (Relay, Session) {
        let relay = Relay::to_tls_of(self.site.bridge.port, NAME, &self.folder.join("authority.pem"));
        let user = &self.site.bridge.user;
        let request = Request::upgrade(relay.port, "/sftp").basic(&user.name, &user.password);
        (relay, Session::start(request.open()))
    }

    /// Waits until the bridge has looked at all files at least once more.
    #[track_caller]
    fn wait_look(&self) {
        let known_hosts = ["event=reloaded", "what=known_hosts"];
        let before = self.site.bridge.logged(&known_hosts);
        let file = self.site.bridge.file("known_hosts");
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, format!("{text}\n")).unwrap();
        self.site.bridge.wait_logged(before + 1, &known_hosts);
    }
}

fn make(folder: &Scratch, name: &str) -> PathBuf {
    let file = folder.join(&format!("{name}.pem"));
    certificates::signed(&file, &folder.join("authority.pem"), NAME, &format!("DNS:{NAME}"));
    file
}

#[test]
fn a_renewed_certificate_is_shown_to_whoever_comes_next_and_disturbs_nobody() {
    let tls = Tls::start();
    let (_relay, mut session) = tls.session();
    let path = tls.site.sshd.remote("file");
    let handle = session.create(&path);
    tls.assert_shown("bridge.pem");
    let old = tls.file("bridge.pem");
    tls.put("new.key", "bridge.key");
    tls.put("new.pem", "bridge.pem");
    let mut blocks = 0;
    wait_until("the new certificate", SOON, || {
        session.write(&handle, blocks * 4096, &[7; 4096]);
        blocks += 1;
        tls.shows("new.pem")
    });
    assert_ne!(pem(&old), pem(&tls.file("bridge.pem")));
    session.write(&handle, blocks * 4096, b"end");
    session.close(&handle);
    assert_eq!(fs::metadata(path).unwrap().len(), blocks * 4096 + 3);
    assert_eq!(tls.site.bridge.session_ends().len(), 0);
    let (_another, mut next) = tls.session();
    next.is_alive();
    tls.site.bridge.wait_logged(1, &[RELOADED, &["bridge.pem"]].concat());
}

#[test]
fn a_bad_certificate_keeps_the_old_one_until_there_is_a_good_one() {
    let tls = Tls::start();
    let (_relay, mut session) = tls.session();
    tls.put("bridge.pem", "old.pem");
    fs::write(tls.folder.join("bridge.pem"), "-----BEGIN CERTIFICATE-----\nAAAA").unwrap();
    let bridge = &tls.site.bridge;
    bridge.wait_logged(1, &[NOT_RELOADED, &["listen.tls.certificate", "bridge.pem"]].concat());
    tls.assert_shown("old.pem");
    fs::remove_file(tls.folder.join("bridge.pem")).unwrap();
    bridge.wait_logged(2, NOT_RELOADED);
    tls.assert_shown("old.pem");
    tls.put("new.key", "bridge.key");
    tls.put("new.pem", "bridge.pem");
    bridge.wait_logged(1, RELOADED);
    tls.assert_shown("new.pem");
    session.is_alive();
}

#[test]
fn a_certificate_waits_for_its_key_and_the_log_says_so_once() {
    let tls = Tls::start();
    let bridge = &tls.site.bridge;
    tls.put("bridge.pem", "old.pem");
    tls.put("new.pem", "bridge.pem");
    bridge.wait_logged(1, NOT_RELOADED);
    tls.assert_shown("old.pem");
    tls.wait_look();
    tls.wait_look();
    assert_eq!(bridge.logged(NOT_RELOADED), 1);
    // Only when somebody asks.
    bridge.hang_up();
    bridge.wait_logged(2, NOT_RELOADED);
    tls.put("new.key", "bridge.key");
    bridge.wait_logged(1, RELOADED);
    tls.assert_shown("new.pem");
}

#[test]
fn a_link_that_is_turned_to_a_new_folder_counts() {
    // As a secret is mounted: bridge.pem -> ..data/bridge.pem, ..data -> a folder of the day.
    let tls = Tls::start();
    let at = |name: &str| tls.folder.join(name);
    for (folder, name) in [("1", "bridge"), ("2", "new")] {
        fs::create_dir(at(folder)).unwrap();
        for kind in ["pem", "key"] {
            fs::copy(at(&format!("{name}.{kind}")), at(folder).join(format!("bridge.{kind}"))).unwrap();
        }
    }
    symlink("1", at("..data")).unwrap();
    for kind in ["pem", "key"] {
        symlink(format!("..data/bridge.{kind}"), at("link")).unwrap();
        fs::rename(at("link"), at(&format!("bridge.{kind}"))).unwrap();
    }
    // The same certificate in another place may count in one step or in two.
    let bridge = &tls.site.bridge;
    wait_until("the links to be looked at", SOON, || bridge.logged(RELOADED) > 0);
    tls.wait_look();
    tls.assert_shown("1/bridge.pem");
    let before = bridge.logged(RELOADED);
    symlink("2", at("..new")).unwrap();
    fs::rename(at("..new"), at("..data")).unwrap();
    bridge.wait_logged(before + 1, RELOADED);
    tls.assert_shown("new.pem");
}

/// Whether a client with a certificate of this authority gets an answer.
fn lets_in(tls: &Tls, authority: &str) -> bool {
    let file = tls.folder.join(&format!("client-of-{authority}.pem"));
    if !file.exists() {
        let authority = tls.folder.join(&format!("{authority}.pem"));
        certificates::signed(&file, &authority, "alice", "email:alice@example.org");
    }
    let mut client = Command::new(tool("openssl"));
    client.args(["s_client", "-quiet", "-connect", &format!("127.0.0.1:{}", tls.site.bridge.port)]);
    client.arg("-cert").arg(&file).arg("-key").arg(file.with_extension("key"));
    let request = tls.site.bridge.get("/healthz").header("Connection", "close");
    run(&mut client, request.text().as_bytes(), SOON).stdout.starts_with("HTTP/1.1 200")
}

#[test]
fn other_authorities_of_clients_count_for_whoever_comes_next() {
    let folder = Scratch::new();
    for authority in ["people", "strangers"] {
        certificates::authority(&folder.join(&format!("{authority}.pem")));
    }
    let copy = |from: &Path, to: &Path| {
        for kind in ["pem", "key"] {
            fs::copy(from.with_extension(kind), to.with_extension(kind)).unwrap();
        }
    };
    let people = folder.join("people.pem");
    let tls = Tls::with(&format!(", client_ca = {people:?}"));
    for authority in ["people", "strangers"] {
        let name = format!("{authority}.pem");
        copy(&folder.join(&name), &tls.folder.join(&name));
    }
    assert!(lets_in(&tls, "people") && !lets_in(&tls, "strangers"));
    fs::write(&people, "no certificate").unwrap();
    tls.site.bridge.wait_logged(1, &[NOT_RELOADED, &["listen.tls.client_ca"]].concat());
    assert!(lets_in(&tls, "people") && !lets_in(&tls, "strangers"));
    fs::copy(folder.join("strangers.pem"), &people).unwrap();
    tls.site.bridge.wait_logged(1, RELOADED);
    assert!(!lets_in(&tls, "people") && lets_in(&tls, "strangers"));
}

#[test]
fn a_certificate_that_expires_soon_is_told_at_the_start() {
    // The certificates of these tests are good for two days.
    let tls = Tls::start();
    tls.site.bridge.wait_logged(1, &["event=certificate_expires", "days="]);
}
