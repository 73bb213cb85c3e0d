//! What stands in the log, and what never does.

use std::io::Write as _;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use serde_json::json;

use crate::support::Site;
use crate::support::bridge::{Bridge, Config, binary};
use crate::support::conversation::Conversation;
use crate::support::fake::{Fake, closed_port};
use crate::support::files::Scratch;
use crate::support::http::Request;
use crate::support::identity::{HEADER, Minting, PROXY, Tokens, trusted_header};
use crate::support::process::{Running, run};
use crate::support::session::Session;
use crate::support::sftp;
use crate::support::sshd::{Sshd, Subsystem};
use crate::support::wait::{SOON, wait_for, wait_until};

/// As much as there is, frames of the WebSocket included.
pub const TRACE: &str = "[log]\nlevel = \"trace,tungstenite=trace,tungstenite::protocol::frame=trace\"";

#[test]
fn neither_passwords_nor_file_contents_reach_the_log_even_at_trace() {
    const CANARY: &str = "canary-in-a-coal-mine";
    let site = Site::with(Sshd::start(), |config| config.section(TRACE));
    let refused = site.bridge.anonymous().basic(&site.bridge.user.name, CANARY).send();
    assert_eq!(refused.status, 401);
    let mut session = site.session();
    let handle = session.create(&site.sshd.remote("file"));
    session.write(&handle, 0, CANARY.as_bytes());
    session.close(&handle);
    session.ws.send_close(1000);
    site.bridge.session_end();
    let log = site.bridge.log();
    assert!(log.contains("event=session_end"), "{log}");
    let (user, password) = (&site.bridge.user.name, &site.bridge.user.password);
    for secret in [password, CANARY] {
        assert_hidden(&log, secret);
        assert_hidden(&log, &format!("{user}:{secret}"));
    }
}

/// A secret is not in a text: neither as it is nor as bytes are printed.
#[track_caller]
pub fn assert_hidden(text: &str, secret: &str) {
    let decimal = secret.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(", ");
    let hexadecimal = secret.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    for form in [secret.to_owned(), BASE64.encode(secret), decimal, hexadecimal] {
        assert!(!text.contains(&form), "{form} is in the text");
    }
}

#[test]
fn a_line_of_known_hosts_that_is_not_used_is_told() {
    let sshd = Sshd::start();
    let known_hosts = format!("{}host ssh-ed25519 garbage\n", sshd.known_hosts());
    let bridge = Config::to(&sshd).known_hosts(&known_hosts).start();
    Session::start(bridge.login().open()).is_alive();
    let line = known_hosts.lines().count();
    let log = bridge.log();
    assert!(log.contains("known_hosts") && log.contains(&format!("line {line}")), "{log}");
}

#[test]
fn json_lines_are_json_whatever_the_user_is_called() {
    let site = Site::with(Sshd::start(), |config| config.section("[log]\nformat = \"json\""));
    let refused = site.bridge.anonymous().basic("a\"b\\c\u{202e}d", "wrong").send();
    assert_eq!(refused.status, 401);
    let log = site.bridge.log();
    let lines: Vec<serde_json::Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    let line = lines.iter().find(|line| line["event"] == "refused").expect("a line for the refusal");
    assert_eq!((line["status"].as_u64(), line["upstream"].as_str()), (Some(401), Some("main")));
}

#[test]
fn names_that_break_lines_or_drive_terminals_give_one_line_each_in_both_formats() {
    let names = ["a\nevent=session_end", "b\u{1b}[2J", "c\"d\\", "e\u{202e}f\u{2028}g", &"h".repeat(4000)];
    for format in ["json", "text"] {
        let site =
            Site::with(Sshd::start(), |config| config.section(&format!("[log]\nformat = \"{format}\"")));
        for name in names {
            let request = site.bridge.anonymous().basic(name, "wrong").header("X-Forwarded-For", "\u{1b}[2J");
            request.send();
            let login =
                json!({ "method": "password", "user": name, "password": "wrong", "upstream": "main" });
            Conversation::open(&site.bridge.anonymous()).login(login, &[]);
        }
        let mut raw = site.bridge.anonymous().text().replace("HTTP/1.1\r\n", "HTTP/1.1\r\nX-Bad: \u{1b}\r\n");
        raw.insert_str(0, "\r\n");
        site.bridge.tcp().write_all(raw.as_bytes()).unwrap();
        let log = wait_for("a line for each name that can be one", SOON, || {
            let log = site.bridge.log();
            (log.matches("refused").count() >= 4).then_some(log)
        });
        assert!(!log.contains(|c: char| c.is_control() && c != '\n'), "{log:?}");
        assert!(!log.contains("session_end"), "a name has made a line of its own: {log}");
        for line in log.lines().filter(|_| format == "json") {
            assert!(serde_json::from_str::<serde_json::Value>(line).unwrap().is_object(), "{line}");
        }
    }
}

