//! A text that must not be seen: it has no Display, its Debug says nothing, and its memory is
//! overwritten when it is dropped.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Deserializer};
use zeroize::{Zeroize, Zeroizing};

use super::ConfigError;
use crate::file_error::Unreadable;

/// The largest secret file in bytes. A larger one is surely the wrong file.
const LARGEST: usize = 64 * 1024;

/// A password or the like.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over. Copies that the caller made before are the caller's to wipe.
    pub fn new(text: String) -> Secret {
        Secret(Zeroizing::new(text))
    }

    /// Reads a file of UTF-8 text, without the one newline (`\n` or `\r\n`) that editors put at its
    /// end; other white space belongs to the secret.
    ///
    /// # Errors
    /// The file cannot be read, is empty, is larger than 64 KiB or is not UTF-8. The error names the
    /// file and never its content.
    pub fn from_file(path: &Path) -> Result<Secret, ConfigError> {
        read(path).map_err(|error| error.in_source(path.display()))
    }

    /// The text, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Secret {
        Secret::new(text)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
        String::deserialize(deserializer).map(Secret::new)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

fn read(path: &Path) -> Result<Secret, ConfigError> {
    let unreadable = |error| ConfigError::new(Unreadable(error));
    // Room for everything at once: a buffer that grew would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LARGEST + 64));
    let file = File::open(path).map_err(unreadable)?;
    file.take(LARGEST as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > LARGEST {
        return Err(ConfigError::new("a secret has at most 64 KiB, and this file is larger"));
    }
    let text = String::from_utf8(std::mem::take(&mut *bytes)).map_err(|error| {
        error.into_bytes().zeroize();
        ConfigError::new("a secret is UTF-8 text, and this file is not")
    })?;
    let secret = Secret(Zeroizing::new(text));
    let line = without_newline(secret.expose());
    match line.is_empty() {
        true => Err(ConfigError::new("the secret is empty")),
        false => Ok(Secret::new(line.to_owned())),
    }
}

fn without_newline(text: &str) -> &str {
    let line = text.strip_suffix('\n').unwrap_or(text);
    match line.len() < text.len() {
        true => line.strip_suffix('\r').unwrap_or(line),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_bytes(bytes: &[u8]) -> Result<Secret, ConfigError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        Secret::from_file(file.path())
    }

    #[test]
    fn a_secret_never_shows_in_debug() {
        let secret = Secret::new("canary".to_owned());
        assert_eq!(format!("{secret:?} {:#?}", Some(&secret)), "Secret(..) Some(\n    Secret(..),\n)");
        assert_eq!(secret.expose(), "canary");
    }

    #[test]
    fn exactly_one_newline_is_stripped() {
        for (bytes, text) in [
            ("pw", "pw"),
            ("pw\n", "pw"),
            ("pw\r\n", "pw"),
            ("pw\n\n", "pw\n"),
            ("pw\r", "pw\r"),
            (" 0123 \n", " 0123 "),
        ] {
            assert_eq!(from_bytes(bytes.as_bytes()).unwrap().expose(), text, "{bytes:?}");
        }
    }

    #[test]
    fn an_unusable_file_is_refused_without_its_content() {
        let large = vec![b'x'; LARGEST + 1];
        for bytes in [&b""[..], b"\n", b"\r\n", b"canary\xff", &large] {
            let error = from_bytes(bytes).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
        }
        assert_eq!(from_bytes(large.split_last().unwrap().1).unwrap().expose().len(), LARGEST);
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Secret::from_file(Path::new("no/such/file")).unwrap_err().to_string();
        assert!(error.starts_with("no/such/file: "), "{error}");
    }
}
