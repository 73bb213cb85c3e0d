//! Packets both ways between a client and an upstream, until an end.
//!
//! The pump knows neither WebSocket nor SSH: it is generic over [`Packets`] and [`PacketSink`], and runs the
//! same over a WebSocket, an SSH channel, stdio and a test's buffer of eight bytes. It holds one packet per
//! direction. While a side does not take a packet, the other side is not read: that is the backpressure.
//!
//! What it must get right is the ending. sftp-server drops the requests it has queued when it sees EOF, so
//! after the last request the pump waits for the answers that are owed, at most [`Clocks::linger`], and only
//! then says EOF.

mod clock;
mod ended;
mod flow;
mod notices;
mod observer;
mod progress;
mod requests;
mod responses;

use std::io;
use std::pin::{Pin, pin};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::FusedFuture;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::sftp::Packet;

pub use clock::{Clocks, MESSAGE_TIME, silence};
pub use ended::{CloseFrame, Ended, MOST_FRAMES, Side, SourceEnd, Violation};
pub use notices::{Notice, Notices};
pub use observer::{FirstRequest, Observer, Verdict};
pub use progress::{Direction, Progress, Totals};

use flow::{ANSWERS, Flow};
use notices::Herald;

/// Where packets come from.
pub trait Packets: Send {
    /// The next packet, or why there is none. Cancel-safe: a packet is never lost with a dropped future.
    fn next(&mut self) -> impl Future<Output = Result<Packet, SourceEnd>> + Send;
}

/// Where packets go.
pub trait PacketSink: Send {
    /// Whether [`PacketSink::keepalive`] does anything.
    const HAS_KEEPALIVE: bool = false;

    /// Takes a packet, waiting while the peer does not read; it may stay in a buffer until `flush`.
    /// Not cancel-safe: after a dropped future only `finish` may follow.
    fn feed(&mut self, packet: Packet) -> impl Future<Output = io::Result<()>> + Send;

    /// Sends what `feed` has buffered.
    fn flush(&mut self) -> impl Future<Output = io::Result<()>> + Send;

    /// Asks the peer for a sign of life.
    fn keepalive(&mut self) -> impl Future<Output = io::Result<()>> + Send {
        async { Ok(()) }
    }

    /// Tells the peer of something to come, where there is a way to.
    fn notice(&mut self, notice: Notice) -> impl Future<Output = io::Result<()>> + Send {
        let _ = notice;
        async { Ok(()) }
    }

    /// Says that no packet will follow.
    fn finish(&mut self) -> impl Future<Output = io::Result<()>> + Send;
}

/// One end of the pump.
#[derive(Debug)]
pub struct End<P, S> {
    /// What this side says.
    pub packets: P,
    /// What this side is told.
    pub sink: S,
}

/// How long the upstream's own end is waited for once there is nothing left to say to it.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Carries packets both ways until one side, a clock or `stop` ends it.
///
/// On return the upstream has been told the end, and everything that it owed was waited for. The client has
/// not been told: the caller owns the farewell. Dropping the future stops both directions at once.
pub async fn pump<CP, CS, UP, US, O>(
    client: &mut End<CP, CS>,
    upstream: &mut End<UP, US>,
    observer: O,
    clocks: &Clocks,
    progress: &Progress,
    stop: &CancellationToken,
) -> Ended
where
    CP: Packets,
    CS: PacketSink,
    UP: Packets,
    US: PacketSink,
    O: Observer,
{
    let (answers, answered) = mpsc::channel(ANSWERS);
    let flow = Flow::new(progress, observer, answers, clocks.keepalive);
    let (ended, deadline) = {
        let mut requests = pin!(flow.requests(&mut client.packets, &mut upstream.sink).fuse());
        let (ended, deadline) = {
            let herald = Herald::new(&clocks.notices, clocks.idle, progress);
            let responses = flow.responses(&mut upstream.packets, &mut client.sink, answered, herald);
            let mut responses = pin!(responses);
            let ended = tokio::select! {
                ended = &mut requests => ended,
                ended = &mut responses => ended,
                ended = clocks.watch(progress) => ended,
                () = stop.cancelled() => Ended::Draining,
            };
            let deadline = Instant::now() + clocks.linger;
            (settle(ended, requests.as_mut(), responses, &flow, deadline).await, deadline)
        };
        match ended {
            Ended::Lost { side: Side::Client, .. } if !requests.is_terminated() => {
                (hear_out(ended, requests, &flow, &mut upstream.packets, deadline).await, deadline)
            }
            _ => (ended, deadline),
        }
    };
    if !matches!(ended, Ended::Lost { side: Side::Upstream, .. }) {
        take_leave(&flow, upstream, deadline).await;
    }
    ended.with_unanswered(progress.unanswered())
}

/// The client still reads: the request in hand goes out whole, because half a one is never answered, and the
/// client gets what it is owed before the farewell.
async fn settle<O: Observer>(
    ended: Ended,
    mut requests: Pin<&mut impl FusedFuture<Output = Ended>>,
    mut responses: Pin<&mut impl Future<Output = Ended>>,
    flow: &Flow<'_, O>,
    deadline: Instant,
) -> Ended {
    let progress = flow.progress;
    if progress.is_upstream_over() {
        return ended;
    }
    if let Ended::Lost { side: Side::Upstream, .. } = ended {
        // The write failed first; the reader knows more, and may still hold answers.
        return timeout(LAST_WORDS, responses).await.unwrap_or(ended);
    }
    if !ended.client_still_reads() {
        return ended;
    }
    flow.halt.cancel();
    let delivered = async {
        if !requests.is_terminated() {
            let _ = timeout(LAST_WORDS, &mut requests).await;
        }
        progress.delivered().await;
    };
    tokio::select! {
        () = delivered => ended,
        over = &mut responses => ended.or_unanswered(over, progress.unanswered()),
        () = tokio::time::sleep_until(deadline) => ended,
    }
}

/// A write to the client failed. If it sent all it had and hung up, its last requests, and its close frame,
/// still wait to be read.
async fn hear_out<O: Observer, P: Packets>(
    ended: Ended,
    requests: Pin<&mut impl Future<Output = Ended>>,
    flow: &Flow<'_, O>,
    upstream: &mut P,
    deadline: Instant,
) -> Ended {
    tokio::select! {
        last = requests => ended.or_closed(last),
        () = flow.discard_all(upstream) => ended,
        () = flow.progress.no_request_for(LAST_WORDS) => ended,
        () = tokio::time::sleep_until(deadline) => ended,
    }
}

/// Waits for the answers that nobody will read any more, says EOF, and waits for the upstream's own end.
async fn take_leave<UP: Packets, US: PacketSink, O: Observer>(
    flow: &Flow<'_, O>,
    upstream: &mut End<UP, US>,
    deadline: Instant,
) {
    if flow.progress.is_upstream_over() {
        return;
    }
    let _ = timeout_at(deadline, flow.discard_owed(&mut upstream.packets)).await;
    let unanswered = flow.progress.unanswered();
    if unanswered > 0 {
        tracing::warn!(unanswered, "the upstream did not answer everything in time; the rest may be lost");
    }
    if flow.progress.is_upstream_over() {
        return;
    }
    let farewell = async {
        upstream.sink.finish().await?;
        while upstream.packets.next().await.is_ok() {}
        io::Result::Ok(())
    };
    match timeout_at(deadline.max(Instant::now() + LAST_WORDS), farewell).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "the upstream could not be told the end"),
        Err(_) => tracing::debug!("the upstream did not end in time"),
    }
}

#[cfg(test)]
mod tests;
