//! What happens now and then. On the way of the packets are [`super::Timed`] and nothing else.

use std::time::Duration;

use metrics::{counter, gauge, histogram};

use super::series;
use crate::pump::Side;

/// How many sessions are allowed at a time.
#[expect(clippy::cast_precision_loss, reason = "a limit of 2^53 sessions is none")]
pub fn sessions_limit(sessions: usize) {
    gauge!(series::SESSIONS_LIMIT).set(sessions as f64);
}

/// A session begins. `upstream` must be a name of the configuration.
pub fn session_started(upstream: &str, method: &'static str) {
    counter!(series::SESSIONS_STARTED, "upstream" => upstream.to_owned(), "method" => method).increment(1);
}

/// A session has ended.
pub fn session_ended(code: u16, duration: Duration) {
    counter!(series::SESSION_ENDS, "code" => code.to_string()).increment(1);
    histogram!(series::SESSION_DURATION).record(duration);
}

/// The close codes that sessions end with, to be counted from 0.
pub fn expect_ends(codes: impl IntoIterator<Item = u16>) {
    for code in codes {
        counter!(series::SESSION_ENDS, "code" => code.to_string()).increment(0);
    }
}

/// A side took no packets any more.
pub fn stalled(side: Side) {
    let side = match side {
        Side::Client => "client",
        Side::Upstream => "upstream",
    };
    counter!(series::STALLS, "side" => side).increment(1);
}

/// Somebody gets no session.
pub fn refused(reason: &'static str, status: u16) {
    counter!(series::REFUSALS, "reason" => reason, "status" => status.to_string()).increment(1);
}

/// The reasons for which somebody can get no session, with their statuses, to be counted from 0.
pub fn expect_refusals(reasons: impl IntoIterator<Item = (&'static str, u16)>) {
    for (reason, status) in reasons {
        counter!(series::REFUSALS, "reason" => reason, "status" => status.to_string()).increment(0);
    }
}

/// Too many have failed before.
pub fn throttled() {
    counter!(series::THROTTLED).increment(1);
}

/// A policy has denied a request, by this rule of it.
pub fn policy_denied(rule: &'static str) {
    counter!(series::POLICY_DENIED, "rule" => rule).increment(1);
}

/// The rules by which a policy may deny, to be counted from 0.
pub fn expect_denials(rules: impl IntoIterator<Item = &'static str>) {
    for rule in rules {
        counter!(series::POLICY_DENIED, "rule" => rule).increment(0);
    }
}

/// The kinds of files that may be read again, to be counted from 0.
pub fn expect_reloads(kinds: impl IntoIterator<Item = &'static str>) {
    for what in kinds {
        for outcome in ["reloaded", "not_reloaded"] {
            counter!(series::RELOADS, "what" => what, "outcome" => outcome).increment(0);
        }
    }
}
