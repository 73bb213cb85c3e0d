//! `Authorization: Basic` (RFC 7617): the person's own login at the upstream, passed through.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use zeroize::Zeroizing;

use super::{is_login_name, is_password};
use crate::config::Secret;

/// Why there are no credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BasicError {
    /// None were sent, or of another scheme.
    Missing,
    /// They cannot be right: not base64, not UTF-8, a part is empty, or the name has control characters. Or there are
    /// several, and a proxy before us may have looked at others.
    Unusable,
}

/// Reads user and password from the request.
///
/// # Errors
/// [`BasicError`]; what is unusable must not reach an upstream.
pub fn basic(headers: &HeaderMap) -> Result<(String, Secret), BasicError> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().ok_or(BasicError::Missing)?;
    let (scheme, encoded) = split(value.as_bytes()).ok_or(BasicError::Missing)?;
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return Err(BasicError::Missing);
    }
    if values.next().is_some() {
        return Err(BasicError::Unusable);
    }
    let decoded = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| BasicError::Unusable)?);
    let text = std::str::from_utf8(&decoded).map_err(|_| BasicError::Unusable)?;
    let (user, password) = text.split_once(':').ok_or(BasicError::Unusable)?;
    if !is_login_name(user) || !is_password(password) {
        return Err(BasicError::Unusable);
    }
    Ok((user.to_owned(), Secret::new(password.to_owned())))
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
        let (user, password) = basic(&headers)?;
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

    #[test]
    fn of_several_none_counts() {
        for second in ["Basic dTpx", "Basic dTpw", "Bearer x"] {
            let values = ["Basic dTpw", second].map(HeaderValue::from_static);
            let headers = values.into_iter().map(|value| (header::AUTHORIZATION, value)).collect();
            assert_eq!(basic(&headers).unwrap_err(), BasicError::Unusable, "{second}");
        }
    }

    proptest! {
        #[test]
        fn no_header_panics(value in "[ -~]{0,200}") {
            let _ = read(&value);
        }
    }
}
