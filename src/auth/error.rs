//! Why `[identity]` cannot be used as it is written.

/// Why the ways to know a person cannot be used: the key, the file, and never what is in the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("identity.{key}: {problem}")]
pub struct IdentityError {
    key: &'static str,
    problem: String,
}

impl IdentityError {
    pub(super) fn at(key: &'static str) -> impl FnOnce(String) -> Self {
        move |problem| Self { key, problem }
    }
}
