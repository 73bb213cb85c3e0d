//! The path under which the bridge is mounted, in the one form that can be put before a route.

use std::fmt;
use std::str::FromStr;

use super::Malformed;

const EXPECTED: &str = r#"a path such as "/" or "/files" (letters, digits and "-._~" between slashes)"#;

/// A prefix for routes: empty for `/`, else `/x/y` without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BasePath(String);

impl BasePath {
    /// The prefix; `""` for `/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BasePath {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let path = text.strip_suffix('/').unwrap_or(text);
        // The empty text would be silent about a variable that somebody forgot to fill.
        let valid = text.starts_with('/') && (path.is_empty() || path.split('/').skip(1).all(is_segment));
        match valid {
            true => Ok(BasePath(path.to_owned())),
            false => Err(Malformed::new(EXPECTED, text)),
        }
    }
}

impl fmt::Display for BasePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// RFC 3986's unreserved characters: nothing to be decoded, no pattern for a router, and no dot
/// segment that a browser would resolve away.
fn is_segment(segment: &str) -> bool {
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    !matches!(segment, "" | "." | "..") && segment.bytes().all(unreserved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_path_can_be_put_before_a_route() {
        for (text, path) in [("/", ""), ("/files", "/files"), ("/a/b.c/", "/a/b.c")] {
            assert_eq!(text.parse::<BasePath>().unwrap().as_str(), path);
        }
        assert_eq!(BasePath::default(), "/".parse().unwrap());
    }

    #[test]
    fn what_a_router_or_browser_would_read_otherwise_is_refused() {
        for text in
            ["", "files", "//", "/a//b", "/..", "/a/./b", "/{x}", "/*x", "/a?b", "/a%20b", "/a b", "/ä"]
        {
            assert!(text.parse::<BasePath>().is_err(), "{text:?}");
        }
    }
}
