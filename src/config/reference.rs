//! Tests that hold `proxy.toml`, the documentation and the code together.

use std::collections::{BTreeMap, BTreeSet};

use super::check::together::{BELONGINGS, CREDENTIALS};
use super::{Config, Credentials, HostPort, Overrides, Proof, Upstream, env, schema};

const FILE: &str = include_str!("../../proxy.toml");
const PAGE: &str = include_str!("../../docs/configuration.md");
const POLICIES: &str = include_str!("../../docs/policy.md");

/// The files that the examples name.
const NAMED: &[&str] = &[
    "known_hosts",
    "cert.pem",
    "key.pem",
    "ca.pem",
    "id_ed25519",
    "passphrase",
    "password",
    "user_ca",
    "users",
    "jwks.json",
    "issuer_ca.pem",
    "oidc_secret",
    "cookie_key",
    "provider_ca.pem",
    "acme_ca.pem",
];

/// Loads `text` as a `proxy.toml` with the files that it may name beside it, from no variables.
fn load(text: &str) -> (Config, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    for name in NAMED {
        std::fs::write(folder.path().join(name), "0123456789abcdef0123456789abcdef").unwrap();
    }
    let path = folder.path().join("proxy.toml");
    let config = Config::resolve(Some((&path, text)), [], &Overrides::default());
    (config.unwrap_or_else(|error| panic!("{error}\n{text}")), folder)
}

/// The lines of the file, with the examples made real.
fn with_examples() -> String {
    let is_key = |line: &str| line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
    let is_real = |line: &&str| is_key(line) || section_of(line).is_some();
    let real = |line: &'static str| line.strip_prefix("# ").filter(is_real).unwrap_or(line);
    // What a kind of credentials is introduced by is no example of the key.
    let real = |line: &'static str| if line.starts_with("# credentials = ") { line } else { real(line) };
    FILE.lines().map(|line| real(line).to_owned() + "\n").collect()
}

/// The examples that go with one kind of credentials, and one source of an issuer's keys.
fn with_examples_of(credentials: &str, jwks: &str) -> String {
    let other = if jwks == "jwks_file" { &["jwks_url", "ca_file"][..] } else { &["jwks_file"] };
    let foreign = |section: &str, key: &str| match section {
        "upstreams.main" => {
            let mut belongings = BELONGINGS.iter().filter(|belonging| belonging.key == key);
            belongings.any(|belonging| !belonging.credentials.contains(&credentials))
        }
        "identity.jwt" => other.contains(&key),
        // The two ways to a certificate, and to an audit log, are tried in turn.
        "listen.tls" if jwks == "jwks_file" => key.starts_with("acme_"),
        "listen.tls" => matches!(key, "certificate" | "key"),
        "audit" => key == if jwks == "jwks_file" { "syslog" } else { "file" },
        _ => false,
    };
    let mut section = String::new();
    let mut text = String::new();
    for line in with_examples().lines() {
        section = section_of(line).map_or(section, str::to_owned);
        let key = line.split_once(" = ").map_or("", |(key, _)| key);
        if key == "credentials" {
            text += &format!("credentials = {credentials:?}\n");
        } else if !foreign(&section, key) {
            text += &format!("{line}\n");
        }
    }
    text
}

fn section_of(line: &str) -> Option<&str> {
    line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'))
}

/// The path of every key in a file, and its value, in the order of the lines.
fn values(text: &str) -> Vec<(String, &str)> {
    let mut section = String::new();
    let mut values = Vec::new();
    for line in text.lines() {
        if let Some(name) = section_of(line) {
            section = format!("{name}.");
        } else if let Some((key, value)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
            values.push((format!("{section}{key}"), value));
        }
    }
    values
}

/// The path of every key that has a row in the documentation, and the default that stands there.
fn rows() -> Vec<(String, &'static str)> {
    let mut table = None;
    let mut rows = Vec::new();
    for line in PAGE.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            let section = heading.trim_matches('`');
            table = section_of(section).map(|name| format!("{name}."));
            if heading == "The top" {
                table = Some(String::new());
            }
        } else if let (Some(table), Some(row)) = (&table, line.strip_prefix("| `"))
            && let [key, _, default, ..] = row.split(" | ").collect::<Vec<_>>()[..]
        {
            rows.push((format!("{table}{}", key.trim_end_matches('`')), default));
        }
    }
    rows
}

#[test]
fn the_reference_file_loads_and_says_the_defaults() {
    let (config, folder) = load(FILE);
    let mut main = Upstream::at("127.0.0.1:22".parse().unwrap());
    main.known_hosts = Some(folder.path().join("known_hosts"));
    let defaults = Config { upstreams: [("main".to_owned(), main)].into(), ..Config::default() };
    assert_eq!(config, defaults);
}

#[test]
fn the_defaults_are_the_documented_numbers() {
    let (config, _folder) = load(FILE);
    let seconds = |duration: std::time::Duration| duration.as_secs_f64();
    assert_eq!(config.default_upstream, "main");
    assert_eq!(config.listen.address.to_string(), "127.0.0.1:8022");
    let main = config.upstreams.get("main").unwrap();
    assert_eq!(main.address, HostPort { host: "127.0.0.1".to_owned(), port: 22 });
    assert_eq!(main.title_or("main"), "main");
    let waits = [main.connect_timeout, main.login_timeout, main.keepalive, main.resume];
    assert_eq!(waits.map(seconds), [10.0, 30.0, 20.0, 60.0]);
    let limits = &config.limits;
    assert_eq!([limits.sessions, limits.sessions_per_user, limits.sessions_per_address], [1000, 32, 64]);
    assert_eq!(limits.packet, 262_148);
    let durations =
        [limits.idle, limits.lifetime, limits.linger, limits.stall, limits.drain, limits.keepalive];
    assert_eq!(durations.map(seconds), [900.0, 86_400.0, 5.0, 60.0, 30.0, 25.0]);
    let throttle = &config.throttle;
    let attempts = [throttle.attempts_per_address, throttle.attempts_per_user, throttle.login_attempts];
    assert_eq!((attempts, seconds(throttle.window)), ([3, 3, 6], 60.0));
    assert_eq!(config.identity, super::Identity::default());
}

