//! Where a value came from (a file, a variable, a flag), so that an error can name it.

use std::path::Path;

use figment::error::{Actual, Kind};
use figment::value::{Dict, Map, Tag, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::ConfigError;

/// Values of one source. Each variable is a source by itself: figment then knows its name.
pub(super) struct Source {
    metadata: Metadata,
    values: Dict,
}

impl Source {
    /// The content of a file.
    pub(super) fn file(path: &Path, values: Dict) -> Source {
        Source { metadata: Metadata::from(path.display().to_string(), path), values }
    }

    /// One value, of the variable or flag `name`.
    pub(super) fn one(name: impl Into<String>, path: &[String], value: Value) -> Source {
        let table = |value, key: &String| Value::Dict(Tag::Default, Dict::from([(key.clone(), value)]));
        let values = path.iter().rev().fold(value, table).into_dict().unwrap_or_default();
        Source { metadata: Metadata::named(name.into()), values }
    }
}

impl Provider for Source {
    fn metadata(&self) -> Metadata {
        self.metadata.clone()
    }

    fn data(&self) -> figment::error::Result<Map<Profile, Dict>> {
        Ok(Map::from([(Profile::Default, self.values.clone())]))
    }
}

/// Names the source and the key of a problem with the value at `path` (with dots).
pub(super) fn placed(figment: &Figment, path: &str, problem: impl std::fmt::Display) -> ConfigError {
    let error = ConfigError::new(problem).at_key(path);
    // What is missing has no source; then it is the nearest table around it that has one, or the file.
    let mut around = std::iter::successors(Some(path), |path| path.rsplit_once('.').map(|(table, _)| table));
    let file = || figment.metadata().find(|metadata| file_path(metadata).is_some());
    match around.find_map(|path| figment.find_metadata(path)).or_else(file) {
        Some(metadata) => error.in_source(&metadata.name),
        None => error,
    }
}

/// The file that the value at `path` is written in, if it is one.
pub(super) fn file_of<'a>(figment: &'a Figment, path: &str) -> Option<&'a Path> {
    figment.find_metadata(path).and_then(file_path)
}

fn file_path(metadata: &Metadata) -> Option<&Path> {
    metadata.source.as_ref().and_then(|source| source.file_path())
}

/// Our own line for an error of figment's.
pub(super) fn translated(figment: &Figment, error: figment::Error) -> ConfigError {
    let path = error.path.join(".");
    match &error.kind {
        Kind::InvalidType(found, expected) | Kind::InvalidValue(found, expected) => {
            let expected = if expected == "a boolean" { "true or false" } else { expected };
            placed(figment, &path, format!("expected {expected}, found {}", in_words(found)))
        }
        kind => placed(figment, &path, kind),
    }
}

/// A value as its writer thinks of it.
pub(super) fn in_words(found: &Actual) -> String {
    match found {
        Actual::Bool(value) => value.to_string(),
        Actual::Unsigned(value) => value.to_string(),
        Actual::Signed(value) => value.to_string(),
        Actual::Float(value) => value.to_string(),
        Actual::Char(value) => format!("{:?}", value.to_string()),
        Actual::Str(value) => format!("{value:?}"),
        Actual::Seq => "a list".to_owned(),
        Actual::Map => "a table".to_owned(),
        other => other.to_string(),
    }
}
