//! Logins, sessions and their ends; the start and the end of the program.

use std::fs;
use std::process::Command;
use std::time::Duration;

use super::log::{Log, of};
use crate::logs::assert_hidden;
use crate::support::Site;
use crate::support::bridge::binary;
use crate::support::files::Scratch;
use crate::support::process::run;
use crate::support::sftp;
use crate::support::sshd::Sshd;

#[test]
fn logins_are_recorded_whether_they_succeed_or_not_and_never_a_password() {
    const CANARY: &str = "canary-in-a-coal-mine";
    let log = Log::new();
    let site = Site::with(Sshd::start(), |config| log.configure(config));
    let user = site.bridge.user.name.clone();
    assert_eq!(site.bridge.anonymous().basic(&user, CANARY).send().status, 401);
    assert_eq!(site.bridge.anonymous().send().status, 401);
    let mut session = site.session();
    let handle = session.create(&site.sshd.remote("file"));
    session.write(&handle, 0, CANARY.as_bytes());
    session.close(&handle);
    session.ws.send_close(1000);
    let records = log.after(1);
    let logins: Vec<_> = of(&records, "login").iter().map(|l| (&l["result"], &l["user"])).collect();
    assert_eq!(serde_json::json!(logins), serde_json::json!([["refused", user], ["ok", user]]));
    let refused = of(&records, "login")[0];
    assert_eq!((&refused["http_status"], &refused["upstream"]), (&401.into(), &"main".into()));
    let close = of(&records, "close")[0];
    assert_eq!((&close["bytes_written"], &close["result"]), (&CANARY.len().into(), &"ok".into()));
    let end = of(&records, "session_end")[0];
    let logged = site.bridge.session_end();
    assert_eq!((end["close_code"].as_u64(), &end["sftp_version"]), (Some(1000), &3.into()));
    for key in ["bytes_up", "bytes_down", "packets"] {
        assert_eq!(end[key].as_u64().unwrap(), logged.number(key), "{key}");
    }
    for secret in [CANARY, &site.bridge.user.password] {
        assert_hidden(&log.text(), secret);
    }
}

#[test]
fn a_request_that_the_bridge_answers_is_recorded_as_denied() {
    let log = Log::new();
    let site = Site::with(Sshd::start(), |config| log.configure(config).limit("packet = 34000"));
    let mut session = site.session();
    let reply = session.call(|id| sftp::mkdir(id, "x".repeat(40_000)));
    assert_eq!(reply.status(), sftp::FAILURE);
    session.ws.send_close(1000);
    let records = log.after(1);
    let denied = of(&records, "mkdir")[0];
    assert_eq!((&denied["result"], &denied["status"]), (&"denied".into(), &4.into()));
    assert_eq!(denied["reason"].as_str().unwrap(), reply.message());
    assert_eq!(of(&records, "session_end")[0]["denied"], 1);
}

#[test]
fn a_drain_closes_what_is_open_and_writes_every_record_before_the_exit() {
    let log = Log::new();
    let mut site = Site::with(Sshd::start(), |config| log.configure(config).limit(r#"drain = "1s""#));
    let mut session = site.session();
    let handle = session.create(&site.sshd.remote("file"));
    session.write(&handle, 0, b"four");
    site.bridge.terminate();
    assert!(site.bridge.wait_exit(Duration::from_secs(30)).success());
    let records = log.records();
    let [.., close, end] = &records[..] else { panic!("{records:?}") };
    assert_eq!((&close["event"], &close["forced"]), (&"close".into(), &true.into()));
    assert_eq!((&close["bytes_written"], &close["result"]), (&4.into(), &"unknown".into()));
    assert_eq!((&end["event"], &end["close_code"]), (&"session_end".into(), &1001.into()));
}

#[test]
fn an_audit_log_that_cannot_be_opened_stops_the_start_and_is_named() {
    const PIN: &str = "SHA256:Nh0Me49Zh9fDw/VYUfq43IJmI1T+XrjiYONPND8GzaM";
    let scratch = Scratch::new();
    let config = scratch.join("proxy.toml");
    for (key, path) in [("file", "/nonexistent/audit.jsonl"), ("syslog", "/nonexistent/log")] {
        let text = format!(
            "[listen]\naddress = \"127.0.0.1:0\"\n[admin]\naddress = \"\"\n\
             [upstreams.main]\naddress = \"127.0.0.1:22\"\nhost_keys = [{PIN:?}]\n[audit]\n{key} = {path:?}\n"
        );
        fs::write(&config, text).unwrap();
        let mut serve = Command::new(binary());
        serve.arg("serve").arg("--config").arg(&config).env_remove("RUST_LOG");
        let said = run(&mut serve, b"", Duration::from_secs(20));
        assert_eq!(said.status.code(), Some(64), "{}", said.stderr);
        let line = said.stderr.lines().last().unwrap_or_default();
        assert!(line.contains(&format!("audit.{key}")) && line.contains(path), "{}", said.stderr);
    }
}

#[test]
fn standard_output_takes_records_too() {
    let sshd = Sshd::start();
    let site = Site::with(sshd, |config| config.section("[audit]\nfile = \"-\""));
    let mut session = site.session();
    session.ws.send_close(1000);
    site.bridge.session_end();
    crate::support::wait::wait_until("the records on stdout", crate::support::wait::SOON, || {
        let output = site.bridge.output();
        let start = output.find('{').unwrap_or(output.len());
        of(&super::log::records(&output[start..]), "session_end").len() == 1
    });
}
