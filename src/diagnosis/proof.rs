//! Who an upstream is examined as.

use crate::config::Secret;
use crate::upstream::Own;

/// Who logs in, and by what.
#[derive(Debug, Clone, Copy)]
pub enum Proof<'a> {
    /// Nobody, for this reason.
    Nobody(&'a str),
    /// This user is known by name only: what may be tried is asked, nothing is tried, for this reason.
    Name(&'a str, &'a str),
    /// A person's own password.
    Password(&'a str, &'a Secret),
    /// The bridge's own credentials, for this person.
    Own(&'a Own, &'a str),
}
