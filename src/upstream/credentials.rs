//! How the bridge logs in at an upstream.

use crate::config::Secret;

/// What proves the user to the upstream.
#[derive(Debug)]
pub enum Credentials {
    /// RFC 4252, section 8: the person's own password, passed through.
    Password {
        /// The user name at the upstream.
        user: String,
        /// The password.
        password: Secret,
    },
}
