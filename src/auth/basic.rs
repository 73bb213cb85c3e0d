//! `Authorization: Basic` (RFC 7617): the person's own login at the upstream, passed through.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use zeroize::Zeroizing;

use crate::config::Secret;
use crate::upstream::Credentials;

/// Longest user name in bytes. Linux allows 32, Active Directory names with a domain are longer.
const LONGEST_USER: usize = 256;

/// Why there are no credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BasicError {
    /// None were sent, or of another scheme.
    Missing,
    /// They cannot be right: not base64, not UTF-8, a part is empty, or the name has control characters.
    Unusable,
}

/// Reads user and password from the request.
///
/// # Errors
/// [`BasicError`]; what is unusable must not reach an upstream.
pub fn basic(headers: &HeaderMap) -> Result<Credentials, BasicError> {
    let value = headers.get(header::AUTHORIZATION).ok_or(BasicError::Missing)?;
    let (scheme, encoded) = split(value.as_bytes()).ok_or(BasicError::Missing)?;
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return Err(BasicError::Missing);
    }
    let decoded = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| BasicError::Unusable)?);
    let text = std::str::from_utf8(&decoded).map_err(|_| BasicError::Unusable)?;
    let (user, password) = text.split_once(':').ok_or(BasicError::Unusable)?;
    let usable = (1..=LONGEST_USER).contains(&user.len())
        && !user.chars().any(char::is_control)
        && !password.is_empty()
        && !password.contains('\0');
    if !usable {
        return Err(BasicError::Unusable);
    }
    Ok(Credentials::Password { user: user.to_owned(), password: Secret::new(password.to_owned()) })
}

fn split(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = value.iter().position(|byte| *byte == b' ')?;
    let (scheme, rest) = value.split_at_checked(space)?;
    Some((scheme, rest.trim_ascii()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use proptest::prelude::*;

    fn read(value: &str) -> Result<(String, String), BasicError> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        let Credentials::Password { user, password } = basic(&headers)?;
        Ok((user, password.expose().to_owned()))
    }

    fn encoded(text: &str) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    #[test]
    fn user_and_password_are_utf8_and_only_the_first_colon_parts_them() {
        assert_eq!(read(&encoded("jürgen:pä:ss")), Ok(("jürgen".to_owned(), "pä:ss".to_owned())));
        assert_eq!(read("bAsIc  dTpw"), Ok(("u".to_owned(), "p".to_owned())));
    }

    #[test]
    fn other_schemes_are_missing_credentials() {
        assert_eq!(basic(&HeaderMap::new()).unwrap_err(), BasicError::Missing);
        for value in ["Bearer x", "Basic", "Negotiate abc", ""] {
            assert_eq!(read(value).unwrap_err(), BasicError::Missing, "{value:?}");
        }
    }

    #[test]
    fn empty_and_broken_credentials_are_unusable() {
        let long = format!("{}:p", "u".repeat(257));
        for text in [":", "u:", ":p", "u", "", "a\nb:p", "u:p\0", &long] {
            assert_eq!(read(&encoded(text)).unwrap_err(), BasicError::Unusable, "{text:?}");
        }
        for value in ["Basic ###", "Basic /w==", "Basic dTpw dTpw"] {
            assert_eq!(read(value).unwrap_err(), BasicError::Unusable, "{value:?}");
        }
    }

    proptest! {
        #[test]
        fn no_header_panics(value in "[ -~]{0,200}") {
            let _ = read(&value);
        }
    }
}
