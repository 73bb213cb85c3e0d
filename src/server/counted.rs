//! What the server's events are called in the metrics.

use crate::auth::Denied;
use crate::config::Config;
use crate::metrics::{self, LoginOutcome};
use crate::policy;
use crate::refusal::Refusal;

/// The codes of `close.rs`: every session ends with one of them.
const CODES: [u16; 9] = [1000, 1001, 1002, 1003, 1006, 1007, 1008, 1009, 1011];

/// The kinds of files that are read again when they change.
const RELOADED: [&str; 7] = ["config", "tls", "acme", "known_hosts", "credentials", "users", "jwks"];

/// Begins the counters whose labels are known.
pub(super) fn declare(config: &Config) {
    metrics::declare();
    metrics::sessions_limit(config.limits.sessions);
    metrics::expect_ends(CODES);
    metrics::expect_reloads(RELOADED);
    metrics::expect_denials(policy::RULES);
    metrics::expect_refusals(Refusal::EACH.iter().map(|refusal| (refusal.name(), refusal.status().as_u16())));
}

/// Somebody gets no session.
pub(super) fn refused(refusal: Refusal) {
    metrics::refused(refusal.name(), refusal.status().as_u16());
}

/// An attempt to log in that came to nothing.
pub(super) fn outcome(refusal: Refusal) -> LoginOutcome {
    match refusal {
        Refusal::NoCredentials
        | Refusal::UnusableCredentials
        | Refusal::WrongCredentials
        | Refusal::NotIdentified
        | Refusal::BadToken
        | Refusal::PasswordExpired => LoginOutcome::Refused,
        Refusal::Throttled(_) | Refusal::Pending => LoginOutcome::Throttled,
        _ => LoginOutcome::Failed,
    }
}

/// How somebody tried to prove themselves by the request alone, where the cause tells it.
pub(super) fn method(denied: &Denied) -> Option<&'static str> {
    match denied {
        Denied::Token(_) => Some("bearer"),
        Denied::Header(_) => Some("header"),
        Denied::Certificate(_) => Some("certificate"),
        Denied::Cookie | Denied::CookieExpired => Some("oidc"),
        Denied::Password | Denied::Busy | Denied::Name | Denied::NotOffered => None,
    }
}
