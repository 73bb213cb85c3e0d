//! The cookie of a person who has signed in. It is all that is remembered of the sign-in: the bridge stores
//! nothing, and every replica with the same key reads it.
//!
//! A browser sends it with each request to the bridge, whoever caused that request. So it proves something only
//! about requests whose `Origin` is allowed; [`super::Identities::of_request`] sees to that. `SameSite=Strict`
//! is the second wall. It does no harm to the sign-in itself, although the redirect from the provider is
//! cross-site: a browser takes such a cookie from the answer at the end of a cross-site navigation, and sends it
//! with the WebSocket that the page opens afterwards, because that request begins at our own page.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cookie::{Cookie, SameSite, time};
use http::HeaderMap;
use serde::{Deserialize, Serialize};

use super::Denied;
use super::person::{Person, Proved, Reach};
use super::sealed::{Seal, cookies};

/// Browsers keep cookies of up to 4,096 bytes, attributes included (RFC 6265, section 6.1).
const LONGEST: usize = 3800;

/// Seals and opens session cookies.
#[derive(Debug, Clone)]
pub(super) struct SessionCookie {
    seal: Seal,
    name: &'static str,
    path: String,
    secure: bool,
}

/// What a cookie holds.
#[derive(Serialize, Deserialize)]
struct Content {
    name: String,
    /// The upstreams that the person may reach; all, if it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    upstreams: Option<BTreeSet<String>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    groups: Vec<String>,
    /// Seconds since 1970.
    until: u64,
}

impl SessionCookie {
    /// Cookies for the pages under `path`, which ends in a slash only if it is one. `secure` ones travel by https
    /// only. Their names make the browser refuse cookies that a neighbouring host, or plain http, would plant
    /// (RFC 6265bis, section 4.1.3): `__Host-` is for the path `/` only.
    pub(super) fn new(secret: &[u8], path: &str, secure: bool) -> Option<SessionCookie> {
        let name = match (secure, path) {
            (true, "/") => "__Host-sftpbridge",
            (true, _) => "__Secure-sftpbridge",
            (false, _) => "sftpbridge",
        };
        let seal = Seal::derive(secret, "sftpbridge session cookie")?;
        Some(SessionCookie { seal, name, path: path.to_owned(), secure })
    }

    /// The value of `Set-Cookie` that keeps `person` signed in until `lifetime` from `now`; `None` if the person
    /// may reach so many upstreams, or is in so many groups, that no browser would keep it.
    pub(super) fn seal(&self, person: &Person, now: SystemTime, lifetime: Duration) -> Option<String> {
        let content = Content {
            name: person.name().to_owned(),
            upstreams: match person.reach() {
                Reach::All => None,
                Reach::Only(names) => Some(names.clone()),
            },
            groups: person.groups().to_vec(),
            until: seconds(now + lifetime),
        };
        let sealed = self.seal.seal(self.name, serde_json::to_string(&content).ok()?);
        let max_age = time::Duration::try_from(lifetime).ok()?;
        (sealed.len() <= LONGEST).then(|| self.set(sealed, max_age))
    }

    /// The value of `Set-Cookie` that signs out.
    pub(super) fn clear(&self) -> String {
        self.set(String::new(), time::Duration::ZERO)
    }

    /// The person whose cookie came with a request, at `now`. Nobody's, if there are several: which of them the
    /// person means, and which a neighbouring host has planted, cannot be told.
    pub(super) fn person(&self, headers: &HeaderMap, now: SystemTime) -> Result<Option<Person>, Denied> {
        let mut found = cookies(headers).filter(|(name, _)| *name == self.name);
        match (found.next(), found.next()) {
            (None, _) => Ok(None),
            (Some((_, sealed)), None) => self.open(sealed, now).map(Some),
            (Some(_), Some(_)) => Err(Denied::Cookie),
        }
    }

    fn open(&self, sealed: &str, now: SystemTime) -> Result<Person, Denied> {
        let text = self.seal.open(self.name, sealed).ok_or(Denied::Cookie)?;
        let content: Content = serde_json::from_str(&text).map_err(|_| Denied::Cookie)?;
        // A browser's word about the age of a cookie is worth nothing.
        if seconds(now) >= content.until {
            return Err(Denied::CookieExpired);
        }
        let reach = content.upstreams.map_or(Reach::All, Reach::Only);
        Ok(Person::new(&content.name, Proved::Oidc, reach)?.in_groups(content.groups))
    }

    fn set(&self, value: String, max_age: time::Duration) -> String {
        let cookie = Cookie::build((self.name, value))
            .path(self.path.as_str())
            .secure(self.secure)
            .http_only(true)
            .same_site(SameSite::Strict)
            .max_age(max_age);
        cookie.build().to_string()
    }
}

/// Whole seconds since 1970; a clock before that is one that was never set.
pub(super) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests;
