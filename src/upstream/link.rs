//! An SSH connection, from the key exchange to its end.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use russh::client::{Handle, Msg};
use russh::{Channel, ChannelMsg};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::error::{Step, UpstreamError};
use super::handler::Handler;
use super::heard::Heard;
use super::measured::measured;
use super::notes::Notes;
use crate::metrics::Steps;

/// Longest wait for the channel and its subsystem.
pub(super) const SUBSYSTEM_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest wait for the server's end after our goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// A connection whose host key was checked. Dropping it cuts the TCP connection.
pub(super) struct Link {
    pub(super) handle: Handle<Handler>,
    pub(super) notes: Arc<Notes>,
    pub(super) heard: Arc<Heard>,
    pub(super) cut: Cut,
    /// The largest packet in bytes that is taken from a channel.
    pub(super) packet_limit: usize,
    /// Measures what is still to come.
    pub(super) steps: Steps,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("notes", &self.notes).finish_non_exhaustive()
    }
}

impl Link {
    /// A session channel (RFC 4254, section 6.1) on which the subsystem `sftp` was granted (section 6.5).
    pub(super) async fn open_sftp(&self) -> Result<Channel<Msg>, UpstreamError> {
        let late = |_| UpstreamError::TimedOut { step: Step::Subsystem, after: SUBSYSTEM_TIMEOUT };
        let opened = async { timeout(SUBSYSTEM_TIMEOUT, self.start_subsystem()).await.map_err(late)? };
        measured(&self.steps, Step::Subsystem, opened).await
    }

    async fn start_subsystem(&self) -> Result<Channel<Msg>, UpstreamError> {
        let lost = |source| self.notes.lost(Step::Subsystem, source);
        let mut channel = match self.handle.channel_open_session().await {
            Ok(channel) => channel,
            Err(russh::Error::ChannelOpenFailure(reason)) => {
                return Err(UpstreamError::NoChannel { reason: format!("{reason:?}") });
            }
            Err(source) => return Err(lost(source)),
        };
        channel.request_subsystem(true, "sftp").await.map_err(lost)?;
        loop {
            match channel.wait().await {
                Some(ChannelMsg::Success) => return Ok(channel),
                Some(ChannelMsg::Failure | ChannelMsg::Close | ChannelMsg::Eof) => {
                    return Err(UpstreamError::NoSubsystem);
                }
                // What the server writes before it has granted the request is no SFTP.
                Some(ChannelMsg::Data { data }) if !data.is_empty() => {
                    let start = data.get(..data.len().min(512)).unwrap_or_default();
                    return Err(UpstreamError::NotSftp { text: start.escape_ascii().to_string() });
                }
                Some(_) => {}
                None => return Err(lost(russh::Error::Disconnect)),
            }
        }
    }

    /// Says goodbye to the server, which is not waited for longer than a second, and hangs up.
    pub(super) async fn close(self) {
        let goodbye = async {
            let _ = self.handle.disconnect(russh::Disconnect::ByApplication, "", "").await;
            self.notes.over.cancelled().await;
        };
        let _ = timeout(GOODBYE, goodbye).await;
    }
}

/// Cuts the TCP connection on drop. russh's task holds the socket too, and would otherwise keep it, with
/// itself, when a future of ours is dropped in the middle of a key exchange, or a peer never answers.
#[derive(Debug)]
pub(super) struct Cut(Option<Arc<TcpStream>>);

impl Cut {
    pub(super) fn new(tcp: Arc<TcpStream>) -> Self {
        Self(Some(tcp))
    }

    /// Another one for the same connection: for work that leaves it unusable when it is dropped half-way.
    pub(super) fn twin(&self) -> Self {
        Self(self.0.clone())
    }

    /// What it would cut.
    pub(super) fn stream(&self) -> Option<Arc<TcpStream>> {
        self.0.clone()
    }

    /// The connection is as good as before.
    pub(super) fn spare(mut self) {
        self.0 = None;
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        if let Some(tcp) = &self.0 {
            let _ = socket2::SockRef::from(&**tcp).shutdown(std::net::Shutdown::Both);
        }
    }
}
