//! Every configured way to know a person, behind one door.

use std::time::SystemTime;

use http::header::{AUTHORIZATION, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, HeaderName};

use super::bearer::{Tokens, bearer};
use super::certificate::ClientName;
use super::error::IdentityError;
use super::key_source::KeySource;
use super::passwords::Passwords;
use super::sign_in::SignIn;
use super::{Denied, Person, header};
use crate::config::{self, Direct, Jwt, Secret, TrustedHeader};
use crate::watched::Look;

/// Where a browser says whose page has caused a request (Fetch Metadata). No page can set it.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Every way to know a person that `[identity]` configures. Made once, and shared by all connections: it holds
/// the places for those who check passwords, and the keys of issuers.
#[derive(Debug)]
pub struct Identities {
    passwords: Option<Passwords>,
    tokens: Option<Tokens>,
    header: Option<TrustedHeader>,
    certificates: bool,
    sign_in: Option<SignIn>,
}

impl Identities {
    /// Reads the files that the configuration names. Servers are asked only when somebody comes.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn new(config: &config::Identity) -> Result<Self, IdentityError> {
        let passwords = config.users_file.as_deref().map(Passwords::open).transpose();
        let passwords = passwords.map_err(|error| IdentityError::at("users_file")(error.to_string()))?;
        Ok(Self {
            passwords,
            tokens: config.jwt.as_ref().map(tokens).transpose()?,
            header: config.trusted_header.clone(),
            certificates: config.client_certificate.is_some(),
            sign_in: config.oidc.as_ref().map(SignIn::new).transpose()?,
        })
    }

    /// Looks at the files of users and keys now, and not when somebody comes. Blocks for as long as the file system
    /// does.
    pub fn reload(&self, look: Look) {
        if let Some(passwords) = &self.passwords {
            passwords.reload(look);
        }
        if let Some(tokens) = &self.tokens {
            tokens.reload(look);
        }
    }

    /// Whether the users file has a user of this name, as far as it was last understood.
    pub async fn has_user(&self, name: &str) -> bool {
        match &self.passwords {
            Some(passwords) => passwords.knows(name).await,
            None => false,
        }
    }

    /// Whether nobody can be known.
    pub fn is_empty(&self) -> bool {
        let Self { passwords, tokens, header, certificates, sign_in } = self;
        passwords.is_none() && tokens.is_none() && header.is_none() && !certificates && sign_in.is_none()
    }

    /// Whether [`Identities::by_password`] can succeed.
    pub fn has_passwords(&self) -> bool {
        self.passwords.is_some()
    }

    /// Whether [`Identities::by_bearer`] can succeed.
    pub fn has_bearer(&self) -> bool {
        self.tokens.is_some()
    }

    /// Whether people can sign in with their browser.
    pub fn has_oidc(&self) -> bool {
        self.sign_in.is_some()
    }

    /// The way for people to sign in with their browser.
    pub fn sign_in(&self) -> Option<&SignIn> {
        self.sign_in.as_ref()
    }

    /// Who the request itself proves to be, without a password: by the header of a trusted proxy, a client
    /// certificate, a bearer token, or the cookie of somebody who signed in with the browser. The first of them
    /// that is there decides; `None` when none is. A cookie that is no good is as good as none.
    ///
    /// `peer` is the other end of the connection, and `certificate` that connection's. Where the peer is no
    /// trusted proxy, the proxies' header is removed from the request.
    ///
    /// # Errors
    /// [`Denied`]: something that was to prove it does not.
    pub async fn of_request(
        &self,
        parts: &mut Parts,
        peer: Option<Direct>,
        certificate: Option<&ClientName>,
    ) -> Result<Option<Person>, Denied> {
        if let Some(trusted) = &self.header
            && let Some(person) = header::person(trusted, &mut parts.headers, peer)?
        {
            return Ok(Some(person));
        }
        if let Some(certificate) = certificate.filter(|_| self.certificates) {
            return certificate.person().map(Some);
        }
        // A scheme that is not configured is as good as any other that nobody here knows.
        if let Some(tokens) = &self.tokens
            && let Some(token) = bearer(&parts.headers)?
        {
            return tokens.person(&token, SystemTime::now()).await.map(Some);
        }
        Ok(self.by_cookie(&parts.headers))
    }

    /// Who has signed in with their browser, by the cookie of a request of which it is known whose page caused it: a
    /// browser sends the cookie along with everybody's. Either the request has an `Origin`, and that it is allowed was
    /// seen before; or it has none, as when a page GETs from its own server, and the browser says that it is of the
    /// same origin. Credentials that somebody chose to send come first, and a bad cookie, which nobody chose to send,
    /// stands in the way of no other login.
    fn by_cookie(&self, headers: &HeaderMap) -> Option<Person> {
        let same_origin = headers.get(SEC_FETCH_SITE).is_some_and(|site| site == "same-origin");
        let ambient = (headers.contains_key(ORIGIN) || same_origin) && !headers.contains_key(AUTHORIZATION);
        let sign_in = self.sign_in.as_ref().filter(|_| ambient)?;
        sign_in.person(headers, SystemTime::now()).unwrap_or_else(|denied| {
            tracing::debug!(%denied, "a session cookie is ignored");
            None
        })
    }

    /// The user of the users file with this name and password.
    ///
    /// # Errors
    /// [`Denied::Password`] for an unknown user and for a wrong password, at the same time after the call;
    /// [`Denied::Busy`] when too many are being checked; [`Denied::NotOffered`] without a users file.
    pub async fn by_password(&self, user: &str, password: &Secret) -> Result<Person, Denied> {
        let passwords = self.passwords.as_ref().ok_or(Denied::NotOffered)?;
        passwords.person(user, password).await
    }

    /// The person whom a JSON Web Token is about.
    ///
    /// # Errors
    /// [`Denied::Token`], [`Denied::Name`]; [`Denied::NotOffered`] where no tokens are accepted.
    pub async fn by_bearer(&self, token: &Secret) -> Result<Person, Denied> {
        let tokens = self.tokens.as_ref().ok_or(Denied::NotOffered)?;
        tokens.person(token, SystemTime::now()).await
    }
}

fn tokens(jwt: &Jwt) -> Result<Tokens, IdentityError> {
    let keys = match (&jwt.jwks_file, &jwt.jwks_url) {
        (Some(path), None) => {
            KeySource::file(path).map_err(|error| IdentityError::at("jwt.jwks_file")(error.to_string()))
        }
        (None, Some(url)) => {
            KeySource::server(url, jwt.ca_file.as_deref()).map_err(IdentityError::at("jwt.ca_file"))
        }
        _ => Err(IdentityError::at("jwt")("exactly one of jwks_file and jwks_url is required".to_owned())),
    };
    Ok(Tokens::new(jwt, keys?))
}

#[cfg(test)]
mod tests;
