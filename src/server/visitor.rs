//! Where a request comes from, and why it is refused.

use std::fmt;
use std::net::IpAddr;

use super::peer::Peer;
use crate::auth::Denied;
use crate::refusal::Refusal;
use crate::session::{self, Identity};
use crate::upstream::{OwnError, UpstreamError};

/// Whoever has sent an opening handshake.
#[derive(Debug, Clone)]
pub(super) struct Visitor {
    /// The name of the session that may become of it.
    pub(super) session: String,
    /// The client behind the proxies that are trusted, where the server around the bridge tells whose connection
    /// it is.
    pub(super) peer: Option<Peer>,
}

/// Why somebody is refused: what they are told, and the cause for the log.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) refusal: Refusal,
    pub(super) cause: String,
}

impl Visitor {
    pub(super) fn new(peer: Option<Peer>) -> Self {
        Self { session: session::new_id(), peer }
    }

    /// For the limits per address.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.peer.map(|peer| peer.address)
    }

    /// For the log lines of a session.
    pub(super) fn identity(&self, user: &str, upstream: &str) -> Identity {
        Identity {
            session: self.session.clone(),
            user: user.to_owned(),
            upstream: upstream.to_owned(),
            peer: self.peer.map_or_else(|| "unknown".to_owned(), |peer| peer.to_string()),
        }
    }

    /// The one log line of a refusal.
    pub(super) fn log(&self, refused: &Refused, user: &str, upstream: &str) {
        let Identity { user, upstream, peer, .. } = self.identity(user, upstream);
        let (user, status) = (user.escape_debug(), refused.refusal.status().as_u16());
        tracing::warn!(event = %"refused", status, %user, %peer, %upstream, cause = refused.cause);
    }
}

impl Refused {
    pub(super) fn new(refusal: Refusal, cause: impl fmt::Display) -> Self {
        Self { refusal, cause: cause.to_string() }
    }

    /// The limits of sessions.
    pub(super) fn full(refusal: Refusal) -> Self {
        Self::new(refusal, "too many sessions")
    }

    /// The bridge itself was refused: no fault of the visitor, who cannot do better either.
    pub(super) fn of_own_login(error: &UpstreamError) -> Self {
        let refusal = match Refusal::from(error) {
            Refusal::WrongCredentials | Refusal::PasswordExpired => Refusal::OwnCredentials,
            other => other,
        };
        Self::new(refusal, error)
    }
}

impl From<UpstreamError> for Refused {
    fn from(error: UpstreamError) -> Self {
        Self::new(Refusal::from(&error), error)
    }
}

impl From<Denied> for Refused {
    fn from(denied: Denied) -> Self {
        Self::new(Refusal::from(&denied), denied)
    }
}

impl From<OwnError> for Refused {
    fn from(error: OwnError) -> Self {
        Self::new(Refusal::from(&error), error)
    }
}
