//! How a refused opening handshake is told to the client: HTTP status and public reason. The only place.

mod name;

use std::time::Duration;

use http::StatusCode;

use crate::auth::Denied;
use crate::upstream::{OwnError, Step, UpstreamError};
use crate::words::{counted, time};

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
    /// The bridge itself knows nobody by these credentials.
    NotIdentified,
    /// The same of a bearer token, which HTTP has a challenge of its own for (RFC 6750, section 3).
    BadToken,
    /// The credentials were right, but the password must be changed first.
    PasswordExpired,
    /// A page of this origin may not connect.
    Origin,
    /// No such upstream.
    UnknownUpstream,
    /// No such path.
    UnknownRoute,
    /// The user has as many sessions as are allowed: so many.
    UserFull(usize),
    /// The address has as many sessions, or logins under way, as are allowed: so many.
    AddressFull(usize),
    /// Too many logins of this address or user have failed; none is tried for so long.
    Throttled(Duration),
    /// Other logins of this address or user are still being tried, and nobody knows how they end.
    Pending,
    /// The bridge has as many sessions as are allowed.
    Full,
    /// More passwords wait to be checked by the bridge than can be.
    Busy,
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
    /// The upstream has more questions than anybody answers.
    TooManyQuestions,
    /// The upstream refused the bridge's own credentials.
    OwnCredentials,
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
            Self::NoCredentials
            | Self::UnusableCredentials
            | Self::WrongCredentials
            | Self::NotIdentified
            | Self::BadToken => StatusCode::UNAUTHORIZED,
            Self::Origin | Self::PasswordExpired => StatusCode::FORBIDDEN,
            Self::UnknownUpstream | Self::UnknownRoute => StatusCode::NOT_FOUND,
            Self::UserFull(_) | Self::AddressFull(_) | Self::Throttled(_) | Self::Pending => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Self::Full | Self::Busy | Self::Draining => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unreachable
            | Self::HostKey
            | Self::Algorithms
            | Self::NotSsh
            | Self::NotSftp
            | Self::TooManyQuestions
            | Self::OwnCredentials => StatusCode::BAD_GATEWAY,
            Self::TimedOut => StatusCode::GATEWAY_TIMEOUT,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// One sentence for the user. No addresses, no names of the inside. The limits of a user and of an address are told
    /// with their numbers, as whoever meets them can do something about it; what the bridge as a whole has is not.
    pub fn reason(self) -> String {
        let wait = self.retry_after().map(time).unwrap_or_default();
        let fixed = match self {
            Self::UserFull(limit) => return crowded("This user", counted(limit as u64, "session"), &wait),
            Self::AddressFull(limit) => {
                // Conversations before the login have the same limit.
                let count =
                    if limit == 1 { "a session or login" } else { &format!("{limit} sessions or logins") };
                return crowded("This address", count.to_owned(), &wait);
            }
            Self::Throttled(_) => {
                return format!(
                    "Too many logins failed, of this user or from this address; please try again in {wait}."
                );
            }
            Self::Pending => {
                return format!(
                    "Other logins of this user or from this address are being tried; please try again in {wait}."
                );
            }
            Self::Full => {
                return format!(
                    "The bridge has as many sessions as it may have; please try again in {wait}."
                );
            }
            Self::Busy => return format!("Too many logins at a time; please try again in {wait}."),
            Self::Draining => return format!("The bridge is going away; please try again in {wait}."),
            Self::NotWebSocket => "This is a WebSocket endpoint; connect with an SFTP-over-WebSocket client.",
            Self::BadHandshake(reason) => reason,
            Self::NoSubprotocol => {
                "None of the offered WebSocket subprotocols is spoken here; offer \"sftp\"."
            }
            Self::NoCredentials => "Please log in with your account of the SFTP server.",
            Self::UnusableCredentials => "The user name or the password is empty or unreadable.",
            Self::WrongCredentials => "The SFTP server refused the user name or the password.",
            Self::NotIdentified | Self::BadToken => "The bridge knows nobody by these credentials.",
            Self::PasswordExpired => "Your password has expired; change it by other means first.",
            Self::Origin => "Pages of this origin may not connect.",
            Self::UnknownUpstream => "There is no such SFTP server here.",
            Self::UnknownRoute => "There is nothing here.",
            Self::Unreachable => "The SFTP server cannot be reached.",
            Self::HostKey => "The SFTP server could not prove its identity.",
            Self::Algorithms => "The SFTP server speaks only algorithms that are not allowed here.",
            Self::NotSsh => {
                "The server behind this bridge is no SSH server, or too busy; please try again later."
            }
            Self::NotSftp => "The server does not offer SFTP.",
            Self::TooManyQuestions => "The SFTP server asks too much.",
            Self::OwnCredentials => "The SFTP server does not let the bridge log in.",
            Self::TimedOut => "The SFTP server did not answer in time.",
            Self::Internal => "Internal error of the bridge.",
        };
        fixed.to_owned()
    }

    /// Whether credentials were judged, and found wrong.
    pub fn is_of_credentials(self) -> bool {
        matches!(self, Self::WrongCredentials | Self::NotIdentified | Self::BadToken | Self::PasswordExpired)
    }

    /// When to come back, where that makes sense: whole seconds, at least one. `Retry-After` knows no others (RFC
    /// 9110, section 10.2.3).
    pub fn retry_after(self) -> Option<Duration> {
        if let Self::Throttled(wait) = self {
            let whole = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0));
            return Some(Duration::from_secs(whole.max(1)));
        }
        let passes = matches!(
            self,
            Self::UserFull(_)
                | Self::AddressFull(_)
                | Self::Pending
                | Self::Full
                | Self::Busy
                | Self::Draining
        );
        passes.then_some(RETRY_SOON)
    }
}

