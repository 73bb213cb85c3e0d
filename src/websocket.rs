//! Adapter: a WebSocket as packets, one binary message each (RFC 6455), at either end.

mod frames;
mod talk;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use http::header::SEC_WEBSOCKET_PROTOCOL;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::{self, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::pump::{CloseFrame, End, Notice, PacketSink, Packets, Progress, SourceEnd, Violation};
use crate::sftp::Packet;

pub use frames::Watched;
use frames::{TooLarge, TooManyFrames};
pub use talk::{Said, close, hear, limit_messages, say};

/// A WebSocket over `S`, made by [`accept`] or [`connect`].
pub type Socket<S> = WebSocketStream<Watched<S>>;

/// How long the other side's part of the closing handshake is waited for.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Read buffer in bytes. It is there for as long as the socket is; 16 KiB against 4 KiB buys a twentieth of
/// the CPU time of a transfer for 12 KiB of an idle session.
const READ_BUFFER: usize = 16 * 1024;

/// Bytes that are collected before they are written without waiting for a flush.
const WRITE_BUFFER: usize = 128 * 1024;

/// What a client may send beyond the packet limit and still be answered instead of thrown out:
/// `websocket-sftp` asks for up to 1 MiB at a time, whatever the server takes.
const OVERSIZE: usize = 1024 * 1024 + 64 * 1024;

/// The server's end of a connection that was answered with 101, and of which `early` was read already.
pub async fn accept<S>(stream: S, early: Vec<u8>, packet_limit: usize) -> Socket<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let watched = Watched::new(stream, &early);
    WebSocketStream::from_partially_read(watched, early, Role::Server, Some(limits(packet_limit))).await
}

/// The client's end: sends the opening handshake `request` and reads the answer. Gives the subprotocol that was
/// chosen too.
///
/// # Errors
/// As [`client_async_with_config`]; an answer other than 101 is [`Error::Http`].
pub async fn connect<S>(
    request: impl IntoClientRequest + Unpin,
    stream: S,
    packet_limit: usize,
) -> Result<(Socket<S>, Option<String>), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let stream = Watched::unwatched(stream);
    let settings = Some(limits(packet_limit));
    let (socket, response) = client_async_with_config(request, stream, settings).await?;
    let chosen = response.headers().get(SEC_WEBSOCKET_PROTOCOL).and_then(|name| name.to_str().ok());
    Ok((socket, chosen.map(str::to_owned)))
}

/// The limits of a socket that carries packets of up to `packet_limit` bytes.
fn limits(packet_limit: usize) -> WebSocketConfig {
    let hard_limit = hard_limit(packet_limit);
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(WRITE_BUFFER + hard_limit + 1024)
        .max_message_size(Some(hard_limit))
        .max_frame_size(Some(hard_limit))
}

/// The largest message in bytes that does not end the session.
fn hard_limit(packet_limit: usize) -> usize {
    packet_limit.max(OVERSIZE - 64 * 1024) + 64 * 1024
}

/// Splits a socket into the two halves of a pump's end. What is heard on it is noted in `progress`.
pub fn packets<S>(
    mut socket: Socket<S>,
    progress: Arc<Progress>,
) -> End<WebSocketPackets<S>, WebSocketSink<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    socket.get_mut().report_to(progress);
    let (sink, stream) = socket.split();
    End {
        packets: WebSocketPackets { stream, texts: None, broken: false },
        sink: WebSocketSink { sink, notices: None, finished: false },
    }
}

/// Who hears the text messages of a peer that may send some.
pub type Texts = Box<dyn FnMut(&str) + Send>;

/// Packets out of a WebSocket.
pub struct WebSocketPackets<S> {
    stream: SplitStream<Socket<S>>,
    texts: Option<Texts>,
    /// Set once the frames can no longer be followed.
    broken: bool,
}

impl<S> WebSocketPackets<S> {
    /// From now on text messages are given to `texts`. Without this they are a violation.
    pub fn hear_texts(&mut self, texts: Texts) {
        self.texts = Some(texts);
    }

    /// Whoever read from it broke off, nobody knows where: nothing is left to do but to find the peer's close frame.
    pub fn give_up(&mut self) {
        self.broken = true;
    }
}

