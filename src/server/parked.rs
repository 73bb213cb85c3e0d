//! What is kept of a session whose socket was lost.

use tokio::time::Instant;

use super::admission::Ticket;
use super::bridge::Bridge;
use super::resume::{LiveHandle, Park};
use crate::metrics::Present;
use crate::session::Who;
use crate::upstream::Idle;

/// An authenticated connection without a channel, and the places that it goes on taking.
#[derive(Debug)]
pub(super) struct Parked {
    pub(super) idle: Idle,
    pub(super) ticket: Ticket,
    /// The name of the upstream.
    pub(super) upstream: String,
    /// Who is logged in.
    pub(super) who: Who,
    pub(super) since: Since,
    /// Among those that are parked.
    pub(super) _counted: Present,
}

/// The login that a session goes back to, over any number of resumptions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Since {
    /// When it was: a session's lifetime goes on from there.
    pub(super) at: Instant,
    /// How it was, as [`Who::method`] said then.
    pub(super) method: &'static str,
}

impl Parked {
    pub(super) fn new(idle: Idle, ticket: Ticket, upstream: String, who: Who, since: Since) -> Self {
        Self { idle, ticket, upstream, who, since, _counted: Present::parked() }
    }
}

impl Bridge {
    /// Keeps what is left of a session for its client, as long as its upstream's `resume` says, and no longer than
    /// a session may live: whoever comes again and again, and never sends a packet, keeps nothing for ever.
    pub(super) fn park(&self, live: LiveHandle<Parked>, parked: Parked) {
        let grace = self.config.upstreams.get(&parked.upstream).map(|settings| settings.resume);
        let left = self.config.limits.lifetime.saturating_sub(parked.since.at.elapsed());
        if let Err(unwanted) = live.park(parked, grace.unwrap_or_default().min(left)) {
            self.sessions.spawn(unwanted.idle.close());
        }
    }
}

impl Park for Parked {
    async fn ended(&mut self) {
        self.idle.ended().await;
    }

    async fn close(self) {
        self.idle.close().await;
    }
}
