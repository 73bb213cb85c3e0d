//! Who the visitor is: what the request says, and whom the bridge itself knows.

mod basic;
mod bearer;
mod certificate;
mod claims;
mod denied;
mod error;
mod header;
mod identities;
#[cfg(test)]
mod issuer;
mod jwks;
mod jwt;
mod key_source;
mod oidc;
mod password_hash;
mod passwords;
mod person;
mod sealed;
mod session_cookie;
mod sign_in;
mod sign_in_cookie;
mod typed;
mod users;

pub use basic::{BasicError, basic};
pub use certificate::{ClientName, NameError};
pub use denied::Denied;
pub use denied::TokenError;
pub use error::IdentityError;
pub use header::HeaderError;
pub use identities::Identities;
pub use oidc::{ClaimError, OidcError};
pub use password_hash::{HashError, hash_password};
pub use person::{Grant, Person, Proved, Reach};
pub use sign_in::{Begun, Ended, SignIn, SignInError, SignedIn};
pub use typed::{is_login_name, is_password};
pub use users::is_user_name;
