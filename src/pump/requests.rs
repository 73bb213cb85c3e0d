//! From the client to the upstream.

use std::collections::VecDeque;
use std::pin::pin;

use futures_util::FutureExt;
use tokio::time::Interval;

use super::flow::{Flow, tick, upstream_lost};
use super::{Direction, Ended, Observer, PacketSink, Packets, Side, SourceEnd, Verdict, Violation};
use crate::sftp::{Packet, PacketType, RequestKind};

/// Bytes of requests that are read while the upstream does not take the one before them. A WebSocket's pings
/// come in line with its packets, and a client that hears nothing for some seconds may give up.
const AHEAD: usize = 512 * 1024;

/// What was read ahead, up to the client's end.
#[derive(Default)]
struct Ahead {
    queue: VecDeque<Result<Packet, SourceEnd>>,
    bytes: usize,
    ended: bool,
}

impl Ahead {
    fn has_room(&self) -> bool {
        self.bytes < AHEAD && !self.ended
    }

    fn push(&mut self, next: Result<Packet, SourceEnd>) {
        match &next {
            Ok(packet) => self.bytes += weight(packet),
            Err(_) => self.ended = true,
        }
        self.queue.push_back(next);
    }

    fn pop(&mut self) -> Option<Result<Packet, SourceEnd>> {
        let next = self.queue.pop_front()?;
        self.bytes -= next.as_ref().map_or(0, weight);
        Some(next)
    }
}

/// What a packet costs in the queue: its bytes and its place.
fn weight(packet: &Packet) -> usize {
    packet.len() + size_of::<Result<Packet, SourceEnd>>()
}

impl<O: Observer> Flow<'_, O> {
    /// Requests, one by one, until the client ends, the upstream takes no more, or `halt`.
    pub(super) async fn requests<P: Packets, S: PacketSink>(
        &self,
        client: &mut P,
        upstream: &mut S,
    ) -> Ended {
        let ended = self.forward_all(client, upstream).await;
        // What came together with the end may still be in the buffer. If it cannot be sent, `ended` is why.
        let _ = upstream.flush().await;
        ended
    }

    async fn forward_all<P: Packets, S: PacketSink>(&self, client: &mut P, upstream: &mut S) -> Ended {
        let mut ticks = self.ticks::<S>();
        let mut ahead = Ahead::default();
        let mut greeted = false;
        while !self.halt.is_cancelled() {
            let ready = ahead.pop().or_else(|| client.next().now_or_never());
            let next = match ready {
                Some(next) => Ok(next),
                None => self.rest(client, upstream, &mut ticks).await,
            };
            let packet = match next {
                Ok(Ok(packet)) => packet,
                Ok(Err(end)) => return Ended::from_source(Side::Client, end, 0),
                Err(ended) => return ended,
            };
            if let Err(violation) = admit(&packet, &mut greeted) {
                return Ended::Violation { side: Side::Client, violation };
            }
            if let Err(ended) = self.forward(packet, client, upstream, &mut ahead).await {
                return ended;
            }
        }
        Ended::Draining
    }

    /// Nothing is ready: what was fed is sent, and then we wait.
    async fn rest<P: Packets, S: PacketSink>(
        &self,
        client: &mut P,
        upstream: &mut S,
        ticks: &mut Option<Interval>,
    ) -> Result<Result<Packet, SourceEnd>, Ended> {
        self.progress.sending(Direction::Requests, true);
        upstream.flush().await.map_err(upstream_lost)?;
        self.progress.sending(Direction::Requests, false);
        loop {
            tokio::select! {
                next = client.next() => return Ok(next),
                _ = tick(ticks) => upstream.keepalive().await.map_err(upstream_lost)?,
                () = self.halt.cancelled() => return Err(Ended::Draining),
            }
        }
    }

    async fn forward<P: Packets, S: PacketSink>(
        &self,
        packet: Packet,
        client: &mut P,
        upstream: &mut S,
        ahead: &mut Ahead,
    ) -> Result<(), Ended> {
        let kind = RequestKind::of(&packet)
            .map_err(|malformed| Ended::Violation { side: Side::Client, violation: malformed.into() })?;
        self.progress.begins(Direction::Requests, packet.len());
        self.ready(&packet).await;
        match self.judge(&packet) {
            Verdict::Answer(answer) => {
                self.progress.taken();
                // The receiver lives as long as the responses do, and they outlive us.
                let _ = self.answers.send(answer).await;
            }
            Verdict::Forward => {
                match (kind, packet.id()) {
                    (Some(_), _) => self.progress.asked(),
                    (None, Some(id)) => self.note_unknown_request(id),
                    (None, None) => {}
                }
                let mut fed = pin!(upstream.feed(packet));
                loop {
                    tokio::select! {
                        biased;
                        fed = &mut fed => break fed.map_err(upstream_lost)?,
                        next = client.next(), if ahead.has_room() => ahead.push(next),
                    }
                }
            }
        }
        self.progress.sending(Direction::Requests, false);
        Ok(())
    }
}

fn admit(packet: &Packet, greeted: &mut bool) -> Result<(), Violation> {
    let is_init = packet.kind() == PacketType::INIT;
    match (is_init, std::mem::replace(greeted, true)) {
        (true, true) => Err(Violation::SecondInit),
        (false, false) => Err(Violation::NotInit),
        _ => Ok(()),
    }
}
