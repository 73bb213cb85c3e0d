//! Why somebody is not let in. For the log; a visitor learns less.

use super::certificate::NameError;
use super::header::HeaderError;

/// Why the bridge does not know a person by what they sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// No user of this name, or another password: which one is not told.
    #[error("the user name or the password is wrong")]
    Password,
    /// More passwords wait to be checked than can be; nothing is said about this one.
    #[error("too many passwords are being checked")]
    Busy,
    /// The bearer token.
    #[error("bearer token: {0}")]
    Token(#[from] TokenError),
    /// The header of the trusted proxy.
    #[error("trusted header: {0}")]
    Header(#[from] HeaderError),
    /// The certificate of the client.
    #[error("client certificate: {0}")]
    Certificate(#[from] NameError),
    /// The cookie of a sign-in: forged, damaged, sealed with another key, or one of several.
    #[error("session cookie: not one of ours")]
    Cookie,
    /// The sign-in was too long ago.
    #[error("session cookie: expired")]
    CookieExpired,
    /// The proof holds, and the name in it cannot be one.
    #[error("the name is empty, longer than 256 bytes, begins with a hyphen or has control characters")]
    Name,
    /// This way to prove oneself is not configured.
    #[error("this way to log in is not configured")]
    NotOffered,
}

/// Why a bearer token proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// More bytes than any issuer needs.
    #[error("longer than 8 KiB")]
    TooLong,
    /// Not three parts of base64url with JSON in them, or not text at all; or several tokens.
    #[error("malformed")]
    Malformed,
    /// `none`, a shared secret, or something of the future.
    #[error("its algorithm is not accepted")]
    Algorithm,
    /// RFC 7515, section 4.1.11: an extension that must be understood, and is not.
    #[error("it demands an extension that is not understood here")]
    Critical,
    /// RFC 8725, section 3.11: a token for another purpose, such as a logout.
    #[error("of a type that is not for access")]
    Type,
    /// None of the issuer's keys could have signed it; or they are not known, and the log says why.
    #[error("no key of the issuer fits")]
    UnknownKey,
    /// Forged, or damaged on its way.
    #[error("the signature is wrong")]
    Signature,
    /// `exp`, or a claim that is configured, is missing or of another type.
    #[error("the claim {0} is missing or malformed")]
    Claim(&'static str),
    /// `iss` is somebody else.
    #[error("of another issuer")]
    Issuer,
    /// `aud` is somebody else.
    #[error("meant for somebody else")]
    Audience,
    /// `exp` has passed.
    #[error("expired")]
    Expired,
    /// `nbf` is to come.
    #[error("not valid yet")]
    NotYet,
}
