//! What a wrong start says: exit code and one line that names the place.

use std::fs;
use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use crate::support::bridge::binary;
use crate::support::certificates;
use crate::support::files::Scratch;
use crate::support::process::{Said, run};

const QUICK: Duration = Duration::from_secs(20);
const PIN: &str = "host_keys = [\"SHA256:Nh0Me49Zh9fDw/VYUfq43IJmI1T+XrjiYONPND8GzaM\"]";

fn serve(scratch: &Scratch, text: &str, variables: &[(&str, &str)]) -> Said {
    let file = scratch.join("proxy.toml");
    fs::write(&file, text).unwrap();
    let mut serve = Command::new(binary());
    serve.arg("serve").arg("--config").arg(file).envs(variables.iter().copied()).env_remove("RUST_LOG");
    run(&mut serve, b"", QUICK)
}

#[track_caller]
fn assert_says(said: &Said, code: i32, mentions: &[&str]) {
    assert_eq!(said.status.code(), Some(code), "{}", said.stderr);
    assert_eq!(said.stderr.lines().count(), 1, "{}", said.stderr);
    for mention in mentions {
        assert!(said.stderr.contains(mention), "{mention:?} is not in {:?}", said.stderr);
    }
}

#[test]
fn a_wrong_configuration_is_64_and_one_line_with_file_and_key() {
    let scratch = Scratch::new();
    let upstream = format!("[upstreams.main]\naddress = \"127.0.0.1:22\"\n{PIN}\n");
    for (text, mentions) in [
        (format!("{upstream}adress = 1\n"), &["proxy.toml", "upstreams.main.adress", "address"][..]),
        (format!("[limit]\nidle = \"1m\"\n{upstream}"), &["proxy.toml", "limit", "limits"]),
        (format!("{upstream}[limits]\nidle = \"soon\"\n"), &["proxy.toml", "limits.idle", "soon"]),
        ("[upstreams.main]\naddress = \"127.0.0.1:22\"\n".to_owned(), &["upstreams.main", "known_hosts"]),
        (upstream.replace(PIN, "known_hosts = \"nowhere\""), &["known_hosts", "nowhere"]),
        ("[upstreams.main\n".to_owned(), &["proxy.toml"]),
    ] {
        assert_says(&serve(&scratch, &text, &[]), 64, mentions);
    }
}

#[test]
fn a_folder_of_acme_that_cannot_be_used_is_64_and_named() {
    let scratch = Scratch::new();
    let upstream = format!("[upstreams.main]\naddress = \"127.0.0.1:22\"\n{PIN}\n");
    let tls = "[listen.tls]\nacme_domains = [\"bridge.example.org\"]\nacme_cache = \"proxy.toml\"\n";
    let said = serve(&scratch, &format!("{upstream}{tls}"), &[]);
    match cfg!(feature = "acme") {
        true => assert_says(&said, 64, &["listen.tls.acme_cache", "proxy.toml"]),
        false => assert_says(&said, 64, &["listen.tls.acme_domains", "this build has no ACME"]),
    }
}

#[test]
fn a_certificate_that_cannot_be_used_is_64_and_named() {
    let scratch = Scratch::new();
    for name in ["one.pem", "other.pem"] {
        certificates::authority(&scratch.join(name));
    }
    let upstream = format!("[upstreams.main]\naddress = \"127.0.0.1:22\"\n{PIN}\n");
    let folder = certificates::text(scratch.path());
    for (certificate, key, more, mentions) in [
        ("one.pem", "other.key", "", ["listen.tls.key", "other.key"]),
        ("one.key", "one.key", "", ["listen.tls.certificate", "one.key"]),
        ("one.pem", "none.key", "", ["listen.tls.key", "none.key"]),
        ("one.pem", "one.key", "one.key", ["listen.tls.client_ca", "one.key"]),
    ] {
        let mut tls =
            format!("[listen.tls]\ncertificate = \"{folder}/{certificate}\"\nkey = \"{folder}/{key}\"\n");
        if !more.is_empty() {
            tls.push_str(&format!("client_ca = \"{folder}/{more}\"\n"));
        }
        assert_says(&serve(&scratch, &format!("{upstream}{tls}"), &[]), 64, &mentions);
    }
}

#[test]
fn an_unknown_variable_is_64_and_named() {
    let scratch = Scratch::new();
    let upstream = format!("[upstreams.main]\naddress = \"127.0.0.1:22\"\n{PIN}\n");
    let said = serve(&scratch, &upstream, &[("SFTPBRIDGE_LIMITS__IDEL", "1m")]);
    assert_says(&said, 64, &["SFTPBRIDGE_LIMITS__IDEL", "IDLE"]);
}

#[test]
fn a_named_file_that_is_missing_is_64() {
    let mut serve = Command::new(binary());
    let said = run(serve.args(["serve", "--config", "/nonexistent/proxy.toml"]), b"", QUICK);
    assert_says(&said, 64, &["/nonexistent/proxy.toml"]);
}

#[test]
fn a_known_hosts_file_that_trusts_nobody_is_64() {
    let scratch = Scratch::new();
    fs::write(scratch.join("known_hosts"), "# nothing\n").unwrap();
    let text = "[upstreams.main]\naddress = \"127.0.0.1:22\"\nknown_hosts = \"known_hosts\"\n";
    assert_says(&serve(&scratch, text, &[]), 64, &["upstreams.main", "known_hosts"]);
}

#[test]
fn an_address_in_use_is_1_and_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let text =
        format!("[listen]\naddress = \"{address}\"\n[upstreams.main]\naddress = \"127.0.0.1:22\"\n{PIN}\n");
    assert_says(&serve(&Scratch::new(), &text, &[]), 1, &["listen.address", &address]);
}
