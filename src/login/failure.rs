//! How a login that did not succeed is told: code, sentence, and whether another may follow. The only place.

use super::FailureCode;
use crate::refusal::Refusal;

impl FailureCode {
    /// The code for a refusal, and whether another `login` may follow on the same socket: another upstream,
    /// another user or another password may do. Total: a new refusal must choose.
    pub fn of(refusal: Refusal) -> (Self, bool) {
        match refusal {
            Refusal::NoCredentials
            | Refusal::UnusableCredentials
            | Refusal::WrongCredentials
            | Refusal::NotIdentified
            | Refusal::BadToken => (Self::Refused, true),
            Refusal::PasswordExpired => (Self::PasswordExpired, true),
            Refusal::UnknownUpstream => (Self::UnknownUpstream, true),
            Refusal::Unreachable
            | Refusal::HostKey
            | Refusal::Algorithms
            | Refusal::NotSsh
            | Refusal::NotSftp
            | Refusal::TooManyQuestions
            | Refusal::OwnCredentials => (Self::UpstreamFailed, true),
            Refusal::TimedOut => (Self::UpstreamTimeout, true),
            Refusal::UserFull(_) | Refusal::AddressFull(_) | Refusal::Full | Refusal::Busy => {
                (Self::Full, false)
            }
            Refusal::Throttled(_) | Refusal::Pending => (Self::Throttled, false),
            Refusal::Draining => (Self::Draining, false),
            Refusal::Internal => (Self::Internal, false),
            // These end an opening handshake, before there is a conversation.
            Refusal::NotWebSocket
            | Refusal::BadHandshake(_)
            | Refusal::NoSubprotocol
            | Refusal::Origin
            | Refusal::UnknownRoute => (Self::Protocol, false),
        }
    }

    /// Close code and public sentence, where a failure is the end of the conversation.
    pub(super) fn close(self) -> (u16, &'static str) {
        match self {
            Self::Protocol => (1008, "That message is not part of the login."),
            Self::Timeout => (1008, "The login took too long."),
            Self::TooManyAttempts => (1008, "Too many tries to log in."),
            Self::Throttled => (1008, "Too many logins of this user or from this address."),
            Self::Full => (1008, "Too many sessions."),
            Self::Draining => (1001, "The bridge is going away; please connect again."),
            Self::Internal => (1011, "Internal error of the bridge."),
            Self::Refused
            | Self::Partial
            | Self::PasswordExpired
            | Self::MethodUnavailable
            | Self::UnknownUpstream
            | Self::ResumeRefused
            | Self::UpstreamFailed
            | Self::UpstreamTimeout
            | Self::Other => (1008, "The login failed."),
        }
    }
}

/// Sentences for what only a conversation knows.
pub(super) mod sentence {
    pub(in crate::login) const REFUSED: &str = "The SFTP server refused the login.";
    pub(in crate::login) const PARTIAL: &str = "That was right, and the SFTP server wants one more proof.";
    pub(in crate::login) const NOT_OFFERED: &str = "This SFTP server is not logged in to by this method.";
    pub(in crate::login) const NOT_TAKEN: &str = "The SFTP server does not take this method.";
    pub(in crate::login) const SIGN_IN: &str = "Sign in with the browser first; then log in by \"external\".";
    pub(in crate::login) const EMPTY: &str = "The user name or the password is empty or unreadable.";
    pub(in crate::login) const KEY: &str = "The public key is not one line as OpenSSH writes it.";
    pub(in crate::login) const RESUME: &str = "The session cannot be resumed; please log in.";
    pub(in crate::login) const TIMEOUT: &str = "The login took too long; please connect again.";
    pub(in crate::login) const LAST: &str = "Too many tries; please connect again.";
    pub(in crate::login) const QUESTIONS: &str = "The SFTP server asks too much.";
    pub(in crate::login) const JSON: &str = "A text message must be one of the login's JSON objects.";
    pub(in crate::login) const BINARY: &str = "No binary message before \"ready\".";
    pub(in crate::login) const ORDER: &str = "That message is not due now.";
    pub(in crate::login) const ID: &str = "That id was not asked for.";
    pub(in crate::login) const COUNT: &str = "There must be one answer for each prompt.";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::close::LONGEST_REASON;

    #[test]
    fn every_failure_closes_with_a_code_that_may_be_sent_and_a_reason_that_fits() {
        use FailureCode::*;
        for code in [
            Refused,
            Partial,
            PasswordExpired,
            MethodUnavailable,
            UnknownUpstream,
            Throttled,
            Full,
            Draining,
            ResumeRefused,
            UpstreamFailed,
            UpstreamTimeout,
            Timeout,
            TooManyAttempts,
            Protocol,
            Internal,
            Other,
        ] {
            let (close, reason) = code.close();
            assert!(matches!(close, 1001 | 1008 | 1011), "{code:?}");
            assert!(!reason.is_empty() && reason.len() <= LONGEST_REASON, "{code:?}");
        }
    }
}
