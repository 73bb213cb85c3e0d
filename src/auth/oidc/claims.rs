//! From a verified ID token to a person.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::CoreIdToken;
use serde_json::{Map, Value};

use crate::auth::Denied;
use crate::auth::person::{Person, Proved, Reach};
use crate::config;

/// Why a valid token names nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// The claim of the configuration is missing or of another type.
    #[error("the claim {0:?} is missing, or of another type")]
    Claim(String),
    /// An address that anybody may have typed in at the provider.
    #[error("the claim \"email\" is not verified; it needs \"email_verified\": true")]
    Email,
    /// The token was made for another client, which passed it on.
    #[error("the claim \"azp\" is another client")]
    AuthorizedParty,
    /// The name cannot be one.
    #[error("{0}")]
    Name(Denied),
}

/// The person whom `token` is about. Its signature, issuer, audience, nonce and time were verified.
pub(super) fn person(token: &CoreIdToken, config: &config::Oidc) -> Result<Person, ClaimError> {
    let unreadable = || ClaimError::Claim("sub".to_owned());
    // The library keeps the standard claims only, each in a type of its own.
    let text = serde_json::to_value(token).map_err(|_| unreadable())?;
    let payload = text.as_str().and_then(|text| text.split('.').nth(1)).ok_or_else(unreadable)?;
    let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| unreadable())?;
    let claims = serde_json::from_slice(&payload).map_err(|_| unreadable())?;
    from_claims(&claims, config)
}

fn from_claims(claims: &Map<String, Value>, config: &config::Oidc) -> Result<Person, ClaimError> {
    let missing = |name: &str| ClaimError::Claim(name.to_owned());
    // OpenID Connect Core, section 3.1.3.7, steps 4 and 5. The library leaves this to us.
    if claims.get("azp").is_some_and(|party| *party != config.client_id.as_str()) {
        return Err(ClaimError::AuthorizedParty);
    }
    let name = config.user_claim.as_str();
    if name == "email" && claims.get("email_verified") != Some(&Value::Bool(true)) {
        return Err(ClaimError::Email);
    }
    let name = claims.get(name).and_then(Value::as_str).ok_or_else(|| missing(name))?;
    let reach = match &config.upstreams_claim {
        None => Reach::All,
        Some(claim) => Reach::Only(claims.get(claim).and_then(names).ok_or_else(|| missing(claim))?),
    };
    let groups = match config.groups_claim.as_ref().and_then(|claim| Some((claim, claims.get(claim)?))) {
        // Providers leave an empty list out.
        None => Vec::new(),
        Some((claim, value)) => groups(value).ok_or_else(|| missing(claim))?,
    };
    let person = Person::new(name, Proved::Oidc, reach).map_err(ClaimError::Name)?;
    Ok(person.in_groups(groups))
}

/// A list of strings, and nothing else in it.
fn names(value: &Value) -> Option<BTreeSet<String>> {
    value.as_array()?.iter().map(|name| name.as_str().map(str::to_owned)).collect()
}

/// One string, or a list of strings and nothing else in it.
fn groups(value: &Value) -> Option<Vec<String>> {
    match value.as_str() {
        Some(one) => Some(vec![one.to_owned()]),
        None => value.as_array()?.iter().map(|name| name.as_str().map(str::to_owned)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn config(user_claim: &str, upstreams_claim: Option<&str>) -> config::Oidc {
        let mut config = json!({
            "issuer": "https://id.example",
            "client_id": "bridge",
            "redirect_url": "https://files.example/auth/callback",
            "cookie_key_file": "/key",
            "user_claim": user_claim,
        });
        if let Some(claim) = upstreams_claim {
            config["upstreams_claim"] = claim.into();
        }
        serde_json::from_value(config).unwrap()
    }

    fn read(claims: Value, config: &config::Oidc) -> Result<Person, ClaimError> {
        from_claims(claims.as_object().unwrap(), config)
    }

    #[test]
    fn the_configured_claims_are_name_and_reach() {
        let config = config("nick", Some("groups"));
        let ann = read(json!({"sub": "1", "nick": "ann", "groups": ["nas", "x"]}), &config).unwrap();
        assert_eq!((ann.name(), ann.method()), ("ann", Proved::Oidc));
        assert!(ann.grant("nas").is_some() && ann.grant("main").is_none());
        let nobody = read(json!({"nick": "ann", "groups": []}), &config).unwrap();
        assert!(nobody.grant("nas").is_none());
    }

    #[test]
    fn a_claim_that_is_missing_or_of_another_type_is_refused() {
        let config = config("nick", Some("groups"));
        for claims in [
            json!({"groups": []}),
            json!({"nick": 7, "groups": []}),
            json!({"nick": ["ann"], "groups": []}),
            json!({"nick": "ann"}),
            json!({"nick": "ann", "groups": "nas"}),
            json!({"nick": "ann", "groups": ["nas", 1]}),
            json!({"nick": "ann", "groups": null}),
        ] {
            assert!(matches!(read(claims.clone(), &config), Err(ClaimError::Claim(_))), "{claims}");
        }
        let name = read(json!({"nick": "-oProxyCommand=x", "groups": []}), &config);
        assert_eq!(name, Err(ClaimError::Name(Denied::Name)));
    }

    #[test]
    fn the_groups_are_a_string_or_a_list_and_may_be_left_out() {
        let config = config::Oidc { groups_claim: Some("teams".to_owned()), ..config("sub", None) };
        let groups = |teams: Value| {
            let person = read(json!({"sub": "ann", "teams": teams}), &config);
            person.map(|person| person.groups().to_vec())
        };
        assert_eq!(groups(json!("staff")).unwrap(), ["staff"]);
        assert_eq!(groups(json!(["a", "staff"])).unwrap(), ["a", "staff"]);
        assert_eq!(groups(json!([])).unwrap(), [""; 0]);
        assert!(read(json!({"sub": "ann"}), &config).unwrap().groups().is_empty());
        for odd in [json!(7), json!(["staff", 7]), json!({"staff": true}), json!(null)] {
            assert_eq!(groups(odd), Err(ClaimError::Claim("teams".to_owned())));
        }
    }

    #[test]
    fn an_address_counts_only_if_the_provider_has_verified_it() {
        let config = config("email", None);
        let email =
            |verified: Value| read(json!({"email": "a@b.example", "email_verified": verified}), &config);
        assert_eq!(email(json!(true)).unwrap().name(), "a@b.example");
        for other in [json!(false), json!("true"), json!(1), json!(null)] {
            assert_eq!(email(other), Err(ClaimError::Email));
        }
        assert_eq!(read(json!({"email": "a@b.example"}), &config), Err(ClaimError::Email));
    }

    #[test]
    fn a_token_of_another_party_is_refused() {
        let config = config("sub", None);
        assert!(read(json!({"sub": "ann", "azp": "bridge"}), &config).is_ok());
        for other in [json!("other"), json!(["bridge"]), json!(null)] {
            assert_eq!(read(json!({"sub": "ann", "azp": other}), &config), Err(ClaimError::AuthorizedParty));
        }
    }
}
