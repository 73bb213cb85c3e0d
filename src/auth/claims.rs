//! What an issuer says about a person (RFC 7519, section 4), once its signature was found right.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use super::Denied;
use super::denied::TokenError;
use super::person::{Person, Proved, Reach};

/// The claims of a token that its issuer signed.
#[derive(Clone)]
pub(super) struct Claims(Map<String, Value>);

/// What a token must say to be believed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) audience: &'a str,
    /// How far apart the clocks may be.
    pub(super) leeway: Duration,
}

/// Where a token says who it is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct About<'a> {
    /// The claim with the person's name.
    pub(super) user: &'a str,
    /// The claim with the names of the upstreams; without it, the person may reach all.
    pub(super) upstreams: Option<&'a str>,
    /// The claim with the groups that the person is in; without it, none.
    pub(super) groups: Option<&'a str>,
}

impl Claims {
    pub(super) fn new(claims: Map<String, Value>) -> Claims {
        Claims(claims)
    }

    /// Whether the token is of the expected issuer, for us, and valid at `now`.
    pub(super) fn check(&self, expected: &Expected<'_>, now: SystemTime) -> Result<(), TokenError> {
        if self.text("iss") != Some(expected.issuer) {
            return Err(TokenError::Issuer);
        }
        if !self.strings("aud").is_some_and(|audiences| audiences.contains(&expected.audience)) {
            return Err(TokenError::Audience);
        }
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let leeway = expected.leeway.as_secs_f64();
        // Section 4.1.4: "on or after" this time the token is not to be accepted.
        if now >= self.time("exp")?.ok_or(TokenError::Claim("exp"))? + leeway {
            return Err(TokenError::Expired);
        }
        match self.time("nbf")? {
            Some(begin) if now + leeway < begin => Err(TokenError::NotYet),
            _ => Ok(()),
        }
    }

    /// The person whom the token is about.
    pub(super) fn person(&self, about: &About<'_>, method: Proved) -> Result<Person, Denied> {
        let name = self.text(about.user).ok_or(TokenError::Claim("of the user"))?;
        // Providers let people enter any address, and say so.
        if about.user == "email"
            && self.0.get("email_verified").is_some_and(|value| value != &Value::Bool(true))
        {
            return Err(TokenError::Claim("email_verified").into());
        }
        let reach = match about.upstreams {
            None => Reach::All,
            Some(claim) => {
                let names = self.strings(claim).ok_or(TokenError::Claim("of the upstreams"))?;
                Reach::Only(names.into_iter().map(str::to_owned).collect())
            }
        };
        // Issuers leave an empty list out.
        let groups = match about.groups.filter(|claim| self.0.contains_key(*claim)) {
            None => Vec::new(),
            Some(claim) => self.strings(claim).ok_or(TokenError::Claim("of the groups"))?,
        };
        let groups = groups.into_iter().map(str::to_owned).collect();
        Ok(Person::new(name, method, reach)?.in_groups(groups))
    }

    fn text(&self, claim: &str) -> Option<&str> {
        self.0.get(claim).and_then(Value::as_str)
    }

    /// One string, or a list of strings and nothing else.
    fn strings(&self, claim: &str) -> Option<Vec<&str>> {
        match self.0.get(claim)? {
            Value::String(text) => Some(vec![text]),
            Value::Array(items) => items.iter().map(Value::as_str).collect(),
            _ => None,
        }
    }

