//! Where a request comes from, and why it is refused.

use std::fmt;
use std::net::IpAddr;

use tokio::time::Instant;

use super::peer::Peer;
use crate::audit::{Audit, RefusedLogin, Subject};
use crate::auth::{Denied, Person};
use crate::config::Limits;
use crate::pump::CloseFrame;
use crate::refusal::Refusal;
use crate::session::{self, Identity, Who};
use crate::upstream::{OwnError, UpstreamError};

/// Whoever has sent an opening handshake.
#[derive(Debug, Clone)]
pub(super) struct Visitor {
    /// When that was.
    pub(super) came: Instant,
    /// The name of the session that may become of it.
    pub(super) session: String,
    /// The client behind the proxies that are trusted, where the server around the bridge tells whose connection
    /// it is.
    pub(super) peer: Option<Peer>,
    /// Where refused logins are recorded.
    audit: Audit,
}

/// Why somebody is refused: what they are told, and the cause for the log.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) refusal: Refusal,
    pub(super) cause: String,
}

impl Visitor {
    pub(super) fn new(peer: Option<Peer>, audit: Audit) -> Self {
        Self { came: Instant::now(), session: session::new_id(), peer, audit }
    }

    /// For the limits per address.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.peer.and_then(|peer| peer.address)
    }

    /// For the log lines of a session.
    pub(super) fn identity(&self, who: Who, upstream: &str) -> Identity {
        Identity { session: self.session.clone(), who, upstream: upstream.to_owned(), peer: self.peer() }
    }

    /// The log line of a conversation that the bridge ends, beside those of its logins.
    pub(super) fn log_farewell(&self, frame: &CloseFrame) {
        let (session, peer, reason) = (&self.session, self.peer(), &frame.reason);
        if frame.code != 1000 {
            tracing::info!(event = %"login_ended", %session, %peer, close_code = frame.code, reason);
        }
    }

    /// Around what is done before there is a session, so that every line of the log about it can be found. It goes
    /// inside the span of [`crate::traces::Login`], where lines look for it, and is no child of that: whoever keeps
    /// this one would keep the other from its end.
    pub(super) fn span(&self) -> tracing::Span {
        tracing::info_span!(parent: None, "visitor", session = %self.session)
    }

    fn peer(&self) -> String {
        self.peer.map_or_else(|| "unknown".to_owned(), |peer| peer.to_string())
    }

    /// The one log line of a refusal.
    pub(super) fn log(&self, refused: &Refused, user: &str, upstream: &str) {
        if refused.refusal.is_of_credentials() {
            let subject = Subject { session: &self.session, user, method: "", upstream, peer: &self.peer() };
            let (http_status, reason) = (refused.refusal.status().as_u16(), refused.refusal.reason());
            self.audit.login_refused(
                &subject,
                &RefusedLogin { http_status, reason: &reason, cause: &refused.cause },
            );
        }
        let (user, peer, status) = (user.escape_debug(), self.peer(), refused.refusal.status().as_u16());
        let session = &self.session;
        let cause = &refused.cause;
        tracing::warn!(parent: None, event = %"refused", %session, status, %user, %peer, %upstream, cause);
    }
}

/// A person for whom the bridge has logged in.
pub(super) fn who(person: &Person) -> Who {
    Who { user: person.name().to_owned(), method: person.method().name(), groups: person.groups().to_vec() }
}

impl Refused {
    pub(super) fn new(refusal: Refusal, cause: impl fmt::Display) -> Self {
        Self { refusal, cause: cause.to_string() }
    }

    /// The limits of sessions: which one it is, with its number.
    pub(super) fn full(refusal: Refusal, limits: &Limits) -> Self {
        let (key, limit) = match refusal {
            Refusal::UserFull(limit) => ("sessions_per_user", limit),
            Refusal::AddressFull(limit) => ("sessions_per_address", limit),
            _ => ("sessions", limits.sessions),
        };
        Self::new(refusal, format_args!("limits.{key} = {limit}"))
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
