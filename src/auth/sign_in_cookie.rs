//! What is remembered of a sign-in between its beginning and the provider's answer: sealed, in a cookie of the
//! browser that began it, for [`LIFETIME`]. Each tab has a cookie of its own.

use std::time::{Duration, SystemTime};

use cookie::{Cookie, SameSite, time};
use http::HeaderMap;
use serde::{Deserialize, Serialize};

use super::sealed::{Seal, cookies};
use super::session_cookie::seconds;

/// How long a person may take at the provider.
const LIFETIME: Duration = Duration::from_secs(10 * 60);

/// Sign-ins that one browser may have begun at a time. Beyond these the oldest is forgotten, so that its cookies
/// never fill the head of a request.
const MOST: usize = 6;

/// The part of the state that tells the cookies apart. The state in the cookie is compared as a whole.
const TAG: usize = 12;

/// A sign-in that waits for the provider's answer.
#[derive(Serialize, Deserialize)]
pub(super) struct Pending {
    /// Comes back with the answer (RFC 6749, section 10.12).
    pub(super) state: String,
    /// Comes back in the ID token.
    pub(super) nonce: String,
    /// Proves to the provider that whoever began the sign-in ends it (RFC 7636).
    pub(super) verifier: String,
    /// Where the person goes afterwards.
    pub(super) next: String,
}

/// What a cookie holds.
#[derive(Serialize, Deserialize)]
struct Content {
    #[serde(flatten)]
    pending: Pending,
    /// Seconds since 1970.
    until: u64,
}

/// Seals and opens the cookies of sign-ins.
#[derive(Debug, Clone)]
pub(super) struct SignInCookie {
    seal: Seal,
    prefix: &'static str,
    path: String,
    secure: bool,
}

impl SignInCookie {
    /// Cookies for `path`, the folder of the callback.
    pub(super) fn new(secret: &[u8], path: String, secure: bool) -> Option<SignInCookie> {
        let prefix = if secure { "__Secure-sftpbridge-sign-in-" } else { "sftpbridge-sign-in-" };
        Some(SignInCookie { seal: Seal::derive(secret, "sftpbridge sign-in cookie")?, prefix, path, secure })
    }

    /// The values of `Set-Cookie` that remember `pending`, which begins at `now`, in a browser that sent `headers`.
    pub(super) fn begin(&self, pending: Pending, headers: &HeaderMap, now: SystemTime) -> Vec<String> {
        let name = self.name(&pending.state);
        let content = Content { pending, until: seconds(now + LIFETIME) };
        let text = serde_json::to_string(&content).unwrap_or_default();
        let sealed = self.seal.seal(&name, text);
        let mut set = self.forgotten(headers, now);
        let max_age = time::Duration::try_from(LIFETIME).unwrap_or(time::Duration::ZERO);
        set.push(self.set(name, sealed, max_age));
        set
    }

    /// The sign-in of this browser that the answer with `state` belongs to, unless it is too late at `now`.
    pub(super) fn find(&self, state: &str, headers: &HeaderMap, now: SystemTime) -> Option<Pending> {
        let name = self.name(state);
        // A neighbouring host may have planted a second one: whichever opens and fits is right.
        let mut same = cookies(headers).filter(|(found, _)| *found == name);
        same.find_map(|(name, sealed)| {
            let content = self.open(name, sealed).filter(|content| seconds(now) < content.until)?;
            same_text(&content.pending.state, state).then_some(content.pending)
        })
    }

    /// The value of `Set-Cookie` that forgets the sign-in with `state`.
    pub(super) fn end(&self, state: &str) -> String {
        self.set(self.name(state), String::new(), time::Duration::ZERO)
    }

    /// Those that make room for one more: what is expired or not ours, and the oldest of the rest.
    fn forgotten(&self, headers: &HeaderMap, now: SystemTime) -> Vec<String> {
        let ours = cookies(headers).filter(|(name, _)| name.starts_with(self.prefix));
        let until = |(name, sealed): (&str, &str)| self.open(name, sealed).map_or(0, |content| content.until);
        let mut known: Vec<_> = ours.map(|cookie| (until(cookie), cookie.0)).collect();
        known.sort_unstable();
        let alive = known.iter().filter(|(until, _)| *until > seconds(now)).count();
        let dead = known.len() - alive;
        let many = dead + (alive + 1).saturating_sub(MOST);
        let clear = |(_, name): (u64, &str)| self.set(name.to_owned(), String::new(), time::Duration::ZERO);
        known.into_iter().take(many).map(clear).collect()
    }

    fn open(&self, name: &str, sealed: &str) -> Option<Content> {
        serde_json::from_str(&self.seal.open(name, sealed)?).ok()
    }

    fn name(&self, state: &str) -> String {
        let tag = state.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).take(TAG);
        tag.fold(self.prefix.to_owned(), |name, c| name + c.encode_utf8(&mut [0; 4]))
    }

    /// `Lax`, because the provider's answer is a navigation from another site.
    fn set(&self, name: String, value: String, max_age: time::Duration) -> String {
        let cookie = Cookie::build((name, value))
            .path(self.path.as_str())
            .secure(self.secure)
            .http_only(true)
            .same_site(SameSite::Lax)
            .max_age(max_age);
        cookie.build().to_string()
    }
}

/// Takes the same time wherever two texts of a length differ.
fn same_text(one: &str, other: &str) -> bool {
    let differ = one.bytes().zip(other.bytes()).fold(0, |differ, (one, other)| differ | (one ^ other));
    one.len() == other.len() && std::hint::black_box(differ) == 0
}

#[cfg(test)]
mod tests;
