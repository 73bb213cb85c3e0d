//! An authenticated connection: with an sftp channel, or between two of them.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::channel::{ChannelPackets, ChannelSink, Exit};
use super::error::UpstreamError;
use super::expired;
use super::link::Link;
use crate::pump::End;

/// Longest wait for the server to close a channel that is not needed any more.
const RELEASE: Duration = Duration::from_secs(2);

/// Longest wait for sshd to end a channel because the password has expired. Only who was told so waits.
pub(super) const EXPIRED: Duration = Duration::from_secs(2);

/// An authenticated connection with one sftp channel. Dropping it cuts the TCP connection.
#[derive(Debug)]
pub struct Connection {
    /// The packets of the channel.
    pub end: End<ChannelPackets, ChannelSink>,
    link: Link,
}

impl Connection {
    pub(super) async fn open(link: Link) -> Result<Self, UpstreamError> {
        let (reader, writer) = link.open_sftp().await?.split();
        let packets = ChannelPackets::new(reader, link.packet_limit, Arc::clone(&link.notes));
        Ok(Self { end: End { packets, sink: ChannelSink::new(writer) }, link })
    }

    /// The first channel after a login: the place where an expired password shows.
    pub(super) async fn first(link: Link) -> Result<Self, UpstreamError> {
        let mut connection = Self::open(link).await?;
        let told = connection.link.notes.banner().is_some_and(|banner| expired::is_told_by(&banner));
        if told && connection.end.packets.ends_within(EXPIRED).await {
            return Err(UpstreamError::PasswordExpired);
        }
        Ok(connection)
    }

    /// Says goodbye to the server, which is not waited for longer than a second, and hangs up.
    pub async fn close(self) -> Exit {
        self.link.close().await;
        self.end.packets.exit()
    }

    /// Ends the channel and keeps the connection, for a session that comes back. To be called after the pump
    /// has ended.
    ///
    /// The server has two seconds to close the channel; what it still sends is thrown away. A connection whose
    /// channel did not close is not kept: an undrained channel parks it.
    ///
    /// # Errors
    /// When the connection cannot be kept. It is closed by then.
    pub async fn release(self) -> Result<Idle, Exit> {
        let Self { mut end, link } = self;
        // While nobody drains it, a full channel keeps even our EOF from going out.
        let released = async { tokio::join!(end.packets.drain(), end.sink.end()).0 };
        let closed = timeout(RELEASE, released).await.unwrap_or(false);
        if closed && !link.notes.over.is_cancelled() {
            end.packets.exit();
            Ok(Idle { link })
        } else {
            Err(Self { end, link }.close().await)
        }
    }
}

/// An authenticated connection without a channel. Keepalives go on, and dropping it cuts the TCP connection.
#[derive(Debug)]
pub struct Idle {
    link: Link,
}

impl Idle {
    /// Ready when the connection is over. Cancel-safe, and may be asked again.
    pub async fn ended(&mut self) {
        self.link.notes.over.cancelled().await;
    }

    /// Opens another sftp channel, without another login. When the future is dropped, the connection is cut.
    ///
    /// # Errors
    /// [`UpstreamError`] says why; the connection is cut.
    pub async fn reopen(self) -> Result<Connection, UpstreamError> {
        Connection::open(self.link).await
    }

    /// Says goodbye to the server, which is not waited for longer than a second, and hangs up.
    pub async fn close(self) {
        self.link.close().await;
    }
}
