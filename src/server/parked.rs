//! What is kept of a session whose socket was lost.

use tokio::time::Instant;

use super::admission::Ticket;
use super::resume::Park;
use crate::upstream::Idle;

/// An authenticated connection without a channel, and the places that it goes on taking.
#[derive(Debug)]
pub(super) struct Parked {
    pub(super) idle: Idle,
    pub(super) ticket: Ticket,
    /// The name of the upstream.
    pub(super) upstream: String,
    /// Who is logged in.
    pub(super) user: String,
    /// When the login was: a session's lifetime goes on from there.
    pub(super) since: Instant,
}

impl Park for Parked {
    async fn ended(&mut self) {
        self.idle.ended().await;
    }

    async fn close(self) {
        self.idle.close().await;
    }
}
