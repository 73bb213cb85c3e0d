//! Behind nginx, with docs/nginx.conf.

mod unix_socket;

use std::path::Path;
use std::process::Command;

use crate::support::behind;
use crate::support::certificates::text;
use crate::support::front::{Kind, Place};
use crate::support::process::tool;
use crate::support::shipped::Shipped;

pub const NGINX: Kind = Kind {
    file: "nginx.conf",
    place,
    check: |file| nginx(file, &["-t"]),
    start: |file| nginx(file, &["-g", "daemon off;"]),
};

fn nginx(file: &Path, arguments: &[&str]) -> Command {
    let mut nginx = Command::new(tool("nginx"));
    // Its first words go to a log of its own, before it has read the file.
    nginx.arg("-c").arg(file).args(["-e", "stderr"]).args(arguments);
    nginx
}

fn place(shipped: Shipped, place: &Place) -> Shipped {
    let certificate = place.certificate();
    shipped
        .put("listen 443 ssl", &format!("listen 127.0.0.1:{} ssl", place.port))
        .put("/etc/nginx/tls/files.example.org.pem", text(&certificate))
        .put("/etc/nginx/tls/files.example.org.key", text(&certificate.with_extension("key")))
        .put("/run/nginx.pid", &place.path("nginx.pid"))
        .put("/var/log/nginx/error.log", &place.path("error.log"))
        .put("/var/log/nginx/access.log", &place.path("access.log"))
}

#[test]
fn nginx_finds_no_fault_in_the_file() {
    let said = behind::check(&NGINX).ok();
    assert!(said.stderr.contains("test is successful") && !said.stderr.contains("[warn]"), "{}", said.stderr);
}

#[test]
fn stock_sftp_travels_through_nginx() {
    behind::stock_sftp_travels(&NGINX);
}

#[test]
fn sftp_ws_travels_through_nginx() {
    behind::sftp_ws_travels(&NGINX);
}

#[test]
fn a_conversation_travels_through_nginx() {
    behind::a_conversation_travels(&NGINX);
}

#[test]
fn the_visitor_is_who_came_to_nginx() {
    behind::the_visitor_is_who_came_to_the_proxy(&NGINX);
}

#[test]
fn nobody_names_themselves_through_nginx() {
    behind::nobody_names_themselves(&NGINX, "X-Remote-User");
}

#[test]
fn refusals_pass_nginx_as_they_are() {
    behind::refusals_pass(&NGINX);
}

#[test]
fn a_page_behind_nginx_has_an_https_origin() {
    behind::a_page_has_an_https_origin(&NGINX);
}

#[test]
fn nginx_may_give_the_bridge_a_part_of_a_site() {
    behind::a_part_of_a_site_is_enough(&NGINX, "location /files/ {", "location / {");
}

#[test]
fn nginx_keeps_nothing_of_an_upload() {
    behind::an_upload_is_not_kept(&NGINX);
}

#[test]
fn idle_sessions_survive_nginx_and_die_behind_a_naive_one() {
    behind::idle_sessions_survive_where_the_bridge_pings(&NGINX, |shipped| {
        shipped.put("proxy_read_timeout 120s", "proxy_read_timeout 60s")
    });
}
