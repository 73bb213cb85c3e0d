//! Behind HAProxy, with docs/haproxy.cfg.

mod proxy_protocol;

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::behind;
use crate::support::certificates::text;
use crate::support::front::{Kind, Place};
use crate::support::process::tool;
use crate::support::shipped::Shipped;

pub const HAPROXY: Kind = Kind {
    file: "haproxy.cfg",
    place,
    check: |file| haproxy(file, "-c"),
    start: |file| haproxy(file, "-db"),
};

fn haproxy(file: &Path, mode: &str) -> Command {
    let mut haproxy = Command::new(tool("haproxy"));
    // Without SO_REUSEPORT (-dR): two proxies of two tests would share a port, and each would get visitors of the other.
    haproxy.args([mode, "-dR", "-f"]).arg(file);
    haproxy
}

fn place(shipped: Shipped, place: &Place) -> Shipped {
    let certificate = place.certificate();
    let both = [certificate.clone(), certificate.with_extension("key")]
        .map(|file| fs::read_to_string(file).unwrap());
    let file = place.path("both.pem");
    fs::write(&file, both.concat()).unwrap();
    shipped
        .put("bind :443", &format!("bind 127.0.0.1:{}", place.port))
        .put("/etc/haproxy/tls/files.example.org.pem", text(Path::new(&file)))
}

#[test]
fn haproxy_finds_no_fault_in_the_file() {
    let said = behind::check(&HAPROXY).ok();
    let words = said.stdout + &said.stderr;
    assert!(words.contains("Configuration file is valid") && !words.contains("[WARNING]"), "{words}");
}

#[test]
fn stock_sftp_travels_through_haproxy() {
    behind::stock_sftp_travels(&HAPROXY);
}

#[test]
fn sftp_ws_travels_through_haproxy() {
    behind::sftp_ws_travels(&HAPROXY);
}

#[test]
fn a_conversation_travels_through_haproxy() {
    behind::a_conversation_travels(&HAPROXY);
}

#[test]
fn the_visitor_is_who_came_to_haproxy() {
    behind::the_visitor_is_who_came_to_the_proxy(&HAPROXY);
}

#[test]
fn nobody_names_themselves_through_haproxy() {
    behind::nobody_names_themselves(&HAPROXY, "X-Remote-User");
}

#[test]
fn refusals_pass_haproxy_as_they_are() {
    behind::refusals_pass(&HAPROXY);
}

#[test]
fn a_page_behind_haproxy_has_an_https_origin() {
    behind::a_page_has_an_https_origin(&HAPROXY);
}

#[test]
fn haproxy_may_give_the_bridge_a_part_of_a_site() {
    let alternative = "use_backend sftpbridge if { path_beg /files/ }";
    behind::a_part_of_a_site_is_enough(&HAPROXY, alternative, "default_backend sftpbridge");
}

#[test]
fn haproxy_keeps_nothing_of_an_upload() {
    behind::an_upload_is_not_kept(&HAPROXY);
}

#[test]
fn idle_sessions_survive_haproxy_and_die_behind_a_naive_one() {
    behind::idle_sessions_survive_where_the_bridge_pings(&HAPROXY, |shipped| {
        shipped.put("timeout tunnel 120s", "timeout tunnel 60s")
    });
}
