//! What stands in the log, and what never does.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::support::Site;
use crate::support::bridge::Config;
use crate::support::session::Session;
use crate::support::sshd::Sshd;

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