impl<S> fmt::Debug for WebSocketPackets<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketPackets").field("broken", &self.broken).finish_non_exhaustive()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Packets for WebSocketPackets<S> {
    async fn next(&mut self) -> Result<Packet, SourceEnd> {
        loop {
            let message = match self.stream.next().await {
                Some(Ok(message)) => message,
                Some(Err(error)) => {
                    self.broken = true;
                    return Err(error_ends(error));
                }
                None => return Err(SourceEnd::Closed(None)),
            };
            match message {
                Message::Binary(bytes) => {
                    return Packet::parse(bytes).map_err(|error| SourceEnd::Violation(error.into()));
                }
                Message::Text(text) => {
                    let Some(hear) = &mut self.texts else {
                        return Err(SourceEnd::Violation(Violation::Text));
                    };
                    hear(text.as_str());
                    tokio::task::coop::consume_budget().await;
                }
                Message::Close(frame) => return Err(SourceEnd::Closed(frame.map(close_frame))),
                // tungstenite answers pings itself. It never hands out a bare frame.
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {
                    // Thousands fit in one read, and other sessions run on this thread.
                    tokio::task::coop::consume_budget().await;
                }
            }
        }
    }
}

fn close_frame(frame: protocol::CloseFrame) -> CloseFrame {
    CloseFrame { code: frame.code.into(), reason: frame.reason.to_string() }
}

fn error_ends(error: Error) -> SourceEnd {
    match error {
        Error::ConnectionClosed | Error::AlreadyClosed => SourceEnd::Closed(None),
        Error::Capacity(CapacityError::MessageTooLong { size, max_size }) => {
            SourceEnd::Violation(Violation::TooLarge { size, limit: max_size })
        }
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
            SourceEnd::Lost("the connection was closed without a close frame".into())
        }
        Error::Protocol(error) => SourceEnd::Violation(Violation::WebSocket(error.to_string())),
        Error::Io(error) => io_ends(error),
        // Only text messages and close reasons are checked for UTF-8.
        Error::Utf8(_) => SourceEnd::Violation(Violation::Text),
        other => SourceEnd::Lost(other.into()),
    }
}

fn io_ends(error: io::Error) -> SourceEnd {
    let inner = error.get_ref();
    if inner.is_some_and(|inner| inner.is::<TooManyFrames>()) {
        return SourceEnd::Violation(Violation::TooManyFrames);
    }
    match inner.and_then(|inner| inner.downcast_ref()) {
        Some(TooLarge { size, limit }) => {
            let bytes = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
            SourceEnd::Violation(Violation::TooLarge { size: bytes(*size), limit: bytes(*limit) })
        }
        None => SourceEnd::Lost(error.into()),
    }
}

/// Packets into a WebSocket.
#[derive(Debug)]
pub struct WebSocketSink<S> {
    sink: SplitSink<Socket<S>, Message>,
    notices: Option<fn(Notice) -> String>,
    finished: bool,
}

impl<S> WebSocketSink<S> {
    /// From now on notices are sent as text messages, in these words. Without this the peer gets none.
    pub fn say_notices(&mut self, words: fn(Notice) -> String) {
        self.notices = Some(words);
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> PacketSink for WebSocketSink<S> {
    const HAS_KEEPALIVE: bool = true;

    async fn feed(&mut self, packet: Packet) -> io::Result<()> {
        self.sink.feed(Message::Binary(packet.into_bytes())).await.map_err(io_error)
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.sink.flush().await.map_err(io_error)
    }

    async fn keepalive(&mut self) -> io::Result<()> {
        self.sink.send(Message::Ping(Bytes::new())).await.map_err(io_error)
    }

    async fn notice(&mut self, notice: Notice) -> io::Result<()> {
        let Some(words) = self.notices else {
            return Ok(());
        };
        self.sink.send(Message::text(words(notice))).await.map_err(io_error)
    }

    async fn finish(&mut self) -> io::Result<()> {
        self.finished = true;
        let frame = protocol::CloseFrame { code: 1000.into(), reason: "".into() };
        self.sink.send(Message::Close(Some(frame))).await.map_err(io_error)
    }
}

fn io_error(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        other => io::Error::other(other),
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> End<WebSocketPackets<S>, WebSocketSink<S>> {
    /// The closing handshake (RFC 6455, section 7.1.2), from whichever side it began: our close frame, unless
    /// it is out already, then the peer's, or 5 s. What arrives meanwhile is thrown away. Then the connection
    /// is dropped.
    pub async fn close(self, frame: CloseFrame) {
        let broken = self.packets.broken;
        let finished = self.sink.finished;
        if let Ok(socket) = self.sink.sink.reunite(self.packets.stream) {
            talk::shake(socket, (!finished).then_some(frame), broken).await;
        }
    }
}
