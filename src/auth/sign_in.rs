//! Signing in with the browser: from the page to the provider, back, and to a cookie. What is HTTP about it is in
//! `server`.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::time::SystemTime;

use http::HeaderMap;
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use super::error::IdentityError;
use super::oidc::{Fetch, Oidc, OidcError, short};
use super::session_cookie::SessionCookie;
use super::sign_in_cookie::SignInCookie;
use super::{Denied, Person};
use crate::config::{self, Secret};
use crate::file_error::Unreadable;

/// What the path of the redirect URL ends with; the page is at what stands before it.
const CALLBACK: &str = "/auth/callback";

/// Bytes of a key: as many as the cipher's own.
const SHORTEST_KEY: usize = 32;

/// More is surely the wrong file.
const LONGEST_KEY: u64 = 64 * 1024;

/// Longest path in bytes that a person can be sent to; it travels in a cookie.
const LONGEST_NEXT: usize = 512;

/// Where a sign-in begins. What proves that it was this browser, in the URL and the cookies, is not shown.
pub struct Begun {
    /// The provider's page.
    pub url: Url,
    /// Values of `Set-Cookie`.
    pub cookies: Vec<String>,
}

impl fmt::Debug for Begun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Begun").field("url", &self.url.origin()).finish_non_exhaustive()
    }
}

/// How a sign-in ended. Whatever came of it, its cookie is forgotten. The new one, which is as good as a password,
/// is not shown.
pub struct Ended {
    /// The person, and where they go; or why not.
    pub result: Result<SignedIn, SignInError>,
    /// Values of `Set-Cookie`.
    pub cookies: Vec<String>,
}

impl fmt::Debug for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ended").field("result", &self.result).finish_non_exhaustive()
    }
}

/// A person who has signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// Who it is.
    pub person: Person,
    /// A path of our own.
    pub next: String,
}

/// Why there is no sign-in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// The path to go to afterwards is not one of ours.
    #[error("next is no path of this server")]
    Next,
    /// An answer that belongs to no sign-in of this browser, or to one that began too long ago.
    #[error("no sign-in of this browser waits for this answer")]
    Unknown,
    /// The request is not what a provider's answer looks like.
    #[error("not an answer of the provider")]
    Malformed,
    /// The provider, or the person there, said no.
    #[error("the provider says {0:?}")]
    Declined(String),
    /// See there.
    #[error(transparent)]
    Oidc(#[from] OidcError),
    /// The person may reach so many upstreams, or is in so many groups, that no cookie holds them.
    #[error("the lists of upstreams and groups are too long for a cookie")]
    TooMany,
}

/// One provider, and the cookies of those who sign in there.
#[derive(Debug)]
pub struct SignIn {
    oidc: Oidc,
    session: SessionCookie,
    pending: SignInCookie,
    lifetime: std::time::Duration,
    home: String,
}

