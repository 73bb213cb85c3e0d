//! What holds behind every proxy whose configuration is in docs/.

use std::time::{Duration, Instant};

use serde_json::json;

use super::Site;
use super::bridge::Config;
use super::certificates::text;
use super::connect::sftp;
use super::files::{MIB, Scratch, assert_same_bytes, random_file};
use super::front::{BRIDGE, Front, Kind, NAME, Place, TRUSTING};
use super::login::Talk;
use super::node::{node_with, result};
use super::process::{Said, descendants, run, status_kib};
use super::session::Session;
use super::shipped::Shipped;
use super::sshd::Sshd;
use super::wait::{SOON, wait_for};
use super::ws::{Heard, Ws};

const TRANSFER: Duration = Duration::from_secs(60);

/// What a proxy may need for itself, in KiB. HAProxy takes half of that for its tables, before anybody comes.
const OWN_MEMORY: u64 = 24 * 1024;

#[track_caller]
pub fn site() -> Site {
    Site::with(Sshd::start(), |config| config.listen(TRUSTING))
}

#[track_caller]
pub fn check(kind: &Kind) -> Said {
    let place = Place::new();
    let shipped = (kind.place)(Shipped::read(kind.file), &place);
    let file = shipped.write(place.path(kind.file).into());
    run(&mut (kind.check)(&file), b"", SOON)
}

#[track_caller]
pub fn stock_sftp_travels(kind: &Kind) {
    let site = site();
    let front = Front::before(kind, &site.bridge);
    let scratch = Scratch::new();
    let (file, copy) = (scratch.join("file.bin"), scratch.join("copy.bin"));
    random_file(&file, 5 * MIB + 3);
    let remote = site.sshd.files().join("file.bin");
    let (file, copy, remote) = (text(&file), text(&copy), text(&remote));
    sftp(&front.connect_line(&site.bridge), &format!("put {file} {remote}\nget {remote} {copy}"), TRANSFER);
    assert_same_bytes(file.as_ref(), copy.as_ref());
    assert_eq!(site.bridge.session_end().number("close_code"), 1000);
}

#[track_caller]
pub fn sftp_ws_travels(kind: &Kind) {
    let site = site();
    let front = Front::before(kind, &site.bridge);
    let scratch = Scratch::new();
    let (file, copy) = (scratch.join("file.bin"), scratch.join("copy.bin"));
    random_file(&file, 2 * MIB + 1);
    let user = &site.bridge.user;
    let parameters = json!({
        "url": front.url(),
        "user": user.name,
        "password": user.password,
        "remote": site.sshd.files(),
        "file": file,
        "copy": copy,
    });
    let trust = [("NODE_EXTRA_CA_CERTS", text(&front.authority()).to_owned())];
    let seen = result(node_with("session.js", &parameters, &trust));
    assert_eq!(seen["renamed"], json!(["renamed.bin"]));
    assert_same_bytes(&file, &copy);
}

#[track_caller]
pub fn a_conversation_travels(kind: &Kind) {
    let site = site();
    let front = Front::before(kind, &site.bridge);
    let way = front.way(1);
    let mut talk = Talk::with(&way.anonymous());
    talk.log_in();
    let mut session = talk.session();
    session.is_alive();
    session.ws.send_close(1000);
    assert_eq!(site.bridge.session_end().number("close_code"), 1000);
}

/// The visitor's address is the one that the proxy saw, whatever the visitor writes.
#[track_caller]
pub fn the_visitor_is_who_came_to_the_proxy(kind: &Kind) {
    let site = Site::with(Sshd::start(), |config| config.listen(TRUSTING).limit("sessions_per_address = 1"));
    let front = Front::before(kind, &site.bridge);
    let (one, other) = (front.way(21), front.way(22));
    let mut first = Session::start(one.login(&site.bridge).open());
    for forged in [
        ("X-Forwarded-For", "192.0.2.1"),
        ("X-Forwarded-For", "192.0.2.1, 127.0.0.1"),
        ("Forwarded", "for=192.0.2.1"),
        ("X-Real-IP", "192.0.2.1"),
    ] {
        let answer = one.login(&site.bridge).header(forged.0, forged.1).send();
        assert_eq!(answer.status, 429, "{forged:?}: still the same visitor");
    }
    let second = Session::start(other.login(&site.bridge).header("X-Forwarded-For", "127.0.0.21").open());
    first.ws.send_close(1000);
    assert_eq!(site.bridge.session_end().get("peer"), "127.0.0.21");
    drop(second);
    wait_for("the other's end", SOON, || {
        site.bridge.session_ends().iter().any(|end| end.get("peer") == "127.0.0.22").then_some(())
    });
}

/// A header that names a person is the proxy's; from a visitor it does not get through.
#[track_caller]
pub fn nobody_names_themselves(kind: &Kind, header: &str) {
    let identity = format!(
        "[identity.trusted_header]\nname = {header:?}\nfrom = [\"127.0.0.1\"]\ngroups = \"X-Remote-Groups\""
    );
    let secret = Scratch::new();
    let password = secret.join("password");
    std::fs::write(&password, super::user::User::read().password).unwrap();
    let user = super::user::User::read().name;
    let own = format!("credentials = \"password\"\nuser = {user:?}\npassword_file = {:?}", text(&password));
    let site =
        Site::with(Sshd::start(), |config: Config| config.listen(TRUSTING).upstream(&own).section(&identity));
    // The bridge itself would believe it: what stops it is the proxy.
    assert_eq!(site.bridge.anonymous().header(header, "ann").send().status, 101);
    let front = Front::before(kind, &site.bridge);
    let answer = front.way(1).anonymous().header(header, "ann").send();
    assert_eq!((answer.status, answer.header("SFTP-Authenticate-Info").is_some()), (401, true));
}

