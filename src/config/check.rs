//! What no key can know by itself: names, what belongs together, and files that must be there.

use figment::Figment;
use figment::value::Dict;

use super::source::placed;
use super::{Config, ConfigError, Upstream, env};

mod files;
mod identity;
pub(super) mod together;

/// Names are part of URLs, of log lines and of variables.
const NAME: &str = "1 to 64 letters, digits, hyphens and underscores";

/// Checks the upstreams' names, and that each has the one key without a default. This comes first,
/// because the later steps use names as parts of a path with dots.
pub(super) fn names(figment: &Figment) -> Result<(), ConfigError> {
    let upstreams = table(figment, "upstreams");
    if upstreams.is_empty() {
        let variable = env::named("upstreams.main.address");
        let problem =
            format!("no upstream is configured; add [upstreams.main] with its address, or set {variable}");
        return Err(placed(figment, "upstreams", problem));
    }
    upstreams.keys().try_for_each(|name| {
        let path = format!("upstreams.{name}");
        if !is_name(name) {
            return Err(placed(figment, &path, format!("expected a name of {NAME}, found {name:?}")));
        }
        let groups = table(figment, &format!("{path}.policy.groups"));
        if let Some(group) = groups.keys().find(|group| !is_name(group)) {
            let problem =
                format!("expected a name of {NAME}, found {group:?}; other names go into its claims");
            return Err(placed(figment, &format!("{path}.policy.groups"), problem));
        }
        match table(figment, &path).contains_key("address") {
            true => Ok(()),
            false => {
                Err(placed(figment, &format!("{path}.address"), "missing; set it to the server's host:port"))
            }
        }
    })
}

/// Completes the default and the paths, and checks what belongs together.
pub(super) fn complete(figment: &Figment, mut config: Config) -> Result<Config, ConfigError> {
    config.default_upstream = default_upstream(figment, &config)?;
    config.upstreams.iter().try_for_each(|(name, upstream)| host_keys(figment, name, upstream))?;
    identity::check(figment, &config)?;
    files::complete(figment, &mut config)?;
    Ok(config)
}

fn default_upstream(figment: &Figment, config: &Config) -> Result<String, ConfigError> {
    let names: Vec<&str> = config.upstreams.keys().map(String::as_str).collect();
    let set = figment.contains("default_upstream");
    if let ([only], false) = (names.as_slice(), set) {
        return Ok((*only).to_owned());
    }
    let name = &config.default_upstream;
    let known = names.join(", ");
    match (config.upstreams.contains_key(name), set) {
        (true, _) => Ok(name.clone()),
        (false, true) => Err(format!("expected the name of an upstream ({known}), found {name:?}")),
        (false, false) => Err(format!("missing; with several upstreams it names one of them ({known})")),
    }
    .map_err(|problem| placed(figment, "default_upstream", problem))
}

/// The bridge learns no host key at run time, so one must be known.
fn host_keys(figment: &Figment, name: &str, upstream: &Upstream) -> Result<(), ConfigError> {
    let problem = "one of known_hosts and host_keys is required: a host key is never learnt";
    match upstream.known_hosts.is_none() && upstream.host_keys.is_empty() {
        true => Err(placed(figment, &format!("upstreams.{name}"), problem)),
        false => Ok(()),
    }
}

fn table(figment: &Figment, path: &str) -> Dict {
    figment.find_value(path).ok().and_then(|value| value.into_dict()).unwrap_or_default()
}

fn is_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (1..=64).contains(&name.len()) && name.bytes().all(allowed)
}
