//! From a file, the environment and flags to a [`Config`], with the least lasting source winning:
//! flags, environment, file, defaults.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Format, Toml};
use figment::value::{Dict, Value};

use super::source::{Source, translated};
use super::{Config, ConfigError, ListenAddress, check, env, schema};
use crate::file_error::Unreadable;

/// Where a configuration is looked for if none is named; the first that exists is the only one read.
const PLACES: [&str; 2] = ["proxy.toml", "/etc/sftpbridge/proxy.toml"];

/// What flags on the command line set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--listen`, in place of `listen.address`.
    pub listen: Option<ListenAddress>,
    /// `--log-level`, in place of `log.level`.
    pub log_level: Option<String>,
}

impl Config {
    /// Reads the configuration. Without a `file` it is `./proxy.toml` if that exists, else
    /// `/etc/sftpbridge/proxy.toml`, else the environment alone.
    ///
    /// # Errors
    /// A file that is missing or cannot be read, an unknown key or variable, a bad or missing value,
    /// no upstream, keys that do not go together, a file that is named and cannot be read.
    pub fn load(file: Option<&Path>, overrides: &Overrides) -> Result<Config, ConfigError> {
        let text = match file {
            Some(path) => Some((path.to_owned(), read(path).map_err(|error| unreadable(path, error))?)),
            None => find(&PLACES)?,
        };
        let env = environment(std::env::vars_os())?;
        let file = text.as_ref().map(|(path, text)| (path.as_path(), text.as_str()));
        Config::resolve(file, env, overrides)
    }

    /// Where [`Config::load`] would read: `file` if it is given, else the first place that has one. A file that is
    /// there and cannot be read counts.
    pub fn place(file: Option<&Path>) -> Option<PathBuf> {
        let is_there =
            |place: &&Path| !matches!(place.metadata(), Err(error) if error.kind() == ErrorKind::NotFound);
        file.or_else(|| PLACES.iter().map(Path::new).find(is_there)).map(Path::to_owned)
    }

    /// The same without looking around: `file` is a path and the text there, `env` has variables of
    /// any name. Only the files that the configuration names are still looked at.
    ///
    /// # Errors
    /// As [`Config::load`], but for the file itself.
    pub fn resolve(
        file: Option<(&Path, &str)>,
        env: impl IntoIterator<Item = (String, String)>,
        overrides: &Overrides,
    ) -> Result<Config, ConfigError> {
        let written = match file {
            Some((path, text)) => parse(path, text)?,
            None => Dict::new(),
        };
        let upstreams = written.get("upstreams").and_then(Value::as_dict);
        let upstreams: Vec<String> =
            upstreams.map(|table| table.keys().cloned().collect()).unwrap_or_default();
        let env = env::sources(env, &upstreams)?;
        if file.is_none() && env.is_empty() {
            return Err(absent());
        }
        let written = file.map(|(path, _)| Source::file(path, written));
        let sources = written.into_iter().chain(env).chain(flags(overrides));
        extract(&sources.fold(Figment::new(), Figment::merge))
    }
}

fn extract(figment: &Figment) -> Result<Config, ConfigError> {
    check::names(figment)?;
    check::together::check(figment)?;
    let config = figment.extract().map_err(|error| translated(figment, error))?;
    check::complete(figment, config)
}

fn parse(path: &Path, text: &str) -> Result<Dict, ConfigError> {
    // Windows editors begin a file with a byte order mark; TOML's grammar has no place for it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let table: Dict = Toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let message = error.message().lines().map(str::trim).collect::<Vec<_>>().join(", ");
        ConfigError::new(message).in_source(format!("{}:{line}", path.display()))
    })?;
    let root = Value::from(table);
    schema::check(&root, &schema::ROOT, "").map_err(|error| error.in_source(path.display()))?;
    Ok(root.into_dict().unwrap_or_default())
}

fn find(places: &[&str]) -> Result<Option<(PathBuf, String)>, ConfigError> {
    for place in places.iter().map(Path::new) {
        match read(place) {
            Ok(text) => return Ok(Some((place.to_owned(), text))),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            // A file that is there but not for us to read must not be passed over for another.
            Err(error) => return Err(unreadable(place, error)),
        }
    }
    Ok(None)
}

fn read(path: &Path) -> std::io::Result<String> {
    std::fs::read_to_string(path)
}

fn unreadable(path: &Path, error: std::io::Error) -> ConfigError {
    ConfigError::new(Unreadable(error)).in_source(path.display())
}

fn absent() -> ConfigError {
    let places = PLACES.join(" nor ");
    let variable = env::named("upstreams.main.address");
    ConfigError::new(format!(
        "no configuration: neither {places} exists; write one, name one with --config, or set {variable}"
    ))
}

/// The variables that are text. Those of others are none of our business, whatever they hold.
fn environment(
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Vec<(String, String)>, ConfigError> {
    let named = variables.filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    let ours = named.filter(|(name, _)| env::is_ours(name));
    ours.map(|(name, value)| match value.into_string() {
        Ok(value) => Ok((name, value)),
        Err(_) => Err(ConfigError::new("the value is not UTF-8 text").in_source(name)),
    })
    .collect()
}

fn flags(overrides: &Overrides) -> impl Iterator<Item = Source> {
    let path = |section: &str, key: &str| [section.to_owned(), key.to_owned()];
    let listen = overrides.listen.as_ref().map(|address| Value::from(address.to_string()));
    let level = overrides.log_level.as_deref().map(Value::from);
    let listen = listen.map(|value| Source::one("--listen", &path("listen", "address"), value));
    let level = level.map(|value| Source::one("--log-level", &path("log", "level"), value));
    listen.into_iter().chain(level)
}

#[cfg(test)]
mod tests;
