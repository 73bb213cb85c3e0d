//! One SFTP session on its SSH channel: three stages with bounded queues between them.
//!
//! They run at the same time because russh handles one message of a connection after the other. While
//! nobody takes a channel's data it handles nothing else, not even the window adjustment that a reply
//! waits for: a server that stops reading while it writes hangs as soon as a client asks for enough.
//!
//! russh-sftp's own loop is not used: it goes on after a packet over the limit, out of step with the
//! client, and cannot be waited for, while the channel must not close before the last reply.

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use russh::server::Msg;
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::MAX_PACKET;
use super::files::Files;
use super::queue::{self, Receiver, Sender};

/// Requests that may wait. More than the windows of usual clients; paramiko asks for a whole file at once.
const REQUEST_BYTES: u32 = 16 << 20;
/// Replies that may wait for the client's window.
const REPLY_BYTES: u32 = 4 << 20;
/// With both queues full, a client has this long to take a reply.
const STALL: Duration = Duration::from_secs(60);
/// OpenSSH's sftp-server exits with it when a client breaks the protocol.
const EXIT_PROTOCOL: u32 = 11;

/// Serves until the client sends EOF or closes, answers what came before, then ends the channel.
pub(super) async fn serve(channel: Channel<Msg>, files: Files) {
    let (mut reader, writer) = channel.split();
    let (requests, asked) = queue::bounded(REQUEST_BYTES);
    let (replies, outbox) = queue::bounded(REPLY_BYTES);
    let (gone, finished) = (CancellationToken::new(), CancellationToken::new());
    let reading = async {
        let end = tokio::select! {
            end = read(&mut reader, requests, &gone) => end,
            () = finished.cancelled() => End::Violation,
        };
        if matches!(end, End::Eof | End::Violation) {
            tokio::select! {
                () = hung_up(&mut reader) => gone.cancel(),
                () = finished.cancelled() => (),
            }
        }
        end
    };
    let working = async {
        tokio::join!(answer(files, asked, replies), write(&writer, outbox, &gone));
        finished.cancel();
    };
    let (end, ()) = tokio::join!(reading, working);
    drop(reader);
    finish(&writer, end).await;
}

/// Why no more requests are read.
#[derive(Debug, Clone, Copy)]
enum End {
    Eof,
    /// The channel was closed, the connection is gone or the client does not read.
    Gone,
    /// A packet's length is impossible, or the session did not start with INIT.
    Violation,
}

/// Data until EOF, cut into requests.
async fn read(reader: &mut ChannelReadHalf, requests: Sender, gone: &CancellationToken) -> End {
    let mut buffer = BytesMut::new();
    loop {
        match reader.wait().await {
            Some(ChannelMsg::Data { data }) => buffer.extend_from_slice(&data),
            Some(ChannelMsg::Eof) => return End::Eof,
            Some(ChannelMsg::Close) | None => break,
            Some(_) => continue,
        }
        loop {
            match cut(&mut buffer) {
                Ok(Some(request)) => match timeout(STALL, requests.send(request)).await {
                    Ok(Ok(())) => (),
                    Ok(Err(queue::Closed)) => return End::Violation,
                    Err(_) => {
                        gone.cancel();
                        return End::Gone;
                    }
                },
                Ok(None) => break,
                Err(Malformed) => return End::Violation,
            }
        }
    }
    gone.cancel();
    End::Gone
}

/// Waits until nobody is there to take a reply. Draining keeps the connection going.
async fn hung_up(reader: &mut ChannelReadHalf) {
    while !matches!(reader.wait().await, Some(ChannelMsg::Close) | None) {}
}

/// Every request is answered, also those of a client that has gone: it may have left after its writes.
async fn answer(mut files: Files, mut asked: Receiver, replies: Sender) {
    while let Some(request) = asked.recv().await {
        let answering = tokio::task::spawn_blocking(move || {
            let reply = files.answer(request);
            (files, reply)
        });
        let Ok((back, Some(reply))) = answering.await else {
            return;
        };
        files = back;
        // Refused when the client has gone.
        let _ = replies.send(reply).await;
    }
}

async fn write(writer: &ChannelWriteHalf<Msg>, mut outbox: Receiver, gone: &CancellationToken) {
    while let Some(reply) = outbox.recv().await {
        // A write waits for ever when the channel ends with a window of 0.
        let written = gone.run_until_cancelled(writer.data_bytes(reply)).await;
        if !matches!(written, Some(Ok(()))) {
            return;
        }
    }
}

/// RFC 4254 section 5.3 and 6.10: EOF, exit-status, close. Errors mean that nobody listens.
async fn finish(writer: &ChannelWriteHalf<Msg>, end: End) {
    let exit_status = match end {
        End::Eof => 0,
        End::Violation => EXIT_PROTOCOL,
        End::Gone => {
            let _ = writer.close().await;
            return;
        }
    };
    let _ = writer.eof().await;
    let _ = writer.exit_status(exit_status).await;
    let _ = writer.close().await;
}

struct Malformed;

/// Takes the first complete packet, without its length field, whose value is checked as soon as it is there.
fn cut(buffer: &mut BytesMut) -> Result<Option<Bytes>, Malformed> {
    let Some(length) = buffer.first_chunk().map(|field| u32::from_be_bytes(*field) as usize) else {
        return Ok(None);
    };
    if length == 0 || length > MAX_PACKET {
        return Err(Malformed);
    }
    if buffer.len() < 4 + length {
        return Ok(None);
    }
    buffer.advance(4);
    Ok(Some(buffer.split_to(length).freeze()))
}