fn crowded(who: &str, count: String, wait: &str) -> String {
    format!("{who} has {count}, which is the limit; close one, or try again in {wait}.")
}

/// A sentence with the number by which its cause is found in the log. Clients show it as it is.
pub fn with_reference(sentence: &str, session: &str) -> String {
    format!("{sentence} (ref {session})")
}

impl From<&UpstreamError> for Refusal {
    fn from(error: &UpstreamError) -> Self {
        match error {
            UpstreamError::Connect { .. } | UpstreamError::Lost { .. } | UpstreamError::NoChannel { .. } => {
                Self::Unreachable
            }
            UpstreamError::TooManyQuestions => Self::TooManyQuestions,
            UpstreamError::TimedOut {
                step: Step::Connect | Step::Identification | Step::KeyExchange | Step::Login | Step::Subsystem,
                ..
            } => Self::TimedOut,
            UpstreamError::HostKey(_) => Self::HostKey,
            UpstreamError::NoCommonAlgorithm { .. } => Self::Algorithms,
            UpstreamError::Refused { .. } | UpstreamError::Unanswered | UpstreamError::Signature { .. } => {
                Self::WrongCredentials
            }
            UpstreamError::PasswordExpired => Self::PasswordExpired,
            UpstreamError::Agent { .. } => Self::Internal,
            UpstreamError::NotSsh { .. } => Self::NotSsh,
            UpstreamError::NoSubsystem | UpstreamError::NotSftp { .. } => Self::NotSftp,
        }
    }
}

impl From<&Denied> for Refusal {
    fn from(denied: &Denied) -> Self {
        match denied {
            Denied::Token(_) => Self::BadToken,
            Denied::Password
            | Denied::Header(_)
            | Denied::Certificate(_)
            | Denied::Cookie
            | Denied::CookieExpired
            | Denied::Name
            | Denied::NotOffered => Self::NotIdentified,
            Denied::Busy => Self::Busy,
        }
    }
}

impl From<&OwnError> for Refusal {
    fn from(error: &OwnError) -> Self {
        match error {
            OwnError::Name { .. } => Self::OwnCredentials,
            OwnError::KeyFile(_)
            | OwnError::Secret(_)
            | OwnError::Randomness(_)
            | OwnError::Certificate(_) => Self::Internal,
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
        Refusal::NotIdentified,
        Refusal::BadToken,
        Refusal::PasswordExpired,
        Refusal::Origin,
        Refusal::UnknownUpstream,
        Refusal::UnknownRoute,
        Refusal::UserFull(1),
        Refusal::AddressFull(64),
        Refusal::Throttled(Duration::from_millis(1500)),
        Refusal::Pending,
        Refusal::Full,
        Refusal::Busy,
        Refusal::Draining,
        Refusal::Unreachable,
        Refusal::HostKey,
        Refusal::Algorithms,
        Refusal::NotSsh,
        Refusal::NotSftp,
        Refusal::TooManyQuestions,
        Refusal::OwnCredentials,
        Refusal::TimedOut,
        Refusal::Internal,
    ];

    #[test]
    fn every_reason_is_one_sentence_that_fits_a_header() {
        for refusal in ALL {
            let reason = refusal.reason();
            assert!(reason.is_ascii() && reason.ends_with('.') && !reason.contains('\n'), "{reason}");
            assert!(with_reference(&reason, "0123456789abcdef").len() <= 123, "{reason}");
        }
    }

    #[test]
    fn whoever_may_come_back_is_told_when_in_words_that_agree_with_the_header() {
        for refusal in ALL {
            let temporary = matches!(refusal.status().as_u16(), 429 | 503);
            let (wait, reason) = (refusal.retry_after(), refusal.reason());
            assert_eq!(wait.is_some(), temporary, "{refusal:?}");
            let said = wait.map(|wait| format!("try again in {}.", time(wait)));
            assert!(said.is_none_or(|said| reason.ends_with(&said)), "{reason}");
        }
    }

    #[test]
    fn the_limits_of_a_user_and_an_address_are_told_and_those_of_the_bridge_are_not() {
        let user = Refusal::UserFull(32).reason();
        assert_eq!(
            user,
            "This user has 32 sessions, which is the limit; close one, or try again in 5 seconds."
        );
        assert!(Refusal::AddressFull(64).reason().contains(" 64 "));
        let own = Refusal::Full.reason().replace(" 5 seconds", "");
        assert!(!own.contains(|c: char| c.is_ascii_digit()), "{own}");
    }

    #[test]
    fn a_wait_is_told_in_whole_seconds_and_never_too_short() {
        for (millis, seconds) in [(0, 1), (1, 1), (999, 1), (1000, 1), (1001, 2), (59_500, 60), (60_000, 60)]
        {
            let told = Refusal::Throttled(Duration::from_millis(millis)).retry_after();
            assert_eq!(told, Some(Duration::from_secs(seconds)), "{millis} ms");
        }
        assert!(Refusal::Throttled(Duration::MAX).retry_after().is_some());
    }
}
