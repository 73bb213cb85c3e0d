//! Tests that hold `proxy.toml`, the documentation and the code together.

use std::collections::BTreeSet;

use super::{Config, HostPort, Overrides, Upstream, env, schema};

const FILE: &str = include_str!("../../proxy.toml");
const PAGE: &str = include_str!("../../docs/configuration.md");

/// Loads `text` as a `proxy.toml` with a `known_hosts` file beside it, from no variables.
fn load(text: &str) -> (Config, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("known_hosts"), "").unwrap();
    let path = folder.path().join("proxy.toml");
    (Config::resolve(Some((&path, text)), [], &Overrides::default()).unwrap(), folder)
}

/// The lines of the file, with the examples made real.
fn with_examples() -> String {
    let is_key = |line: &str| line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
    let real = |line: &'static str| line.strip_prefix("# ").filter(|rest| is_key(rest)).unwrap_or(line);
    FILE.lines().map(|line| real(line).to_owned() + "\n").collect()
}

/// The path of every key in a file, in the order of the lines.
fn keys(text: &str) -> Vec<String> {
    let mut section = String::new();
    let mut keys = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = format!("{name}.");
        } else if let Some((key, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
            keys.push(format!("{section}{key}"));
        }
    }
    keys
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
    assert_eq!([main.connect_timeout, main.login_timeout, main.keepalive].map(seconds), [10.0, 30.0, 20.0]);
    let limits = &config.limits;
    assert_eq!([limits.sessions, limits.sessions_per_user, limits.sessions_per_address], [1000, 32, 64]);
    assert_eq!(limits.packet, 262_148);
    let durations =
        [limits.idle, limits.lifetime, limits.linger, limits.stall, limits.drain, limits.keepalive];
    assert_eq!(durations.map(seconds), [900.0, 86_400.0, 5.0, 60.0, 30.0, 25.0]);
}

#[test]
fn every_key_of_the_schema_is_in_the_reference_file_once() {
    let written = keys(&with_examples());
    let known: BTreeSet<String> = schema::ROOT.paths("main").into_iter().collect();
    assert!(!known.is_empty());
    assert_eq!(written.iter().cloned().collect::<BTreeSet<_>>(), known);
    assert_eq!(written.len(), known.len());
}

#[test]
fn the_examples_in_the_reference_file_are_valid() {
    let (config, _folder) = load(&with_examples());
    assert_eq!(config.upstreams.get("main").unwrap().title.as_deref(), Some("Files at the office"));
    assert_eq!(config.upstreams.get("main").unwrap().host_keys.len(), 1);
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
    let examples: Vec<&str> =
        PAGE.split("```toml\n").skip(1).filter_map(|part| part.split("```").next()).collect();
    assert!(!examples.is_empty());
    for example in examples {
        load(example);
    }
}
