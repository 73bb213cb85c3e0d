//! The whole way from text to a configuration: which source wins, and where files are looked for.

use std::os::unix::ffi::OsStringExt;
use std::time::Duration;

use super::*;
use crate::config::LogFormat;

mod logins;
mod operating;
mod refusals;

const KEY: &str = "SHA256:Nh0Me49Zh9fDw/VYUfq43IJmI1T+XrjiYONPND8GzaM";

/// What `limits` and others need around them to load.
fn with_main(text: &str) -> String {
    format!("{text}\n[upstreams.main]\naddress = \"a.example\"\nhost_keys = [\"{KEY}\"]\n")
}

fn resolve(text: &str, env: &[(&str, &str)]) -> Result<Config, String> {
    resolve_with(text, env, &Overrides::default())
}

fn resolve_with(text: &str, env: &[(&str, &str)], overrides: &Overrides) -> Result<Config, String> {
    let env = env.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    Config::resolve(Some((Path::new("proxy.toml"), text)), env, overrides).map_err(|error| error.to_string())
}

fn complaint(text: &str, env: &[(&str, &str)]) -> String {
    let error = resolve(text, env).expect_err(text);
    assert_eq!(error.lines().count(), 1, "{error}");
    error
}

#[test]
fn the_default_upstream_must_exist_and_a_single_one_is_it() {
    let one = |name: &str| format!("[upstreams.{name}]\naddress = 'a'\nhost_keys = ['{KEY}']\n");
    assert_eq!(resolve(&one("nas"), &[]).unwrap().default_upstream, "nas");
    let two = one("nas") + &one("main");
    assert_eq!(resolve(&two, &[]).unwrap().default_upstream, "main");
    assert_eq!(resolve(&two, &[("SFTPBRIDGE_DEFAULT_UPSTREAM", "nas")]).unwrap().default_upstream, "nas");
    let two = one("nas") + &one("tape");
    let error = complaint(&two, &[]);
    assert!(
        error.ends_with("default_upstream: missing; with several upstreams it names one of them (nas, tape)"),
        "{error}"
    );
    let error = complaint(&two, &[("SFTPBRIDGE_DEFAULT_UPSTREAM", "main")]);
    assert!(
        error.ends_with(r#"default_upstream: expected the name of an upstream (nas, tape), found "main""#),
        "{error}"
    );
    assert!(complaint(&(one("nas")), &[("SFTPBRIDGE_DEFAULT_UPSTREAM", "main")]).contains("(nas)"));
}

#[test]
fn the_environment_sets_values_of_each_kind_and_beats_the_file() {
    let text = with_main("[page]\ntitle = 'file'\n[limits]\npacket = 40000\nsessions = 5");
    let config = resolve(
        &text,
        &[
            ("SFTPBRIDGE_PAGE__TITLE", "0123"),
            ("SFTPBRIDGE_LISTEN__ADDRESS", "[::]:80"),
            ("SFTPBRIDGE_LISTEN__BASE_PATH", "/files/"),
            ("SFTPBRIDGE_LISTEN__ALLOWED_ORIGINS", "https://a.example, http://B.example:80"),
            ("SFTPBRIDGE_PAGE__FRAME_ANCESTORS", "https://A.example:443"),
            ("SFTPBRIDGE_LISTEN__REQUIRE_SUBPROTOCOL", "true"),
            ("SFTPBRIDGE_LIMITS__SESSIONS", "7"),
            ("SFTPBRIDGE_LIMITS__PACKET", "256 KiB"),
            ("SFTPBRIDGE_LIMITS__IDLE", "1h 30m"),
            ("SFTPBRIDGE_LOG__FORMAT", "json"),
            ("SFTPBRIDGE_LOG__LEVEL", "warn, russh=debug"),
            ("SFTPBRIDGE_UPSTREAMS__MAIN__TITLE", "true"),
            ("SFTPBRIDGE_UPSTREAMS__MAIN__HOST_KEYS", &format!("[\"{KEY}\", '{KEY}']")),
            ("SFTPBRIDGE_UPSTREAMS__MAIN__LEGACY", "true"),
            ("SFTPBRIDGE_PASSWORD", "belongs to connect"),
            ("SFTPBRIDGE_TOKEN", "belongs to connect"),
            ("HOME", "/root"),
        ],
    )
    .unwrap();
    assert_eq!(config.page.title, "0123");
    assert_eq!(config.page.frame_ancestors, ["https://a.example".parse().unwrap()]);
    assert_eq!(config.listen.address.to_string(), "[::]:80");
    assert_eq!(config.listen.base_path.as_str(), "/files");
    let origins: Vec<&str> = config.listen.allowed_origins.iter().map(|origin| origin.as_str()).collect();
    assert_eq!(origins, ["https://a.example", "http://b.example"]);
    assert!(config.listen.require_subprotocol);
    assert_eq!((config.limits.sessions, config.limits.packet), (7, 262_144));
    assert_eq!(config.limits.idle, Duration::from_secs(5400));
    assert_eq!((config.log.format, config.log.level.as_str()), (LogFormat::Json, "warn,russh=debug"));
    let main = config.upstreams.get("main").unwrap();
    assert_eq!((main.title_or("main"), main.legacy, main.host_keys.len()), ("true", true, 2));
    assert_eq!(main.address.host, "a.example");
}

#[test]
fn the_environment_alone_is_enough() {
    let env = [("ADDRESS", "[::1]:2222"), ("HOST_KEYS", KEY)];
    let env = env.map(|(key, value)| (format!("SFTPBRIDGE_UPSTREAMS__MAIN__{key}"), value.to_owned()));
    let config = Config::resolve(None, env, &Overrides::default()).unwrap();
    assert_eq!(config.upstreams.get("main").unwrap().address.to_string(), "[::1]:2222");
}

#[test]
fn an_environment_without_an_upstream_is_not_blamed_on_another_variable() {
    let env = [("SFTPBRIDGE_PAGE__TITLE".to_owned(), "x".to_owned())];
    let error = Config::resolve(None, env, &Overrides::default()).unwrap_err().to_string();
    assert!(error.starts_with("upstreams: no upstream is configured; "), "{error}");
}

#[test]
fn nothing_at_all_says_what_to_do() {
    let env = [("SFTPBRIDGE_PASSWORD".to_owned(), "x".to_owned())];
    let error = Config::resolve(None, env, &Overrides::default()).unwrap_err().to_string();
    assert!(error.starts_with("no configuration: neither proxy.toml nor /etc/sftpbridge/proxy.toml exists"));
    assert!(error.ends_with("or set SFTPBRIDGE_UPSTREAMS__MAIN__ADDRESS"), "{error}");
}

#[test]
fn flags_beat_the_environment() {
    let flags = Overrides {
        listen: Some(ListenAddress::Tcp(([0, 0, 0, 0], 1).into())),
        log_level: Some("debug".to_owned()),
    };
    let env = [("SFTPBRIDGE_LISTEN__ADDRESS", "127.0.0.1:2"), ("SFTPBRIDGE_LOG__LEVEL", "error")];
    let config = resolve_with(&with_main(""), &env, &flags).unwrap();
    assert_eq!(
        (config.listen.address.to_string().as_str(), config.log.level.as_str()),
        ("0.0.0.0:1", "debug")
    );
    let flags = Overrides { log_level: Some("loud".to_owned()), ..Overrides::default() };
    let error = resolve_with(&with_main(""), &env, &flags).unwrap_err();
    assert!(error.starts_with("--log-level: log.level: expected error, warn"), "{error}");
}

#[test]
fn a_relative_path_starts_at_the_file_or_at_the_working_directory() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("proxy.toml");
    std::fs::write(folder.path().join("hosts"), "").unwrap();
    std::fs::write(&file, "[upstreams.main]\naddress = 'a'\nknown_hosts = 'hosts'\n").unwrap();

    let text = std::fs::read_to_string(&file).unwrap();
    let resolve = |env: &[(&str, &str)]| {
        let env = env.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        Config::resolve(Some((&file, &text)), env, &Overrides::default())
    };
    let known_hosts = |config: Config| config.upstreams.get("main").unwrap().known_hosts.clone().unwrap();
    assert_eq!(known_hosts(resolve(&[]).unwrap()), folder.path().join("hosts"));

    // Tests run in the package's own directory.
    let variable = "SFTPBRIDGE_UPSTREAMS__MAIN__KNOWN_HOSTS";
    assert_eq!(known_hosts(resolve(&[(variable, "Cargo.toml")]).unwrap()), Path::new("Cargo.toml"));
    let error = resolve(&[(variable, "hosts")]).unwrap_err().to_string();
    assert!(
        error.starts_with(&format!(
            "{variable}: upstreams.main.known_hosts: hosts: cannot be read: No such file"
        )),
        "{error}"
    );
}

