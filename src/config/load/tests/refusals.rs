//! What is refused, and the one line that says so.

use proptest::prelude::*;

use super::*;
use crate::config::schema;

#[test]
fn an_unknown_key_is_refused_at_every_depth_with_the_nearest_name() {
    for (text, line) in [
        ("defualt_upstream = 'x'", r#"defualt_upstream: unknown key; did you mean "default_upstream"?"#),
        ("[limit]", r#"limit: unknown key; did you mean "limits"?"#),
        ("[listen]\nadress = 1", r#"listen.adress: unknown key; did you mean "address"?"#),
        ("[upstreams.x]\nadress = 1", r#"upstreams.x.adress: unknown key; did you mean "address"?"#),
        ("idle = '1m'", r#"idle: unknown key; did you mean "limits.idle"?"#),
        ("[page]\ncolour = 1", "page.colour: unknown key; known here: title, enabled, frame_ancestors"),
        (
            "[upstreams.x.wallpaper]",
            "upstreams.x.wallpaper: unknown key; known here: title, address, known_hosts, host_keys, legacy, credentials, user, key_file, key_passphrase_file, password_file, agent_socket, agent_key, ca_key_file, certificate_validity, certificate_principals, certificate_source_address, connect_timeout, login_timeout, keepalive, resume, policy",
        ),
        (
            "\"a\\nb\" = 1",
            "a\\nb: unknown key; known here: default_upstream, listen, admin, page, upstreams, identity, limits, throttle, audit, log, traces",
        ),
    ] {
        assert_eq!(complaint(text, &[]), format!("proxy.toml: {line}"));
    }
}

#[test]
fn a_bad_value_is_one_line_with_file_key_expectation_and_finding() {
    for (text, line) in [
        (
            "[limits]\nidle = 10",
            r#"limits.idle: expected a duration from 1ms to 365days such as "90s", "15m" or "24h", found 10"#,
        ),
        ("[limits]\nsessions = 0", "limits.sessions: expected a whole number from 1 to 1000000, found 0"),
        ("[limits]\nsessions = -1", "limits.sessions: expected a whole number from 1 to 1000000, found -1"),
        (
            "[limits]\nsessions = [1]",
            "limits.sessions: expected a whole number from 1 to 1000000, found a list",
        ),
        (
            "[limits]\npacket = 33999",
            r#"limits.packet: expected a size from 34000 bytes to 16 MiB such as 262148 or "1 MiB", found 33999"#,
        ),
        ("[page]\ntitle = 1", "page.title: expected a string in quotes, found 1"),
        ("[page]\ntitle = {}", "page.title: expected a string in quotes, found a table"),
        ("page = 3", "page: expected a table, found 3"),
        ("upstreams = 'x'", r#"upstreams: expected a table, found "x""#),
        ("[upstreams]\nx = 1", "upstreams.x: expected a table, found 1"),
        (
            "[listen]\nrequire_subprotocol = 'yes'",
            r#"listen.require_subprotocol: expected true or false, found "yes""#,
        ),
        (
            "[listen]\nallowed_origins = 'x'",
            r#"listen.allowed_origins: expected a list of strings in brackets, found "x""#,
        ),
        ("[log]\nformat = 'xml'", r#"log.format: expected "text" or "json", found "xml""#),
    ] {
        let text = if text.contains("upstreams") { text.to_owned() } else { with_main(text) };
        assert_eq!(complaint(&text, &[]), format!("proxy.toml: {line}"));
    }
}

#[test]
fn values_without_sense_are_refused() {
    for (key, value) in [
        ("listen.address", "localhost:8022"),
        ("listen.base_path", "files"),
        ("listen.allowed_origins", "null"),
        ("listen.allowed_origins", "*"),
        ("listen.allowed_origins", "https://a.example,https://b.example/"),
        ("listen.require_subprotocol", "1"),
        ("page.title", ""),
        ("page.title", "a\nb"),
        ("page.frame_ancestors", "*"),
        ("page.frame_ancestors", "'self'"),
        ("page.frame_ancestors", "https://a.example; script-src *"),
        ("limits.idle", "0s"),
        ("limits.idle", "10"),
        ("limits.idle", "366days"),
        ("limits.drain", "-1s"),
        ("limits.sessions_per_user", "0"),
        ("limits.sessions_per_address", "1000001"),
        ("limits.sessions", "99999999999999999999"),
        ("limits.packet", "33 KiB"),
        ("limits.packet", "17 MiB"),
        ("log.format", "JSON"),
        ("log.level", ""),
        ("log.level", "inof"),
        ("log.level", "info,russh"),
        ("log.level", "russh=loud"),
        ("upstreams.main.address", "me@a.example"),
        ("upstreams.main.host_keys", "MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48"),
        ("upstreams.main.host_keys", "SHA256:short"),
        ("upstreams.main.credentials", "keys"),
        ("upstreams.main.resume", "-1s"),
        ("listen.trusted_proxies", "10.0.0.0/33"),
        ("throttle.attempts_per_user", "0"),
        ("throttle.window", "0s"),
        ("upstreams.main.connect_timeout", "soon"),
        ("default_upstream", "mian"),
    ] {
        let variable = env::named(key);
        let error = complaint(&with_main(""), &[(&variable, value)]);
        assert!(error.starts_with(&format!("{variable}: {key}: expected ")), "{error}");
    }
}

#[test]
fn broken_toml_is_one_line_with_its_line_number() {
    let error = complaint("[page]\n\ntitle = \"open\n", &[]);
    assert!(error.starts_with("proxy.toml:3: "), "{error}");
    let error = complaint("[page]\ntitle = 'a'\ntitle = 'b'\n", &[]);
    assert!(error.contains("duplicate"), "{error}");
}

#[test]
fn an_upstream_needs_a_name_an_address_and_a_host_key() {
    for (text, line) in [
        ("", "no upstream is configured"),
        ("[upstreams]", "no upstream is configured"),
        ("[upstreams.main]", "upstreams.main.address: missing; "),
        ("[upstreams.main]\naddress = 'a'", "upstreams.main: one of known_hosts and host_keys is required"),
        (
            "[upstreams.main]\naddress = 'a'\nhost_keys = []",
            "upstreams.main: one of known_hosts and host_keys",
        ),
        ("[upstreams.'a.b']\naddress = 'a'", "upstreams.a.b: expected a name of 1 to 64 letters"),
        ("[upstreams.'']\naddress = 'a'", "upstreams.: expected a name of 1 to 64 letters"),
    ] {
        let error = complaint(text, &[]);
        assert!(error.starts_with("proxy.toml: ") && error.contains(line), "{text:?}: {error}");
    }
    let long = format!("[upstreams.{}]\naddress = 'a'", "x".repeat(65));
    assert!(complaint(&long, &[]).contains("expected a name of"));
}

#[test]
fn an_unknown_variable_is_refused_with_the_nearest_name() {
    let error = complaint(&with_main(""), &[("SFTPBRIDGE_LIMITS__SESSION", "1")]);
    assert_eq!(
        error,
        "SFTPBRIDGE_LIMITS__SESSION: unknown variable; did you mean SFTPBRIDGE_LIMITS__SESSIONS?"
    );
}

#[test]
fn two_variables_for_one_key_are_refused() {
    let text = format!("[upstreams.eu-west]\naddress = 'a'\nhost_keys = ['{KEY}']");
    let names = ["SFTPBRIDGE_UPSTREAMS__EU-WEST__TITLE", "SFTPBRIDGE_UPSTREAMS__EU_WEST__TITLE"];
    let error = complaint(&text, &names.map(|name| (name, "x")));
    assert_eq!(error, format!("{}: upstreams.eu-west.title: already set by {}", names[1], names[0]));
}

/// Text that gets past the grammar now and then.
fn toml() -> impl Strategy<Value = String> {
    let section =
        prop_oneof!["\\[[a-z.\"]{0,12}\\]", "\\[(listen|limits|log|page|upstreams|upstreams\\.x)\\]"];
    let key = "(address|known_hosts|host_keys|idle|packet|sessions|level|title|[a-z\"\\\\.]{1,6})";
    let value = "(-?[0-9]{1,20}|[0-9.e]{1,5}|nan|1979-05-27|'[^'\\n]{0,12}'|\\[.{0,9}\\]|\\{\\}|true)";
    let line = prop_oneof![section, (key, value).prop_map(|(key, value)| format!("{key} = {value}"))];
    prop::collection::vec(line, 0..8).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn no_file_makes_the_start_panic_or_complain_in_two_lines(text in prop_oneof![toml(), ".*"]) {
        for text in [text.clone(), with_main(&text)] {
            if let Err(error) = resolve(&text, &[]) {
                prop_assert!(!error.contains('\n'), "{}", error);
            }
        }
    }

    #[test]
    fn no_variable_makes_the_start_panic(
        name in "SFTPBRIDGE_[A-Z_.-]{0,20}",
        path in prop::sample::select(schema::ROOT.paths("main")),
        value in ".*",
    ) {
        for name in [name, env::named(&path)] {
            if let Err(error) = resolve(&with_main(""), &[(&name, &value)]) {
                prop_assert!(!error.contains('\n'), "{}", error);
            }
        }
    }
}
