//! A WebSocket on which text is spoken before packets flow, and how any WebSocket is closed.

use std::io;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::{CLOSE_TIMEOUT, Socket, close_frame, error_ends, io_error};
use crate::pump::{CloseFrame, SourceEnd};

/// What a peer says.
#[derive(Debug)]
pub enum Said {
    /// A text message.
    Text(Utf8Bytes),
    /// A binary message.
    Binary,
}

/// Takes no message of more than `limit` bytes on `socket` from now on: what is larger ends it at its header,
/// before there is memory for it. `None` leaves it to the limit that the socket was made with.
pub fn limit_messages<S>(socket: &mut Socket<S>, limit: Option<usize>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    socket.get_mut().limit_messages(limit.map(|limit| limit as u64));
}

/// The next message. Pings are answered meanwhile. Cancel-safe.
///
/// # Errors
/// Why there is none, and never will be.
pub async fn hear<S>(socket: &mut Socket<S>) -> Result<Said, SourceEnd>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => return Ok(Said::Text(text)),
            Some(Ok(Message::Binary(_))) => return Ok(Said::Binary),
            Some(Ok(Message::Close(frame))) => return Err(SourceEnd::Closed(frame.map(close_frame))),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {
                tokio::task::coop::consume_budget().await;
            }
            Some(Err(error)) => return Err(error_ends(error)),
            None => return Err(SourceEnd::Closed(None)),
        }
    }
}

/// Sends a text message. Not cancel-safe: after a dropped future the socket is to be dropped, too.
///
/// # Errors
/// When it cannot be sent.
pub async fn say<S>(socket: &mut Socket<S>, text: String) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    socket.send(Message::text(text)).await.map_err(io_error)
}

/// The closing handshake (RFC 6455, section 7.1.2) with our `frame`, or the answer to the peer's. `broken` says
/// that [`hear`] has failed. Then the connection is dropped.
pub async fn close<S>(socket: Socket<S>, frame: CloseFrame, broken: bool)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    shake(socket, Some(frame), broken).await;
}

/// The same where our frame may be out already.
pub(super) async fn shake<S>(mut socket: Socket<S>, frame: Option<CloseFrame>, broken: bool)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let handshake = async {
        if let Some(CloseFrame { code, reason }) = frame {
            let frame = protocol::CloseFrame { code: code.into(), reason: reason.into() };
            // Fails when the peer closed first: then its echo waits in the buffer, and flush sends it.
            let _ = socket.send(Message::Close(Some(frame))).await;
            let _ = socket.flush().await;
        }
        if broken {
            socket.get_mut().read_to_close().await;
        } else {
            while let Some(Ok(_)) = socket.next().await {}
        }
    };
    if timeout(CLOSE_TIMEOUT, handshake).await.is_err() {
        tracing::debug!("the client did not finish the closing handshake in time");
    }
}
