//! The names of refusals in metrics: alerts rely on them, so they stay.

use std::time::Duration;

use super::Refusal;

impl Refusal {
    /// A stable name, in kebab case.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotWebSocket => "not-websocket",
            Self::BadHandshake(_) => "bad-handshake",
            Self::NoSubprotocol => "no-subprotocol",
            Self::NoCredentials => "no-credentials",
            Self::UnusableCredentials => "unusable-credentials",
            Self::WrongCredentials => "wrong-credentials",
            Self::NotIdentified => "not-identified",
            Self::BadToken => "bad-token",
            Self::PasswordExpired => "password-expired",
            Self::Origin => "origin",
            Self::UnknownUpstream => "unknown-upstream",
            Self::UnknownRoute => "unknown-route",
            Self::UserFull(_) => "user-full",
            Self::AddressFull(_) => "address-full",
            Self::Throttled(_) => "throttled",
            Self::Full => "full",
            Self::Busy => "busy",
            Self::Pending => "pending",
            Self::Draining => "draining",
            Self::Unreachable => "unreachable",
            Self::HostKey => "host-key",
            Self::Algorithms => "algorithms",
            Self::NotSsh => "not-ssh",
            Self::NotSftp => "not-sftp",
            Self::TooManyQuestions => "too-many-questions",
            Self::OwnCredentials => "own-credentials",
            Self::TimedOut => "timed-out",
            Self::Internal => "internal",
        }
    }

    /// One of each kind, for those who count them from 0.
    pub const EACH: &[Self] = &[
        Self::NotWebSocket,
        Self::BadHandshake(""),
        Self::NoSubprotocol,
        Self::NoCredentials,
        Self::UnusableCredentials,
        Self::WrongCredentials,
        Self::NotIdentified,
        Self::BadToken,
        Self::PasswordExpired,
        Self::Origin,
        Self::UnknownUpstream,
        Self::UnknownRoute,
        Self::UserFull(0),
        Self::AddressFull(0),
        Self::Throttled(Duration::ZERO),
        Self::Full,
        Self::Busy,
        Self::Pending,
        Self::Draining,
        Self::Unreachable,
        Self::HostKey,
        Self::Algorithms,
        Self::NotSsh,
        Self::NotSftp,
        Self::TooManyQuestions,
        Self::OwnCredentials,
        Self::TimedOut,
        Self::Internal,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_that_of_the_variant_and_each_has_its_own() {
        let mut seen = std::collections::BTreeSet::new();
        for refusal in Refusal::EACH {
            let variant = format!("{refusal:?}");
            let variant = variant.split('(').next().unwrap().to_lowercase();
            assert_eq!(refusal.name().replace('-', ""), variant);
            assert!(seen.insert(refusal.name()), "{refusal:?} is there twice");
        }
        assert!(seen.len() > 20);
    }
}
