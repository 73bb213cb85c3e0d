//! `Authorization: Bearer` (RFC 6750) with a JSON Web Token in it.

use std::time::{Instant, SystemTime};

use http::{HeaderMap, header};

use super::Denied;
use super::claims::{About, Expected};
use super::denied::TokenError;
use super::jwt::Token;
use super::key_source::KeySource;
use super::person::{Person, Proved};
use crate::config::{Jwt, Secret};
use crate::watched::Look;

/// The token in a request's header; `None` when there is none, or credentials of another scheme.
///
/// # Errors
/// [`TokenError::Malformed`] for what is no token (section 2.1), and for several headers: which one counts would
/// be anybody's guess.
pub(super) fn bearer(headers: &HeaderMap) -> Result<Option<Secret>, TokenError> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter().map(|value| value.as_bytes());
    let is_bearer = |value: &[u8]| {
        let (scheme, _) = value.split_at_checked(b"bearer".len()).unwrap_or_default();
        scheme.eq_ignore_ascii_case(b"bearer") && matches!(value.get(b"bearer".len()), None | Some(b' '))
    };
    let Some(value) = values.find(|value| is_bearer(value)) else {
        return Ok(None);
    };
    let token = value.get(b"bearer ".len()..).unwrap_or_default().trim_ascii();
    if headers.get_all(header::AUTHORIZATION).iter().count() > 1 || token.is_empty() {
        return Err(TokenError::Malformed);
    }
    let token = std::str::from_utf8(token).map_err(|_| TokenError::Malformed)?;
    Ok(Some(Secret::new(token.to_owned())))
}

/// The tokens that are believed.
#[derive(Debug)]
pub(super) struct Tokens {
    rules: Jwt,
    keys: KeySource,
}

impl Tokens {
    pub(super) fn new(rules: &Jwt, keys: KeySource) -> Tokens {
        Tokens { rules: rules.clone(), keys }
    }

    /// Looks at the file of the issuer's keys now, if they are in one.
    pub(super) fn reload(&self, look: Look) {
        self.keys.reload(look);
    }

    /// The person whom a token is about.
    pub(super) async fn person(&self, token: &Secret, now: SystemTime) -> Result<Person, Denied> {
        let token = Token::parse(token.expose())?;
        let keys = self.keys.keys(token.key_id(), Instant::now()).await;
        let keys = keys.ok_or(TokenError::UnknownKey)?;
        let claims = token.claims(&keys)?;
        let Jwt { issuer, audience, leeway, .. } = &self.rules;
        claims.check(&Expected { issuer, audience, leeway: *leeway }, now)?;
        let Jwt { user_claim, upstreams_claim, groups_claim, .. } = &self.rules;
        let (upstreams, groups) = (upstreams_claim.as_deref(), groups_claim.as_deref());
        let about = About { user: user_claim, upstreams, groups };
        claims.person(&about, Proved::Bearer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use proptest::prelude::*;

    fn read(values: &[&str]) -> Result<Option<String>, TokenError> {
        let values = values.iter().map(|value| HeaderValue::from_str(value).unwrap());
        let headers = values.map(|value| (header::AUTHORIZATION, value)).collect();
        Ok(bearer(&headers)?.map(|token| token.expose().to_owned()))
    }

    #[test]
    fn the_scheme_is_read_in_any_case() {
        for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER  a.b.c "] {
            assert_eq!(read(&[value]), Ok(Some("a.b.c".to_owned())), "{value:?}");
        }
    }

    #[test]
    fn other_schemes_are_somebody_elses() {
        for values in [&[][..], &["Basic dTpw"], &["Bearerer x"], &["Bear x"], &["", "Basic x"]] {
            assert_eq!(read(values), Ok(None), "{values:?}");
        }
    }

    #[test]
    fn nothing_and_several_are_malformed() {
        for values in [&["Bearer"][..], &["Bearer "], &["Bearer x", "Bearer x"], &["Basic dTpw", "Bearer x"]]
        {
            assert_eq!(read(values), Err(TokenError::Malformed), "{values:?}");
        }
    }

    proptest! {
        #[test]
        fn no_header_panics(value in "[ -~]{0,60}") {
            let _ = read(&[&value]);
        }
    }
}
