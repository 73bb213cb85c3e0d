//! The configuration file.

use std::fs;

use crate::support::Site;
use crate::support::sshd::Sshd;
use crate::support::wait::SOON;

fn edit(site: &Site, change: impl FnOnce(String) -> String) {
    let file = site.bridge.file("proxy.toml");
    let text = change(fs::read_to_string(&file).unwrap());
    fs::write(file, text).unwrap();
}

#[test]
fn a_configuration_that_makes_no_sense_changes_nothing_and_is_told_in_one_line() {
    let site = Site::start();
    let mut session = site.session();
    edit(&site, |text| text.replace("[limits]\n", "[limits]\nidel = \"1h\"\n"));
    site.bridge.wait_logged(1, &["event=not_reloaded", "what=config", "proxy.toml", "limits.idel", "idle"]);
    session.is_alive();
    site.session().is_alive();
    edit(&site, |text| text.replace("idel = \"1h\"\n", ""));
    site.bridge.wait_logged(1, &["event=reloaded", "what=config", "proxy.toml"]);
    assert_eq!(site.bridge.logged(&["event=restart_needed"]), 0);
}

#[test]
fn keys_that_need_a_restart_are_named_in_one_line() {
    let site = Site::start();
    edit(&site, |text| text.replace("[limits]\n", "[limits]\nidle = \"1h\"\nsessions = 7\n"));
    let line = ["event=restart_needed", "limits.sessions, limits.idle"];
    site.bridge.wait_logged(1, &line);
    site.bridge.hang_up();
    site.bridge.wait_logged(2, &line);
    edit(&site, |text| text.replace("idle = \"1h\"\nsessions = 7\n", ""));
    site.bridge.wait_logged(2, &["event=reloaded", "what=config"]);
    assert_eq!(site.bridge.logged(&["event=restart_needed"]), 2);
}

#[test]
fn sighup_ends_nobody_also_while_the_bridge_drains() {
    let mut site = Site::with(Sshd::start(), |config| config.limit("drain = \"1h\""));
    let mut session = site.session();
    site.bridge.hang_up();
    site.bridge.wait_logged(1, &["event=hangup"]);
    site.bridge.terminate();
    site.bridge.wait_logged(1, &["event=draining"]);
    site.bridge.hang_up();
    site.bridge.wait_logged(2, &["event=hangup"]);
    session.is_alive();
    session.ws.send_close(1000);
    assert!(site.bridge.wait_exit(SOON).success());
}