#[test]
fn every_key_of_the_schema_is_in_the_reference_file_once() {
    let text = with_examples();
    let written: Vec<String> = values(&text).into_iter().map(|(path, _)| path).collect();
    let known: BTreeSet<String> = schema::ROOT.paths("main").into_iter().collect();
    assert!(!known.is_empty());
    assert_eq!(written.iter().cloned().collect::<BTreeSet<_>>(), known);
    assert_eq!(written.len(), known.len());
}

#[test]
fn the_examples_in_the_reference_file_are_valid() {
    for credentials in CREDENTIALS {
        for jwks in ["jwks_file", "jwks_url"] {
            let (config, folder) = load(&with_examples_of(credentials, jwks));
            let main = config.upstreams.get("main").unwrap();
            assert_eq!(main.title.as_deref(), Some("Files at the office"));
            assert_eq!(main.host_keys.len(), 1);
            assert_eq!(main.credentials == Credentials::User, *credentials == "user");
            let identity = &config.identity;
            assert_eq!(identity.users_file.as_deref(), Some(folder.path().join("users").as_path()));
            assert!(identity.jwt.is_some() && identity.oidc.is_some() && config.listen.tls.is_some());
            assert!(identity.trusted_header.is_some() && identity.client_certificate.is_some());
        }
    }
}

#[test]
fn an_example_of_a_key_with_a_default_shows_it() {
    let (config, _folder) = load(&with_examples_of("certificate", "jwks_url"));
    let (jwt, oidc) = (config.identity.jwt.unwrap(), config.identity.oidc.unwrap());
    assert_eq!((jwt.user_claim.as_str(), jwt.leeway.as_secs()), ("sub", 60));
    assert_eq!((oidc.user_claim.as_str(), oidc.lifetime.as_secs()), ("sub", 8 * 3600));
    let Credentials::Own { user, proof: Proof::Certificate(authority) } =
        &config.upstreams.get("main").unwrap().credentials
    else {
        panic!("{:?}", config.upstreams);
    };
    assert_eq!((user.fill("ann").as_str(), authority.validity.as_secs()), ("ann", 300));
    assert_eq!(authority.principals, std::slice::from_ref(user));
}

#[test]
fn every_key_has_its_row_in_the_documentation() {
    let paths = schema::ROOT.paths("NAME");
    assert!(!paths.is_empty());
    for path in paths {
        let row = format!("| `{}` |", path.rsplit('.').next().unwrap());
        let heading =
            path.rsplit_once('.').map_or("## The top".to_owned(), |(table, _)| format!("## `[{table}]`"));
        let section = PAGE.split("\n## ").find(|part| format!("## {part}").starts_with(&heading));
        assert!(section.is_some_and(|text| text.contains(&row)), "{path}");
    }
}

#[test]
fn every_row_in_the_documentation_has_its_key() {
    let known: BTreeSet<String> = schema::ROOT.paths("NAME").into_iter().collect();
    let written = rows();
    assert_eq!(written.len(), known.len());
    for (path, _) in written {
        assert!(known.contains(&path), "{path}");
    }
}

/// Where the default is a value. That of a list is empty, for which the file has an example.
#[test]
fn the_defaults_in_the_documentation_are_those_of_the_reference_file() {
    let text = with_examples();
    let shown: BTreeMap<String, &str> = values(&text).into_iter().collect();
    let defaults = rows().into_iter().filter_map(|(path, default)| {
        let value = default.strip_prefix('`')?.strip_suffix('`')?;
        (value != "[]").then(|| (path.replace("upstreams.NAME", "upstreams.main"), value))
    });
    let defaults: Vec<(String, &str)> = defaults.collect();
    assert!(defaults.len() > 30, "only {} defaults found", defaults.len());
    for (path, value) in defaults {
        assert_eq!(shown.get(&path), Some(&value), "{path}");
    }
}

#[test]
fn every_variable_in_the_documentation_exists() {
    let is_part = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let variables: Vec<&str> = PAGE
        .split(|c| !is_part(c))
        .filter(|word| word.starts_with("SFTPBRIDGE_") && word.contains("__"))
        // The page shows one mistake.
        .filter(|word| !PAGE.contains(&format!("{word}: unknown variable")))
        .collect();
    assert!(!variables.is_empty());
    let paths = ["main", "EU-West"].iter().flat_map(|name| schema::ROOT.paths(name));
    let known: BTreeSet<String> = paths.map(|path| env::named(&path)).collect();
    for variable in variables {
        assert!(known.contains(variable), "{variable}");
    }
}

#[test]
fn the_toml_examples_in_the_documentation_load() {
    for page in [PAGE, POLICIES] {
        let examples: Vec<&str> =
            page.split("```toml\n").skip(1).filter_map(|part| part.split("```").next()).collect();
        assert!(!examples.is_empty());
        for example in examples {
            load(example);
        }
    }
}