    /// Section 2, NumericDate: seconds, perhaps with a fraction.
    fn time(&self, claim: &'static str) -> Result<Option<f64>, TokenError> {
        let seconds = |value: &Value| value.as_f64().filter(|seconds| seconds.is_finite());
        self.0.get(claim).map(|value| seconds(value).ok_or(TokenError::Claim(claim))).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const NOW: u64 = 1_800_000_000;
    const EXPECTED: Expected<'_> =
        Expected { issuer: "https://id.example", audience: "files", leeway: Duration::from_secs(60) };
    const ABOUT: About<'_> = About { user: "sub", upstreams: Some("servers"), groups: Some("teams") };

    fn claims(changes: Value) -> Claims {
        let mut claims = json!({
            "iss": "https://id.example", "aud": "files", "sub": "ann", "exp": NOW + 300, "servers": ["nas"]
        });
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => claims.as_object_mut().unwrap().remove(name),
                value => claims.as_object_mut().unwrap().insert(name.clone(), value.clone()),
            };
        }
        Claims::new(claims.as_object().unwrap().clone())
    }

    fn check(changes: Value) -> Result<(), TokenError> {
        claims(changes).check(&EXPECTED, SystemTime::UNIX_EPOCH + Duration::from_secs(NOW))
    }

    fn person(changes: Value) -> Result<Person, Denied> {
        claims(changes).person(&ABOUT, Proved::Bearer)
    }

    #[test]
    fn the_issuer_is_compared_exactly() {
        assert_eq!(check(json!({})), Ok(()));
        for issuer in [
            json!(null),
            json!("https://id.example/"),
            json!("https://ID.example"),
            json!(["https://id.example"]),
        ] {
            assert_eq!(check(json!({ "iss": issuer })), Err(TokenError::Issuer), "{issuer}");
        }
    }

    #[test]
    fn the_audience_is_one_of_the_tokens() {
        assert_eq!(check(json!({"aud": ["mail", "files"]})), Ok(()));
        for audience in
            [json!(null), json!("file"), json!([]), json!(["mail"]), json!(["files", 7]), json!({"files": 1})]
        {
            assert_eq!(check(json!({ "aud": audience })), Err(TokenError::Audience), "{audience}");
        }
    }

    #[test]
    fn an_expiry_is_required_and_the_clocks_may_differ() {
        for (exp, result) in [
            (json!(NOW - 59), Ok(())),
            (json!(NOW as f64 - 59.5), Ok(())),
            (json!(NOW - 60), Err(TokenError::Expired)),
            (json!(0), Err(TokenError::Expired)),
            (json!(-1), Err(TokenError::Expired)),
            (json!(1e300), Ok(())),
            (json!(null), Err(TokenError::Claim("exp"))),
            (json!("1900000000"), Err(TokenError::Claim("exp"))),
            (json!(true), Err(TokenError::Claim("exp"))),
        ] {
            assert_eq!(check(json!({ "exp": exp })), result, "{exp}");
        }
    }

    #[test]
    fn a_token_counts_from_its_beginning() {
        assert_eq!(check(json!({"nbf": NOW + 60})), Ok(()));
        assert_eq!(check(json!({"nbf": NOW + 61})), Err(TokenError::NotYet));
        assert_eq!(check(json!({"nbf": "now"})), Err(TokenError::Claim("nbf")));
    }

    #[test]
    fn the_user_and_the_upstreams_come_from_the_configured_claims() {
        let ann = person(json!({})).unwrap();
        assert_eq!(ann.name(), "ann");
        assert!(ann.grant("nas").is_some() && ann.grant("archive").is_none());
        let one = person(json!({"servers": "archive"})).unwrap();
        assert!(one.grant("archive").is_some() && one.grant("nas").is_none());
        let everywhere =
            claims(json!({})).person(&About { upstreams: None, ..ABOUT }, Proved::Bearer).unwrap();
        assert!(everywhere.grant("anything").is_some());
    }

    #[test]
    fn a_missing_or_odd_claim_is_denied_and_never_read_as_all() {
        for changes in [
            json!({"sub": null}),
            json!({"sub": 7}),
            json!({"sub": ["ann"]}),
            json!({"servers": null}),
            json!({"servers": 7}),
            json!({"servers": ["nas", 7]}),
            json!({"servers": {"nas": true}}),
        ] {
            assert!(matches!(person(changes.clone()), Err(Denied::Token(TokenError::Claim(_)))), "{changes}");
        }
        for name in ["", "-x", "a\nb", &"x".repeat(257)] {
            assert_eq!(person(json!({ "sub": name })), Err(Denied::Name));
        }
        assert!(person(json!({"servers": []})).unwrap().grant("nas").is_none());
    }

    #[test]
    fn the_groups_are_a_string_or_a_list_and_may_be_left_out() {
        let groups = |changes| person(changes).map(|person| person.groups().to_vec());
        assert_eq!(groups(json!({})), Ok(vec![]));
        assert_eq!(groups(json!({"teams": []})), Ok(vec![]));
        assert_eq!(groups(json!({"teams": "staff"})), Ok(vec!["staff".to_owned()]));
        assert_eq!(groups(json!({"teams": ["a b", "staff"]})).unwrap(), ["a b", "staff"]);
        for odd in [json!(7), json!(["staff", 7]), json!({"staff": true}), json!(true)] {
            assert!(groups(json!({ "teams": odd })).is_err(), "{odd}");
        }
        let nobody_asks =
            claims(json!({"teams": "staff"})).person(&About { groups: None, ..ABOUT }, Proved::Bearer);
        assert!(nobody_asks.unwrap().groups().is_empty());
    }

    #[test]
    fn an_address_that_was_not_verified_is_no_name() {
        let by_email = |changes| claims(changes).person(&About { user: "email", ..ABOUT }, Proved::Bearer);
        assert!(by_email(json!({"email": "ann@example.org"})).is_ok());
        assert!(by_email(json!({"email": "ann@example.org", "email_verified": true})).is_ok());
        for verified in [json!(false), json!("true"), json!(1)] {
            assert!(by_email(json!({"email": "ann@example.org", "email_verified": verified})).is_err());
        }
    }

    proptest! {
        #[test]
        fn only_what_is_valid_now_is_accepted(exp in 0u64..2 * NOW, nbf in 0u64..2 * NOW) {
            let valid = exp + 60 > NOW && nbf <= NOW + 60;
            prop_assert_eq!(check(json!({"exp": exp, "nbf": nbf})).is_ok(), valid);
        }
    }
}
