//! What is kept of a session whose socket was lost.

use tokio::time::Instant;

use super::admission::Ticket;
use super::resume::Park;
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

impl Park for Parked {
    async fn ended(&mut self) {
        self.idle.ended().await;
    }

    async fn close(self) {
        self.idle.close().await;
    }
}