impl SignIn {
    /// Reads the files. The provider is not asked anything yet.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub(super) fn new(config: &config::Oidc) -> Result<SignIn, IdentityError> {
        let redirect = &config.redirect_url;
        let base = redirect.path().strip_suffix(CALLBACK).ok_or_else(|| {
            let problem = format!("expected a URL whose path ends in {CALLBACK}, found \"{redirect}\"");
            IdentityError::at("oidc.redirect_url")(problem)
        })?;
        let secure = redirect.scheme() == "https";
        let secret = config.client_secret_file.as_deref().map(Secret::from_file).transpose();
        let secret =
            secret.map_err(|error| IdentityError::at("oidc.client_secret_file")(error.to_string()))?;
        let fetch = Fetch::new(&config.issuer, config.ca_file.as_deref());
        let fetch = fetch.map_err(IdentityError::at("oidc.ca_file"))?;
        let unusable = |problem: &dyn fmt::Display| {
            let file = config.cookie_key_file.display();
            IdentityError::at("oidc.cookie_key_file")(format!("{file}: {problem}"))
        };
        let key = read_key(&config.cookie_key_file).map_err(|error| unusable(&Unreadable(error)))?;
        let no_key = || unusable(&"cannot be used as a key");
        let path = if base.is_empty() { "/" } else { base };
        Ok(SignIn {
            oidc: Oidc::new(config, secret, fetch),
            session: SessionCookie::new(&key, path, secure).ok_or_else(no_key)?,
            pending: SignInCookie::new(&key, format!("{base}/auth"), secure).ok_or_else(no_key)?,
            lifetime: config.lifetime,
            home: format!("{base}/"),
        })
    }

    /// The path of our page, as a browser sees it.
    pub fn home(&self) -> &str {
        &self.home
    }

    /// Sends a person to the provider, to come back to `next`, a path of ours. `headers` are their request's.
    ///
    /// # Errors
    /// [`SignInError::Next`], [`SignInError::Oidc`].
    pub async fn begin(
        &self,
        next: Option<&str>,
        headers: &HeaderMap,
        now: SystemTime,
    ) -> Result<Begun, SignInError> {
        let next = next.unwrap_or(&self.home);
        if !is_own_path(next) {
            return Err(SignInError::Next);
        }
        let (url, pending) = self.oidc.begin(next.to_owned()).await?;
        Ok(Begun { url, cookies: self.pending.begin(pending, headers, now) })
    }

    /// Takes the provider's answer: the query of the person's request, and its headers. Upstreams that do not
    /// exist, and groups that matter to no policy, have no place in the cookie: the provider's lists may be of
    /// everything that the person may do.
    pub async fn end(
        &self,
        query: &str,
        headers: &HeaderMap,
        now: SystemTime,
        exists: impl Fn(&str) -> bool,
        matters: impl Fn(&str) -> bool,
    ) -> Ended {
        let Some(answer) = Answer::parse(query) else {
            return Ended { result: Err(SignInError::Malformed), cookies: Vec::new() };
        };
        let mut cookies = vec![self.pending.end(&answer.state)];
        let result = self.signed_in(answer, headers, now).await;
        let result = result.and_then(|SignedIn { person, next }| {
            let signed_in = SignedIn { person: person.among(exists, matters), next };
            let session = self.session.seal(&signed_in.person, now, self.lifetime);
            cookies.push(session.ok_or(SignInError::TooMany)?);
            Ok(signed_in)
        });
        Ended { result, cookies }
    }

    async fn signed_in(
        &self,
        answer: Answer,
        headers: &HeaderMap,
        now: SystemTime,
    ) -> Result<SignedIn, SignInError> {
        let pending = self.pending.find(&answer.state, headers, now).ok_or(SignInError::Unknown)?;
        if answer.issuer.is_some_and(|issuer| self.oidc.is_other_issuer(&issuer)) {
            return Err(SignInError::Malformed);
        }
        let code = match (answer.code, answer.error) {
            (Some(code), None) => code,
            (_, Some(error)) => return Err(SignInError::Declined(short(&error))),
            (None, None) => return Err(SignInError::Malformed),
        };
        let person = self.oidc.finish(&pending, code).await?;
        Ok(SignedIn { person, next: pending.next })
    }

    /// The value of `Set-Cookie` that signs out.
    pub fn sign_out(&self) -> String {
        self.session.clear()
    }

    /// The person whose cookie came with a request. The caller has seen that the request is from a page that may
    /// connect: the cookie comes with everybody's.
    ///
    /// # Errors
    /// [`Denied::Cookie`], [`Denied::CookieExpired`], [`Denied::Name`].
    pub(super) fn person(&self, headers: &HeaderMap, now: SystemTime) -> Result<Option<Person>, Denied> {
        self.session.person(headers, now)
    }
}

/// The parameters of the provider's answer (RFC 6749, section 4.1.2, and RFC 9207).
struct Answer {
    state: String,
    code: Option<String>,
    error: Option<String>,
    issuer: Option<String>,
}

impl Answer {
    /// `None` if there is no state, or anything twice.
    fn parse(query: &str) -> Option<Answer> {
        let (mut state, mut code, mut error, mut issuer) = (None, None, None, None);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let place = match &*name {
                "state" => &mut state,
                "code" => &mut code,
                "error" => &mut error,
                "iss" => &mut issuer,
                _ => continue,
            };
            if place.replace(value.into_owned()).is_some() {
                return None;
            }
        }
        Some(Answer { state: state?, code, error, issuer })
    }
}

/// Whether a browser that is sent to `path` stays on this server, however it reads slashes, backslashes and
/// control characters.
fn is_own_path(path: &str) -> bool {
    let plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let rooted = path.starts_with('/') && !path.starts_with("//") && path.len() <= LONGEST_NEXT;
    let stays = || {
        let here = Url::parse("https://here.invalid/auth/callback").ok()?;
        Some(here.join(path).ok()?.origin() == here.origin())
    };
    plain && rooted && stays() == Some(true)
}

/// Any bytes, but for the newline that editors put at the end.
fn read_key(file: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    // Looked at before it is opened: opening a pipe would wait for its writer.
    if !fs::metadata(file)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST_KEY as usize + 64));
    File::open(file)?.take(LONGEST_KEY + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST_KEY {
        return Err(io::Error::other("a key has at most 64 KiB, and this file is larger"));
    }
    for end in [b'\n', b'\r'] {
        if bytes.last() == Some(&end) {
            bytes.pop();
        }
    }
    match bytes.len() {
        SHORTEST_KEY.. => Ok(bytes),
        short => {
            Err(io::Error::other(format!("a key has at least {SHORTEST_KEY} bytes, and this one {short}")))
        }
    }
}

#[cfg(test)]
mod tests;
