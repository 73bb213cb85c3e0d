//! Packets that wait between two tasks, bounded in bytes: a bound in packets would have to assume
//! the largest packet each time, or allow a gigabyte.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// Charged for each packet besides its bytes, so that many tiny packets are bounded too.
const OVERHEAD: usize = 64;

/// A queue in which packets of at most `limit` bytes in all may wait. A larger packet waits alone.
pub(super) fn bounded(limit: u32) -> (Sender, Receiver) {
    let room = Arc::new(Semaphore::new(limit as usize));
    let (items, queued) = mpsc::unbounded_channel();
    (Sender { items, room: room.clone(), limit }, Receiver { queued, room })
}

/// The end where packets go in.
pub(super) struct Sender {
    items: mpsc::UnboundedSender<Queued>,
    room: Arc<Semaphore>,
    limit: u32,
}

/// The end where packets come out, in order. Dropping it refuses every later packet.
pub(super) struct Receiver {
    queued: mpsc::UnboundedReceiver<Queued>,
    room: Arc<Semaphore>,
}

/// Nobody receives any more.
#[derive(Debug)]
pub(super) struct Closed;

struct Queued {
    packet: Bytes,
    _room: OwnedSemaphorePermit,
}

impl Sender {
    /// Waits for room, then queues the packet. Cancel-safe: cancelled, it has queued nothing.
    pub(super) async fn send(&self, packet: Bytes) -> Result<(), Closed> {
        let cost = u32::try_from(packet.len() + OVERHEAD).unwrap_or(u32::MAX).min(self.limit);
        let room = self.room.clone().acquire_many_owned(cost).await.map_err(|_| Closed)?;
        self.items.send(Queued { packet, _room: room }).map_err(|_| Closed)
    }
}

impl Receiver {
    /// The next packet; `None` once the sender is dropped and the queue is empty.
    pub(super) async fn recv(&mut self) -> Option<Bytes> {
        self.queued.recv().await.map(|queued| queued.packet)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.room.close();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_full_queue_waits_until_something_is_taken() {
        let (sender, mut receiver) = bounded(1000);
        sender.send(Bytes::from(vec![1; 800])).await.unwrap();
        assert!(sender.send(Bytes::from(vec![2; 800])).now_or_never().is_none());
        assert_eq!(receiver.recv().await.unwrap().len(), 800);
        sender.send(Bytes::from(vec![2; 800])).now_or_never().unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_packet_larger_than_the_limit_passes_alone() {
        let (sender, mut receiver) = bounded(100);
        sender.send(Bytes::from(vec![1; 5000])).await.unwrap();
        assert!(sender.send(Bytes::new()).now_or_never().is_none());
        assert_eq!(receiver.recv().await.unwrap().len(), 5000);
    }

    #[tokio::test]
    async fn a_waiting_sender_learns_that_the_receiver_is_gone() {
        let (sender, receiver) = bounded(100);
        sender.send(Bytes::from(vec![1; 100])).await.unwrap();
        let (sent, ()) = tokio::join!(sender.send(Bytes::new()), async { drop(receiver) });
        assert!(sent.is_err());
    }
}
