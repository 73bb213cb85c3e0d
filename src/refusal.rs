//! How a refused opening handshake is told to the client: HTTP status and public reason. The only place.

use std::time::Duration;

use http::StatusCode;

use crate::upstream::{Step, UpstreamError};

/// Why there is no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Not a WebSocket opening handshake, or of a version other than 13.
    NotWebSocket,
    /// A handshake that breaks RFC 6455, section 4.2.1.
    BadHandshake(&'static str),
    /// None of the subprotocols offered is ours, or none was offered and one is required.
    NoSubprotocol,
    /// No credentials. The first, anonymous try of a client that will ask its user; not a failed login.
    NoCredentials,
    /// Credentials that cannot be right: empty, or not in the form of their scheme.
    UnusableCredentials,
    /// The upstream refused the credentials.
    WrongCredentials,
    /// A page of this origin may not connect.
    Origin,
    /// No such upstream.
    UnknownUpstream,
    /// No such path.
    UnknownRoute,
    /// The user has as many sessions as are allowed.
    UserFull,
    /// The address has as many sessions as are allowed.
    AddressFull,
    /// The bridge has as many sessions as are allowed.
    Full,
    /// The bridge is going away.
    Draining,
    /// The upstream cannot be reached, or breaks off.
    Unreachable,
    /// The upstream's host key is not the one we trust.
    HostKey,
    /// The upstream offers only algorithms that we do not.
    Algorithms,
    /// What listens there does not identify itself as an SSH server; a server that is too busy says so first.
    NotSsh,
    /// An SSH server without SFTP.
    NotSftp,
    /// The upstream did not answer in time.
    TimedOut,
    /// A defect of the bridge itself.
    Internal,
}

/// When a full bridge may be asked again. Sessions come and go; a client that waits longer only wastes time.
const RETRY_SOON: Duration = Duration::from_secs(5);

impl Refusal {
    /// The HTTP status.
    pub fn status(self) -> StatusCode {
        match self {
            Self::NotWebSocket => StatusCode::UPGRADE_REQUIRED,
            Self::BadHandshake(_) | Self::NoSubprotocol => StatusCode::BAD_REQUEST,
            Self::NoCredentials | Self::UnusableCredentials | Self::WrongCredentials => {
                StatusCode::UNAUTHORIZED
            }
            Self::Origin => StatusCode::FORBIDDEN,
            Self::UnknownUpstream | Self::UnknownRoute => StatusCode::NOT_FOUND,
            Self::UserFull | Self::AddressFull => StatusCode::TOO_MANY_REQUESTS,
            Self::Full | Self::Draining => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unreachable | Self::HostKey | Self::Algorithms | Self::NotSsh | Self::NotSftp => {
                StatusCode::BAD_GATEWAY
            }
            Self::TimedOut => StatusCode::GATEWAY_TIMEOUT,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// One sentence for the user. No addresses, no names of the inside.
    pub fn reason(self) -> &'static str {
        match self {
            Self::NotWebSocket => "This is a WebSocket endpoint; connect with an SFTP-over-WebSocket client.",
            Self::BadHandshake(reason) => reason,
            Self::NoSubprotocol => {
                "None of the offered WebSocket subprotocols is spoken here; offer \"sftp\"."
            }
            Self::NoCredentials => "Please log in with your account of the SFTP server.",
            Self::UnusableCredentials => "The user name or the password is empty or unreadable.",
            Self::WrongCredentials => "The SFTP server refused the user name or the password.",
            Self::Origin => "Pages of this origin may not connect.",
            Self::UnknownUpstream => "There is no such SFTP server here.",
            Self::UnknownRoute => "There is nothing here.",
            Self::UserFull => "This user has too many sessions; close one or try again later.",
            Self::AddressFull => "This address has too many sessions; close one or try again later.",
            Self::Full => "The bridge has too many sessions; please try again later.",
            Self::Draining => "The bridge is going away; please try again.",
            Self::Unreachable => "The SFTP server cannot be reached.",
            Self::HostKey => "The SFTP server could not prove its identity.",
            Self::Algorithms => "The SFTP server speaks only algorithms that are not allowed here.",
            Self::NotSsh => {
                "The server behind this bridge is no SSH server, or too busy; please try again later."
            }
            Self::NotSftp => "The server does not offer SFTP.",
            Self::TimedOut => "The SFTP server did not answer in time.",
            Self::Internal => "Internal error of the bridge.",
        }
    }

    /// When to come back, where that makes sense.
    pub fn retry_after(self) -> Option<Duration> {
        matches!(self, Self::UserFull | Self::AddressFull | Self::Full | Self::Draining).then_some(RETRY_SOON)
    }
}

impl From<&UpstreamError> for Refusal {
    fn from(error: &UpstreamError) -> Self {
        match error {
            UpstreamError::Connect { .. } | UpstreamError::Lost { .. } | UpstreamError::NoChannel { .. } => {
                Self::Unreachable
            }
            UpstreamError::TimedOut {
                step: Step::Connect | Step::Identification | Step::KeyExchange | Step::Login | Step::Subsystem,
                ..
            } => Self::TimedOut,
            UpstreamError::HostKey(_) => Self::HostKey,
            UpstreamError::NoCommonAlgorithm { .. } => Self::Algorithms,
            UpstreamError::Refused { .. } => Self::WrongCredentials,
            UpstreamError::NotSsh { .. } => Self::NotSsh,
            UpstreamError::NoSubsystem | UpstreamError::NotSftp { .. } => Self::NotSftp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &[Refusal] = &[
        Refusal::NotWebSocket,
        Refusal::BadHandshake("The handshake is broken."),
        Refusal::NoSubprotocol,
        Refusal::NoCredentials,
        Refusal::UnusableCredentials,
        Refusal::WrongCredentials,
        Refusal::Origin,
        Refusal::UnknownUpstream,
        Refusal::UnknownRoute,
        Refusal::UserFull,
        Refusal::AddressFull,
        Refusal::Full,
        Refusal::Draining,
        Refusal::Unreachable,
        Refusal::HostKey,
        Refusal::Algorithms,
        Refusal::NotSsh,
        Refusal::NotSftp,
        Refusal::TimedOut,
        Refusal::Internal,
    ];

    #[test]
    fn every_reason_is_one_sentence_that_fits_a_header() {
        for refusal in ALL {
            let reason = refusal.reason();
            assert!(reason.is_ascii() && reason.ends_with('.') && !reason.contains('\n'), "{reason}");
        }
    }

    #[test]
    fn whoever_may_come_back_is_told_when() {
        for refusal in ALL {
            let temporary = matches!(refusal.status().as_u16(), 429 | 503);
            assert_eq!(refusal.retry_after().is_some(), temporary, "{refusal:?}");
        }
    }
}
