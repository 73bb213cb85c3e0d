//! The keys of listeners, policies, the audit log and traces.

use super::*;
use crate::config::{Access, AuditSink, TlsProof};

fn config(text: &str) -> Config {
    resolve(&with_main(text), &[]).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[track_caller]
fn complains(text: &str, about: &str) {
    let error = complaint(&with_main(text), &[]);
    assert!(error.starts_with(&format!("proxy.toml: {about}")), "{error}");
}

#[test]
fn a_listener_is_an_address_or_a_path() {
    let listen = config("[listen]\naddress = 'unix:/run/x'\nsocket_mode = '0600'").listen;
    assert_eq!((listen.address.to_string().as_str(), listen.socket_mode), ("unix:/run/x", 0o600));
    assert_eq!(listen.address.path(), Some(Path::new("/run/x")));
    let config = config("[listen]\naddress = '[::1]:0'\n[admin]\naddress = ''");
    assert_eq!((config.listen.address.path(), config.admin.address), (None, None));
    for (line, key) in [
        ("address = 'unix:'", "address"),
        ("address = '/run/x'", "address"),
        ("socket_mode = '660 '", "socket_mode"),
        ("socket_mode = '1777'", "socket_mode"),
        ("socket_mode = '0o66'", "socket_mode"),
    ] {
        complains(&format!("[listen]\n{line}"), &format!("listen.{key}: expected "));
    }
    let long = format!("[listen]\naddress = 'unix:/{}'", "x".repeat(107));
    complains(&long, "listen.address: expected ");
}

#[test]
fn whoever_is_on_a_unix_socket_can_be_named_beside_networks() {
    let listen =
        config("[listen]\ntrusted_proxies = ['unix', '10.0.0.0/8']\nproxy_protocol_from = ['::1']").listen;
    assert!(listen.trusted_proxies.unix && !listen.proxy_protocol_from.unix);
    assert!(listen.trusted_proxies.contains_address("10.0.0.1".parse().unwrap()));
    complains("[listen]\nproxy_protocol_from = ['Unix']", "listen.proxy_protocol_from: expected a network");
}

#[test]
fn a_certificate_is_in_files_or_from_an_authority() {
    let acme = "[listen.tls]\nacme_domains = ['a.example']\nacme_cache = 'acme'";
    let tls = config(acme).listen.tls.unwrap();
    let TlsProof::Acme(acme) = tls.proof else { panic!("{tls:?}") };
    assert_eq!(acme.domains, ["a.example"]);
    assert_eq!(acme.directory.host_str(), Some("acme-v02.api.letsencrypt.org"));
    for (lines, about) in [
        ("certificate = 'c'", "listen.tls.key: missing; this section needs it"),
        ("", "listen.tls.certificate: missing; this section needs it"),
        ("acme_domains = ['a.example']", "listen.tls.acme_cache: missing; acme_domains needs it"),
        ("acme_cache = 'acme'", "listen.tls.acme_cache: it goes with acme_domains"),
        (
            "acme_domains = ['a.example']\nacme_cache = 'acme'\nkey = 'k'",
            "listen.tls.key: acme_domains is given too, and only one of them can be",
        ),
        ("acme_domains = []\nacme_cache = 'acme'", "listen.tls.acme_domains: expected "),
        ("acme_domains = ['*.example']\nacme_cache = 'acme'", "listen.tls.acme_domains: expected "),
        (
            "acme_domains = ['a.example']\nacme_cache = 'a'\nacme_directory = 'http://b.example/'",
            "listen.tls.acme_directory: expected an https:// URL",
        ),
    ] {
        complains(&format!("[listen.tls]\n{lines}"), about);
    }
}

#[test]
fn an_audit_log_goes_to_one_place() {
    let sink = |lines: &str| config(&format!("[audit]\n{lines}")).audit.sink;
    assert_eq!(sink(""), None);
    assert_eq!(sink("file = '-'"), Some(AuditSink::Stdout));
    assert_eq!(sink("syslog = '/dev/log'"), Some(AuditSink::Syslog("/dev/log".into())));
    assert!(matches!(sink("file = 'a'"), Some(AuditSink::File(path)) if path.ends_with("a")));
    complains("[audit]\nfile = 'a'\nsyslog = 'b'", "audit.syslog: file is given too");
    complains("[audit]\nrequired = true", "audit.required: neither file nor syslog says where");
}

#[test]
fn a_policy_is_read_with_its_groups() {
    let text = "[upstreams.main.policy]\nread_only = true\ndeny = ['posix-rename', 'hash@example.org']\n\
                paths = ['read /a', 'none /{user}/*']\n\
                [upstreams.main.policy.groups.staff]\nusers = ['ann']\nclaims = ['/company/staff']\n\
                largest_file = '1 KiB'\nhome = '/home/{user}'";
    let config = config(text);
    let policy = &config.upstreams.get("main").unwrap().policy;
    assert!(policy.rules.read_only && policy.rules.largest_file.is_none());
    assert_eq!(policy.rules.deny, ["posix-rename", "hash@example.org"]);
    let access: Vec<Access> = policy.rules.paths.iter().map(|rule| rule.access).collect();
    assert_eq!(access, [Access::Read, Access::None]);
    assert_eq!(policy.rules.paths.get(1).unwrap().pattern.fill("ann"), "/ann/*");
    let staff = policy.groups.get("staff").unwrap();
    assert_eq!(
        (staff.users.as_slice(), staff.claims.as_slice()),
        (&["ann".to_owned()][..], &["/company/staff".to_owned()][..])
    );
    assert_eq!((staff.rules.largest_file, staff.rules.read_only), (Some(1024), false));
    assert_eq!(staff.rules.home.as_ref().unwrap().fill("ann"), "/home/ann");
}

#[test]
fn a_policy_without_sense_is_refused() {
    for (lines, about) in [
        ("deny = ['delete']", "deny: expected a request such as"),
        ("allow = ['init']", "allow: expected a request such as"),
        ("allow = ['@example.org']", "allow: expected a request such as"),
        ("paths = ['/a']", "paths: expected "),
        ("paths = ['read a']", "paths: expected "),
        ("paths = ['list /a']", "paths: expected "),
        ("paths = ['read /a/../b']", "paths: expected "),
        ("paths = ['read /{group}']", "paths: expected "),
        ("largest_file = 'big'", "largest_file: expected a size"),
        ("home = 'home'", "home: expected an absolute path"),
        ("read_onyl = true", "read_onyl: unknown key; did you mean \"read_only\"?"),
        ("[upstreams.main.policy.groups.'a.b']", "groups: expected a name of 1 to 64"),
        ("[upstreams.main.policy.groups.a]\ndeny = ['x']", "groups.a.deny: expected a request"),
    ] {
        complains(&format!("[upstreams.main.policy]\n{lines}"), &format!("upstreams.main.policy.{about}"));
    }
}

#[test]
fn variables_reach_into_a_policy() {
    let env = [
        ("SFTPBRIDGE_UPSTREAMS__MAIN__POLICY__READ_ONLY", "true"),
        ("SFTPBRIDGE_UPSTREAMS__MAIN__POLICY__GROUPS__STAFF__USERS", "ann,bob"),
    ];
    let config = resolve(&with_main(""), &env).unwrap();
    let policy = &config.upstreams.get("main").unwrap().policy;
    assert!(policy.rules.read_only);
    assert_eq!(policy.groups.get("staff").unwrap().users, ["ann", "bob"]);
}
