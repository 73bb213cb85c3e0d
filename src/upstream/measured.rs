//! How the steps are told to the metrics and to the traces.

use super::error::{Step, UpstreamError};
use crate::metrics::{StepOutcome, Steps};
use crate::traces;

/// A step that begins now.
pub(super) async fn measured<T>(
    steps: &Steps,
    step: Step,
    work: impl Future<Output = Result<T, UpstreamError>>,
) -> Result<T, UpstreamError> {
    let watch = steps.begin(step.name());
    let result = traces::step(step.name(), None, work).await;
    watch.end(outcome(&result));
    result
}

pub(super) fn outcome<T>(result: &Result<T, UpstreamError>) -> StepOutcome {
    match result {
        Ok(_) => StepOutcome::Ok,
        Err(UpstreamError::TimedOut { .. }) => StepOutcome::TimedOut,
        Err(_) => StepOutcome::Failed,
    }
}
