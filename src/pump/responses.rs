//! From the upstream to the client.

use futures_util::FutureExt;
use tokio::sync::mpsc::Receiver;

use super::flow::{Flow, client_lost, tick};
use super::notices::Herald;
use super::{Direction, Ended, Observer, PacketSink, Packets, Side, SourceEnd};
use crate::sftp::Packet;

impl<O: Observer> Flow<'_, O> {
    /// Responses, one by one, until the upstream ends or the client takes no more.
    pub(super) async fn responses<P: Packets, S: PacketSink>(
        &self,
        upstream: &mut P,
        client: &mut S,
        mut answers: Receiver<Packet>,
        mut herald: Herald<'_>,
    ) -> Ended {
        let mut ticks = self.ticks::<S>();
        loop {
            let step = tokio::select! {
                next = upstream.next() => self.deliver(next, upstream, client).await,
                Some(answer) = answers.recv() => self.hand_over(answer, client).await,
                _ = tick(&mut ticks) => client.keepalive().await.map_err(client_lost),
                notice = herald.next() => client.notice(notice).await.map_err(client_lost),
            };
            if let Err(ended) = step {
                return ended;
            }
        }
    }

    /// For a client that is gone: takes the answers that are owed, and tells nobody.
    pub(super) async fn discard_owed<P: Packets>(&self, upstream: &mut P) {
        while self.progress.unanswered() > 0 {
            match upstream.next().await {
                Ok(packet) => self.note_response(&packet),
                Err(_) => return self.progress.upstream_is_over(),
            }
        }
    }

    /// For a client that takes nothing more, but may still ask: takes all answers until the upstream ends.
    pub(super) async fn discard_all<P: Packets>(&self, upstream: &mut P) {
        while let Ok(packet) = upstream.next().await {
            self.note_response(&packet);
        }
        self.progress.upstream_is_over();
    }

    /// Everything that is ready goes into the client's buffer, then it is flushed once.
    async fn deliver<P: Packets, S: PacketSink>(
        &self,
        mut next: Result<Packet, SourceEnd>,
        upstream: &mut P,
        client: &mut S,
    ) -> Result<(), Ended> {
        let mut fed = 0;
        loop {
            match next {
                Ok(packet) => {
                    self.note_response(&packet);
                    self.progress.taken();
                    self.progress.begins(Direction::Responses, packet.len());
                    client.feed(packet).await.map_err(client_lost)?;
                    fed += 1;
                }
                Err(end) => {
                    self.progress.upstream_is_over();
                    // A client that cannot be told will not hear the farewell either.
                    let _ = client.flush().await;
                    return Err(Ended::from_source(Side::Upstream, end, self.progress.unanswered()));
                }
            }
            match upstream.next().now_or_never() {
                Some(ready) => next = ready,
                None => return self.flush(client, fed).await,
            }
        }
    }

    async fn hand_over<S: PacketSink>(&self, answer: Packet, client: &mut S) -> Result<(), Ended> {
        self.progress.begins(Direction::Responses, answer.len());
        client.feed(answer).await.map_err(client_lost)?;
        self.flush(client, 1).await
    }

    async fn flush<S: PacketSink>(&self, client: &mut S, packets: u64) -> Result<(), Ended> {
        client.flush().await.map_err(client_lost)?;
        self.progress.sending(Direction::Responses, false);
        self.progress.flushed(packets);
        Ok(())
    }
}
