//! What an upstream's answer says about the secret that it was given.

use super::ledger::Outcome;
use crate::upstream::{Step, UpstreamError};

impl From<&UpstreamError> for Outcome {
    fn from(error: &UpstreamError) -> Self {
        match error {
            UpstreamError::Refused { .. } => Self::Failed,
            // The answer has led to a question that nobody answers. Were that no failure, a server that asks twice
            // would take guesses at its first question without end.
            UpstreamError::Unanswered | UpstreamError::TooManyQuestions => Self::Failed,
            // Some servers hang up on a wrong password, or keep its sender waiting for good. Were that no failure,
            // passwords could be guessed there without end.
            UpstreamError::Lost { step: Step::Login, .. }
            | UpstreamError::TimedOut { step: Step::Login, .. } => Self::Failed,
            UpstreamError::Lost { step: Step::Subsystem, .. }
            | UpstreamError::TimedOut { step: Step::Subsystem, .. }
            | UpstreamError::NoChannel { .. }
            | UpstreamError::NoSubsystem
            | UpstreamError::NotSftp { .. }
            | UpstreamError::PasswordExpired => Self::Succeeded,
            // No secret has left.
            UpstreamError::Lost {
                step: Step::Connect | Step::Identification | Step::KeyExchange, ..
            }
            | UpstreamError::TimedOut {
                step: Step::Connect | Step::Identification | Step::KeyExchange,
                ..
            }
            | UpstreamError::Connect { .. }
            | UpstreamError::NotSsh { .. }
            | UpstreamError::NoCommonAlgorithm { .. }
            | UpstreamError::HostKey(_)
            // Nobody guessed: a key is not of use.
            | UpstreamError::Signature { .. }
            | UpstreamError::Agent { .. } => Self::Void,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn timed_out(step: Step) -> Outcome {
        Outcome::from(&UpstreamError::TimedOut { step, after: Duration::from_secs(1) })
    }

    fn lost(step: Step) -> Outcome {
        Outcome::from(&UpstreamError::Lost { step, source: "x".into() })
    }

    #[test]
    fn a_secret_that_left_and_was_not_taken_has_failed_and_one_that_stayed_has_not() {
        let refused = UpstreamError::Refused { remaining: Vec::new(), partial: false };
        assert_eq!(Outcome::from(&refused), Outcome::Failed);
        for outcome in [timed_out(Step::Login), lost(Step::Login)] {
            assert_eq!(outcome, Outcome::Failed);
        }
        for unanswered in [UpstreamError::Unanswered, UpstreamError::TooManyQuestions] {
            assert_eq!(Outcome::from(&unanswered), Outcome::Failed);
        }
        for step in [Step::Connect, Step::Identification, Step::KeyExchange] {
            assert_eq!((timed_out(step), lost(step)), (Outcome::Void, Outcome::Void));
        }
        assert_eq!(
            (timed_out(Step::Subsystem), lost(Step::Subsystem)),
            (Outcome::Succeeded, Outcome::Succeeded)
        );
        assert_eq!(Outcome::from(&UpstreamError::NoSubsystem), Outcome::Succeeded);
    }
}