#[test]
fn a_session_has_one_line_at_its_start_and_one_at_its_end_with_every_field() {
    let site = Site::with(Sshd::start(), |config| config.section("[log]\nformat = \"json\""));
    let mut session = site.session();
    session.is_alive();
    session.ws.send_close(1000);
    let lines = wait_for("the end", SOON, || {
        let log = site.bridge.log();
        let lines: Vec<serde_json::Value> =
            log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        lines.iter().any(|line| line["event"] == "session_end").then_some(lines)
    });
    let only = |event: &str| {
        let lines: Vec<_> = lines.iter().filter(|line| line["event"] == event).cloned().collect();
        assert_eq!(lines.len(), 1, "{event}: {lines:?}");
        lines[0].clone()
    };
    let (start, end) = (only("session_start"), only("session_end"));
    for field in ["session", "user", "peer", "upstream"] {
        assert!(start[field].is_string() && start[field] == end[field], "{field}: {start} {end}");
    }
    assert_eq!(start["method"], "password");
    assert_eq!((end["close_code"].as_u64(), end["exit"].as_str()), (Some(1000), Some("0")), "{end}");
    assert!(end["reason"].is_string() && end["duration"].is_number(), "{end}");
    for field in ["bytes_up", "bytes_down", "packets"] {
        assert!(end[field].as_u64().unwrap() > 0, "{field}: {end}");
    }
}

/// The field `method` of the line for a session's start.
#[track_caller]
fn method_of(bridge: &Bridge, number: usize) -> String {
    wait_for("the start of a session", SOON, || {
        let log = bridge.log();
        let line = log.lines().filter(|line| line.contains("event=session_start")).nth(number)?;
        let (_, after) = line.split_once("method=\"")?;
        after.split('"').next().map(str::to_owned)
    })
}

#[test]
fn the_line_at_the_start_says_how_somebody_logged_in() {
    let site =
        Site::with(Sshd::options().config("KbdInteractiveAuthentication yes").start(), |config| config);
    let user = &site.bridge.user;
    let mut first = Conversation::open(&site.bridge.anonymous());
    let login = json!({ "method": "keyboard-interactive", "user": user.name });
    let ready = first.ready(login, &[("assword", &user.password)]);
    drop(first.session());
    let mut second = Conversation::open(&site.bridge.anonymous());
    second.ready(json!({ "method": "resume", "token": ready["resume_token"] }), &[]);
    drop(second.session());
    drop(site.session());
    for (number, method) in ["keyboard-interactive", "resume", "password"].iter().enumerate() {
        assert_eq!(method_of(&site.bridge, number), *method);
    }

    let scratch = Scratch::new();
    let tokens = Tokens::issue(&scratch, &user.name);
    let more = format!("{}\n{}", tokens.section(), trusted_header());
    let site = Minting::with("ed25519", |config| config.section(&more));
    drop(Session::start(site.bridge.anonymous().bearer(tokens.get("good")).open()));
    assert_eq!(method_of(&site.bridge, 0), "bearer");
    let behind = site.bridge.anonymous().source(PROXY).header(HEADER, &site.user.name);
    drop(Session::start(behind.open()));
    assert_eq!(method_of(&site.bridge, 1), "header");
}

#[test]
fn of_what_a_server_says_in_place_of_ssh_or_sftp_at_most_512_bytes_are_logged() {
    let fake = Fake::says_and_ends(&[b'x'; 3000]);
    let bridge = Config::to_port(fake.port).start();
    assert_eq!(bridge.login().send().status, 502);
    let noisy = "printf 'x%.0s' $(seq 3000); exec \"$SFTP_SERVER\"";
    let site = Site::with(Sshd::with(Subsystem::Script(noisy)), |config| config);
    let answer = site.bridge.login().send();
    if answer.status == 101 {
        let mut ws = answer.upgraded();
        ws.send(&sftp::init());
        site.bridge.session_end();
    }
    for bridge in [&bridge, &site.bridge] {
        let said = |count: usize| bridge.log().contains(&"x".repeat(count));
        wait_until("the text in the log", SOON, || said(20));
        assert!(!said(513), "{}", bridge.log());
    }
}

/// By a shell that sends what the program says on these of its files to a disk that is full.
fn on_a_full_disk(program: &Command, files: &str) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &format!("exec \"$@\" {files}"), "sh"])
        .arg(program.get_program())
        .args(program.get_args());
    shell
}

#[test]
fn a_log_that_cannot_be_written_ends_nothing() {
    let sshd = Sshd::start();
    let mut bridge = Config::to(&sshd).wrapped(|bridge| on_a_full_disk(bridge, "2>/dev/full")).start();
    let mut session = Session::start(bridge.login().open());
    assert_eq!(bridge.anonymous().basic(&bridge.user.name, "wrong").send().status, 401);
    bridge.hang_up();
    session.is_alive();
    session.ws.send_close(1000);
    bridge.terminate();
    assert!(bridge.wait_exit(SOON).success());
}

#[test]
fn who_cannot_say_where_it_listens_listens() {
    let port = closed_port();
    let (_scratch, file) = Config::to_port(1).listen_port(port).write();
    let mut serve = Command::new(binary());
    serve.args(["serve", "--config"]).arg(file);
    let _bridge = Running::spawn(&mut on_a_full_disk(&serve, ">/dev/full"));
    wait_until("the listener", SOON, || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    assert_eq!(Request::get(port, "/healthz").send().status, 200);
}

#[test]
fn who_cannot_say_why_still_exits_with_the_right_code() {
    let mut healthcheck = Command::new(binary());
    healthcheck.args(["healthcheck", &format!("http://127.0.0.1:{}", closed_port())]);
    let said = run(&mut on_a_full_disk(&healthcheck, "2>/dev/full"), b"", SOON);
    assert_eq!(said.status.code(), Some(1));
}
