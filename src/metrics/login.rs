//! Attempts to log in.

use super::series;

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginOutcome {
    /// The user is in.
    Ok,
    /// Right so far, and the upstream wants more.
    Partial,
    /// The proof was wrong.
    Refused,
    /// The upstream does not take the method from this user: nothing was proved, and nothing was wrong.
    Unavailable,
    /// Too many had failed before: nothing was tried.
    Throttled,
    /// It came to nothing for other reasons, such as an upstream that cannot be reached.
    Failed,
    /// The client left before it was over.
    Abandoned,
}

impl LoginOutcome {
    /// The value of the label `outcome`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Partial => "partial",
            Self::Refused => "refused",
            Self::Unavailable => "unavailable",
            Self::Throttled => "throttled",
            Self::Failed => "failed",
            Self::Abandoned => "abandoned",
        }
    }
}

/// An attempt that runs. Dropped without a word, it was abandoned.
#[derive(Debug)]
#[must_use = "the outcome is what counts"]
pub struct Login {
    upstream: String,
    method: &'static str,
    outcome: LoginOutcome,
}

impl Login {
    /// An attempt by `method` at `upstream`, which must be a name of the configuration.
    pub fn begun(upstream: &str, method: &'static str) -> Self {
        Self { upstream: upstream.to_owned(), method, outcome: LoginOutcome::Abandoned }
    }

    /// It has turned out to be for another upstream.
    pub fn at(&mut self, upstream: &str) {
        upstream.clone_into(&mut self.upstream);
    }

    /// It is over.
    pub fn over(mut self, outcome: LoginOutcome) {
        self.outcome = outcome;
    }
}

impl Drop for Login {
    fn drop(&mut self) {
        let (upstream, outcome) = (std::mem::take(&mut self.upstream), self.outcome.name());
        metrics::counter!(
            series::LOGINS,
            "upstream" => upstream, "method" => self.method, "outcome" => outcome
        )
        .increment(1);
    }
}
