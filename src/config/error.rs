//! What is wrong with a configuration, in one line for the person who can mend it.

use std::fmt::{self, Display};

/// A configuration that cannot be used. The message is one line: the file, variable or flag, the
/// key, and the problem. There is one kind only, since every caller prints it and exits with 64.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    source_name: Option<String>,
    key: Option<String>,
    problem: String,
}

impl ConfigError {
    pub(super) fn new(problem: impl Display) -> Self {
        ConfigError { source_name: None, key: None, problem: problem.to_string() }
    }

    /// Names the file, variable or flag to look at.
    pub(super) fn in_source(self, name: impl Display) -> Self {
        ConfigError { source_name: Some(name.to_string()), ..self }
    }

    /// Names the key, with dots between its parts.
    pub(super) fn at_key(self, key: impl Display) -> Self {
        ConfigError { key: Some(key.to_string()), ..self }
    }
}

impl Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for place in [&self.source_name, &self.key].into_iter().flatten() {
            write!(f, "{}: ", OneLine(place))?;
        }
        OneLine(&self.problem).fmt(f)
    }
}

/// A value that is not what its key takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found}")]
pub struct Malformed {
    expected: String,
    found: String,
}

impl Malformed {
    /// `expected` is a phrase with an article; `found` is the text as it was given.
    pub(super) fn new(expected: impl Into<String>, found: &str) -> Self {
        Malformed { expected: expected.into(), found: format!("{found:?}") }
    }

    /// For a text that may hold a password: says what it is and does not repeat it.
    pub(super) fn unquoted(expected: impl Into<String>, found: &'static str) -> Self {
        Malformed { expected: expected.into(), found: found.to_owned() }
    }
}

/// Text that stays on its line and cannot drive a terminal: a key in quotes may hold anything.
struct OneLine<'a>(&'a str);

impl Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c.is_control() {
            true => write!(f, "{}", c.escape_default()),
            false => write!(f, "{c}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_line_that_names_source_key_and_problem() {
        let error = ConfigError::new("unknown key").in_source("a\nb.toml").at_key("x\u{1b}[2J");
        assert_eq!(error.to_string(), "a\\nb.toml: x\\u{1b}[2J: unknown key");
        assert_eq!(ConfigError::new("nothing").to_string(), "nothing");
    }
}
