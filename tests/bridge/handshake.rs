//! The opening handshake where it succeeds, and the messages right after it.

use serde_json::json;

use crate::support::Site;
use crate::support::bridge::Config;
use crate::support::conversation::Conversation;
use crate::support::fake::Fake;
use crate::support::files::random_bytes;
use crate::support::http::Request;
use crate::support::session::Session;
use crate::support::sftp;
use crate::support::sshd::{Sshd, Subsystem};
use crate::support::ws::{BINARY, CONTINUATION, Heard, PING};

#[test]
fn the_subprotocol_comes_back_exactly_as_offered() {
    let site = Site::start();
    for (offered, chosen) in [("sftp", "sftp"), ("chat, sftp", "sftp"), ("sftp,chat", "sftp")] {
        let answer = site.bridge.login().protocol(offered).send();
        assert_eq!(answer.headers("Sec-WebSocket-Protocol"), [chosen], "{offered}");
        Session::start(answer.upgraded()).is_alive();
    }
}

#[test]
fn a_client_that_offers_no_subprotocol_gets_none_back() {
    let site = Site::start();
    let answer = site.bridge.login().without("Sec-WebSocket-Protocol").send();
    assert_eq!(answer.header("Sec-WebSocket-Protocol"), None);
    Session::start(answer.upgraded()).is_alive();
}

#[test]
fn the_default_upstream_also_answers_to_its_name() {
    let site = Site::start();
    let (user, password) = (&site.bridge.user.name, &site.bridge.user.password);
    let named = Request::upgrade(site.bridge.port, "/sftp/main").basic(user, password);
    Session::start(named.open()).is_alive();
}

#[test]
fn a_pinned_fingerprint_serves_in_place_of_known_hosts() {
    let sshd = Sshd::start();
    let bridge = Config::to(&sshd).pinned(sshd.keys.fingerprints()).start();
    Session::start(bridge.login().open()).is_alive();
}

#[test]
fn sftp_built_into_sshd_serves_as_well() {
    let site = Site::with(Sshd::with(Subsystem::Internal), |config| config);
    site.session().is_alive();
}

#[test]
fn a_packet_in_many_frames_is_one_message() {
    let site = Site::start();
    let mut session = site.session();
    let handle = session.create(&site.sshd.remote("pieces"));
    let data = random_bytes(1000);
    let packet = sftp::write(70, &handle, 0, &data);
    session.ws.send_frame(false, BINARY, &packet[..1]);
    session.ws.send_frame(false, CONTINUATION, &packet[1..500]);
    session.ws.send_frame(true, PING, b"between");
    session.ws.send_frame(true, CONTINUATION, &packet[500..]);
    assert_eq!(session.ws.hear(), Heard::Pong(b"between".to_vec()));
    assert_eq!(session.response().status(), sftp::OK);
    assert_eq!(std::fs::read(site.sshd.remote("pieces")).unwrap(), data);
}

#[test]
fn offsets_beyond_four_gibibytes_arrive_whole() {
    let site = Site::start();
    let mut session = site.session();
    let path = site.sshd.remote("far");
    let handle = session.open(&path, sftp::READ_FLAG | sftp::WRITE_FLAG | sftp::CREATE_FLAG);
    for offset in [(1 << 32) - 1, 1 << 32, (1 << 40) + 12345] {
        let data = random_bytes(64);
        session.write(&handle, offset, &data);
        assert_eq!(session.read(&handle, offset, 64), data);
    }
    assert_eq!(std::fs::metadata(&path).unwrap().len(), (1 << 40) + 12345 + 64);
}

#[test]
fn the_line_at_the_end_counts_what_went_each_way() {
    let site = Site::start();
    let mut session = site.session();
    let request = sftp::with_name(sftp::REALPATH, session.id(), ".");
    session.ws.send(&request);
    session.response();
    session.ws.send_close(1000);
    let end = site.bridge.session_end();
    assert_eq!(end.get("user"), site.bridge.user.name);
    assert_eq!(end.get("upstream"), "main");
    assert_eq!(end.number("close_code"), 1000);
    assert_eq!(end.number("bytes_up"), (sftp::init().len() + request.len()) as u64);
    assert!(end.number("bytes_down") > 0 && end.number("packets") >= 2);
    for field in ["session", "peer", "reason", "exit", "duration"] {
        end.get(field);
    }
}

#[test]
fn a_handshake_with_a_body_is_400() {
    // Where the body ends and the frames begin, a proxy in front and the bridge could disagree.
    let site = Site::start();
    for (name, value) in [("Content-Length", "15"), ("Transfer-Encoding", "chunked")] {
        assert_eq!(site.bridge.login().header(name, value).send().status, 400, "{name}");
    }
}

#[test]
fn an_old_server_is_refused_with_a_hint_at_legacy_and_works_with_it() {
    // RSA with SHA-1, group 14 with SHA-1, CBC: what servers of 2010 had in common.
    let old = "HostKeyAlgorithms ssh-rsa\nKexAlgorithms diffie-hellman-group14-sha1\n\
               Ciphers aes128-cbc\nMACs hmac-sha1\n";
    let sshd = Sshd::options().config(old).start();
    let safe = Config::to(&sshd).start();
    assert_eq!(safe.login().send().status, 502);
    assert!(safe.log().contains("legacy = true"), "{}", safe.log());
    let legacy = Config::to(&sshd).upstream("legacy = true").start();
    Session::start(legacy.login().open()).is_alive();
}

#[test]
fn nothing_in_a_request_changes_the_host_or_port_of_the_upstream() {
    let site = Site::start();
    let elsewhere = Fake::black_hole();
    let (port, away) = (site.bridge.port, format!("127.0.0.1:{}", elsewhere.port));
    let (user, password) = (&site.bridge.user.name, &site.bridge.user.password);
    for path in [
        format!("http://{away}/sftp"),
        format!("ssh://{away}/sftp"),
        format!("//{away}/sftp"),
        format!("/sftp/{away}"),
        format!("/sftp/{}", away.replace(':', "%3A")),
        format!("/sftp?host=127.0.0.1&port={}&upstream={away}&address={away}", elsewhere.port),
        format!("/sftp/main?address={away}#{away}"),
        format!("/sftp/main@{away}"),
        "/sftp/..".to_owned(),
        "/sftp/main/../../etc/passwd".to_owned(),
    ] {
        let status = Request::upgrade(port, &path).basic(user, password).send().status;
        assert!(matches!(status, 101 | 400 | 404), "{path}: {status}");
    }
    let mut request = site.bridge.login().without("Host");
    for name in ["Host", "X-Forwarded-Host", "X-Original-URL", "X-Rewrite-URL", "X-Upstream", "SFTP-Host"] {
        request = request.header(name, &away);
    }
    Session::start(request.open()).is_alive();
    for user in [format!("{user}@{away}"), format!("{user}%{away}"), format!("-oHostname={away}")] {
        assert_eq!(site.bridge.anonymous().basic(&user, password).send().status, 401, "{user}");
    }
    let login = json!({
        "method": "password", "user": user, "password": password, "upstream": "main",
        "host": "127.0.0.1", "port": elsewhere.port, "address": away,
    });
    let mut conversation = Conversation::open(&site.bridge.anonymous());
    conversation.ready(login, &[]);
    let mut conversation = Conversation::open(&site.bridge.anonymous());
    let login = json!({ "method": "password", "user": user, "password": password, "upstream": away });
    assert_eq!(conversation.login(login, &[])["code"], "unknown-upstream");
    assert_eq!(elsewhere.connections(), 0);
}