#[test]
fn a_known_hosts_file_that_is_named_must_be_there_whatever_else_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("proxy.toml");
    for (path, problem) in
        [("missing", "No such file"), (".", "not a regular file"), ("", "not a regular file")]
    {
        let text = format!("{}known_hosts = '{path}'\n", with_main(""));
        let error = Config::resolve(Some((&file, &text)), [], &Overrides::default()).unwrap_err().to_string();
        assert!(error.contains("upstreams.main.known_hosts: ") && error.contains(problem), "{error}");
    }
}

#[test]
fn a_named_file_that_is_missing_is_an_error() {
    let error = Config::load(Some(Path::new("no/such.toml")), &Overrides::default()).unwrap_err().to_string();
    assert!(error.starts_with("no/such.toml: cannot be read: "), "{error}");
}

#[test]
fn the_first_file_that_exists_is_the_only_one_read() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (first, second) = (place("first"), place("second"));
    assert_eq!(find(&[&first, &second]).unwrap(), None);
    std::fs::write(&second, "2").unwrap();
    assert_eq!(find(&[&first, &second]).unwrap(), Some((second.clone().into(), "2".to_owned())));
    std::fs::write(&first, "1").unwrap();
    assert_eq!(find(&[&first, &second]).unwrap(), Some((first.clone().into(), "1".to_owned())));
    std::fs::remove_file(&first).unwrap();
    std::fs::create_dir(&first).unwrap();
    assert!(find(&[&first, &second]).unwrap_err().to_string().contains("cannot be read"));
}

#[test]
fn a_variable_of_ours_must_be_text_and_the_others_may_be_anything() {
    let binary = || OsString::from_vec(vec![0xff]);
    let others = [("HOME".into(), binary()), (binary(), binary()), ("SFTPBRIDGE_PASSWORD".into(), binary())];
    assert_eq!(environment(others.into_iter()), Ok(Vec::new()));
    let error = environment([("SFTPBRIDGE_PAGE__TITLE".into(), binary())].into_iter()).unwrap_err();
    assert_eq!(error.to_string(), "SFTPBRIDGE_PAGE__TITLE: the value is not UTF-8 text");
}

#[test]
fn a_byte_order_mark_is_no_error() {
    assert!(resolve(&format!("\u{feff}{}", with_main("")), &[]).is_ok());
}