#[track_caller]
pub fn refusals_pass(kind: &Kind) {
    let site = site();
    let front = Front::before(kind, &site.bridge);
    let way = front.way(1);
    let direct = site.bridge.anonymous().send();
    let answer = way.anonymous().send();
    assert_eq!(answer.status, 401);
    for name in ["WWW-Authenticate", "SFTP-Authenticate-Info", "Content-Type", "Cache-Control"] {
        assert!(direct.header(name).is_some() && answer.header(name) == direct.header(name), "{name}");
    }
    assert_eq!(answer.body(), direct.body());
    assert_eq!(way.at("/sftp/nowhere").send().status, 404);
    assert_eq!(way.get("/api/info").send().status, 200);
    assert_eq!(way.get("/sftp").send().status, 426, "no WebSocket");
    let long = "x".repeat(20 * 1024);
    let refused = way.get("/healthz").header("X-Long", &long).send();
    assert!(matches!(refused.status, 400 | 431), "a header over the limit: {}", refused.status);
}

#[track_caller]
pub fn a_page_has_an_https_origin(kind: &Kind) {
    let site = site();
    let front = Front::before(kind, &site.bridge);
    let way = front.way(1);
    let status = |origin: &str| way.login(&site.bridge).header("Origin", origin).send().status;
    assert_eq!(status(&format!("https://{NAME}")), 101);
    assert_eq!(status(&format!("http://{NAME}")), 403);
    assert_eq!(status("https://elsewhere.example"), 403);
    let forged = way.login(&site.bridge).header("Origin", &format!("http://{NAME}"));
    assert_eq!(forged.header("X-Forwarded-Proto", "http").send().status, 403);
    let with_port = way.login(&site.bridge).without("Host").header("Host", &format!("{NAME}:8443"));
    assert_eq!(
        with_port.header("Origin", &format!("https://{NAME}:8443")).send().status,
        101,
        "Host keeps its port"
    );
}

#[track_caller]
pub fn a_part_of_a_site_is_enough(kind: &Kind, alternative: &str, line: &str) {
    let site = Site::with(Sshd::start(), |config| config.listen(TRUSTING).listen(r#"base_path = "/files""#));
    let front = Front::with(kind, |shipped| {
        shipped.put(BRIDGE, &format!("127.0.0.1:{}", site.bridge.port)).take(alternative, line)
    });
    let way = front.way(1);
    let request = way.at("/files/sftp").basic(&site.bridge.user.name, &site.bridge.user.password);
    Session::start(request.open()).is_alive();
    assert!(way.get("/api/info").send().status >= 404, "the rest of the site is not the bridge's");
}

/// 64 MiB leave no trace in the proxy: it neither keeps them in memory nor writes them to a disk.
#[track_caller]
pub fn an_upload_is_not_kept(kind: &Kind) {
    let site = site();
    let front = Front::before(kind, &site.bridge);
    let scratch = Scratch::roomy(128 * MIB);
    let file = scratch.join("file.bin");
    random_file(&file, 64 * MIB);
    let remote = site.sshd.files().join("file.bin");
    let put = format!("put {} {}", file.display(), remote.display());
    sftp(&front.connect_line(&site.bridge), &put, TRANSFER);
    assert_same_bytes(&file, &remote);
    for pid in std::iter::once(front.pid()).chain(descendants(front.pid())) {
        let peak = status_kib(pid, "VmHWM") - status_kib(pid, "RssFile");
        assert!(peak < OWN_MEMORY, "{peak} KiB at the peak");
        assert_eq!(super::process::io_counter(pid, "write_bytes") / MIB, 0, "bytes on a disk");
    }
}

/// A session in which nothing happens, behind one proxy as it is shipped and another that cuts what is silent for 60 s.
/// The bridge pings through the first; behind the second it does not come to it.
#[track_caller]
pub fn idle_sessions_survive_where_the_bridge_pings(kind: &Kind, naive: impl Fn(Shipped) -> Shipped) {
    const LONG: Duration = Duration::from_secs(66);
    let (good, bad) =
        (site(), Site::with(Sshd::start(), |config| config.listen(TRUSTING).limit(r#"keepalive = "5m""#)));
    let shipped = Front::before(kind, &good.bridge);
    let naive =
        Front::with(kind, |shipped| naive(shipped.put(BRIDGE, &format!("127.0.0.1:{}", bad.bridge.port))));
    let (way, doomed) = (shipped.way(1), naive.way(1));
    let mut alive = Session::start(way.login(&good.bridge).open());
    let cut = Session::start(doomed.login(&bad.bridge).open());
    let start = Instant::now();
    let cut = std::thread::spawn(move || silence(cut.ws, LONG + SOON));
    // Answers pings on the way, as every client does.
    assert_eq!(alive.ws.hear_within(LONG), None, "nothing but pings");
    assert!(start.elapsed() >= LONG);
    alive.is_alive();
    let (heard, after) = cut.join().unwrap();
    assert!(matches!(heard, Some(Heard::End | Heard::Close(..))), "the naive proxy cut nothing: {heard:?}");
    assert!(after > Duration::from_secs(55) && after < LONG + SOON, "{after:?}");
}

fn silence(mut ws: Ws, limit: Duration) -> (Option<Heard>, Duration) {
    let start = Instant::now();
    (ws.hear_within(limit), start.elapsed())
}
