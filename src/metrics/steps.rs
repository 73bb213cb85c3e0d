//! The steps on the way to an upstream.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::series;

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepOutcome {
    /// The next step can follow.
    Ok,
    /// The server said no to a login.
    Refused,
    /// It broke.
    Failed,
    /// Its time ran out.
    TimedOut,
}

impl StepOutcome {
    /// The value of the label `outcome`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::TimedOut => "timed-out",
        }
    }
}

/// Measures the steps at one upstream.
#[derive(Debug, Clone)]
pub struct Steps {
    upstream: Arc<str>,
}

impl Steps {
    /// `upstream` must be a name of the configuration.
    pub fn at(upstream: &str) -> Self {
        Self { upstream: upstream.into() }
    }

    /// A step that begins now, by its value of the label `step`.
    pub fn begin(&self, step: &'static str) -> StepWatch {
        StepWatch { steps: self.clone(), step, begun: Instant::now() }
    }

    /// A step that is over, and took `time`.
    pub fn took(&self, step: &'static str, outcome: StepOutcome, time: Duration) {
        metrics::histogram!(
            series::UPSTREAM_STEP,
            "upstream" => Arc::clone(&self.upstream), "step" => step, "outcome" => outcome.name()
        )
        .record(time);
    }
}

/// A step that goes on. One that is dropped was given up, which says nothing about the upstream.
#[derive(Debug)]
#[must_use = "only an end is measured"]
pub struct StepWatch {
    steps: Steps,
    step: &'static str,
    begun: Instant,
}

impl StepWatch {
    /// This one went well, and the next begins.
    pub fn pass(&mut self, next: &'static str) {
        self.steps.took(self.step, StepOutcome::Ok, self.begun.elapsed());
        (self.step, self.begun) = (next, Instant::now());
    }

    /// The end.
    pub fn end(self, outcome: StepOutcome) {
        self.steps.took(self.step, outcome, self.begun.elapsed());
    }
}
