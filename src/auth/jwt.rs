//! JSON Web Tokens (RFC 7519) with a signature (RFC 7515). Only how they are signed; what they say is read in
//! [`super::claims`].

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::rust_crypto;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

use super::claims::Claims;
use super::denied::TokenError;
use super::jwks::{self, Keys};

/// Longest token in bytes. Headers of a request have 16 KiB in all.
const LONGEST: usize = 8 * 1024;

/// A token whose signature was not checked yet. Nothing that it claims can be read before.
pub(super) struct Token<'a> {
    algorithm: Algorithm,
    key_id: Option<String>,
    /// What is signed: the first two parts as they came.
    signed: &'a str,
    payload: &'a str,
    signature: &'a str,
}

/// RFC 7515, section 4.1. Keys in the header itself (`jwk`, `jku`, `x5c`) are the sender's word, and ignored.
#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: Option<String>,
    kid: Option<String>,
    crit: Option<Value>,
}

impl<'a> Token<'a> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// [`TokenError`], where no key could make it right.
    pub(super) fn parse(text: &'a str) -> Result<Token<'a>, TokenError> {
        if text.len() > LONGEST {
            return Err(TokenError::TooLong);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        let header: Header = serde_json::from_slice(&decoded(header)?).map_err(|_| TokenError::Malformed)?;
        if header.crit.is_some() {
            return Err(TokenError::Critical);
        }
        if !header.typ.as_deref().is_none_or(is_for_access) {
            return Err(TokenError::Type);
        }
        let algorithm = jwks::algorithm(&header.alg).ok_or(TokenError::Algorithm)?;
        Ok(Token { algorithm, key_id: header.kid, signed, payload, signature })
    }

    /// The id of the key that the token says it is signed by.
    pub(super) fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// What the token claims, if one of the keys signed that.
    ///
    /// # Errors
    /// [`TokenError::UnknownKey`], [`TokenError::Signature`], [`TokenError::Malformed`].
    pub(super) fn claims(&self, keys: &Keys) -> Result<Claims, TokenError> {
        let mut fitting = keys.fitting(self.algorithm, self.key_id()).peekable();
        if fitting.peek().is_none() {
            return Err(TokenError::UnknownKey);
        }
        let signature = decoded(self.signature).map_err(|_| TokenError::Signature)?;
        if !fitting.any(|key| self.is_signed_by(key, &signature)) {
            return Err(TokenError::Signature);
        }
        serde_json::from_slice(&decoded(self.payload)?).map(Claims::new).map_err(|_| TokenError::Malformed)
    }

    /// By the provider itself: the library's default is gone, with a panic, where a program around the bridge
    /// chooses another one.
    fn is_signed_by(&self, key: &DecodingKey, signature: &Vec<u8>) -> bool {
        let verifier = (rust_crypto::DEFAULT_PROVIDER.verifier_factory)(&self.algorithm, key);
        verifier.is_ok_and(|verifier| verifier.verify(self.signed.as_bytes(), signature).is_ok())
    }
}

/// Plain tokens, and access tokens as RFC 9068 marks them. RFC 7515, section 4.1.9: the prefix may be left out.
fn is_for_access(typ: &str) -> bool {
    let typ = typ.to_ascii_lowercase();
    matches!(typ.strip_prefix("application/").unwrap_or(&typ), "jwt" | "at+jwt")
}

fn decoded(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed)
}

#[cfg(test)]
mod tests;
