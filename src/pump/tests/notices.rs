//! What the client is told before its time is over.

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, timeout};

use super::*;

/// A client that can be told something.
struct Told<S>(S, UnboundedSender<Notice>);

impl<S: PacketSink> PacketSink for Told<S> {
    async fn feed(&mut self, packet: Packet) -> io::Result<()> {
        self.0.feed(packet).await
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.0.flush().await
    }

    async fn notice(&mut self, notice: Notice) -> io::Result<()> {
        self.1.send(notice).map_err(io::Error::other)
    }

    async fn finish(&mut self) -> io::Result<()> {
        self.0.finish().await
    }
}

fn rig(clocks: Clocks) -> (Rig, UnboundedReceiver<Notice>) {
    let (client, our_client) = duplex(64);
    let (upstream, our_upstream) = duplex(64);
    let progress = Arc::new(Progress::default());
    let stop = CancellationToken::new();
    let (sender, notices) = unbounded_channel();
    let pump = tokio::spawn({
        let (progress, stop) = (Arc::clone(&progress), stop.clone());
        let (client, mut upstream) = (end(our_client), end(our_upstream));
        let mut client = End { packets: client.packets, sink: Told(client.sink, sender) };
        async move { pump(&mut client, &mut upstream, (), &clocks, &progress, &stop).await }
    });
    (Rig { client, upstream, progress, stop, pump }, notices)
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn the_end_of_the_idle_time_is_announced_once_for_each() {
    let notices = Notices { idle: Some(MINUTE), drain: None };
    let (mut rig, mut told) = rig(Clocks { idle: Some(15 * MINUTE), notices, ..clocks() });
    rig.greet().await;
    let begun = Instant::now();
    assert_eq!(told.recv().await, Some(Notice::Idle(MINUTE)));
    assert_eq!(begun.elapsed(), 14 * MINUTE);
    rig.ask(1).await;
    let moved = Instant::now();
    assert_eq!(told.recv().await, Some(Notice::Idle(MINUTE)));
    assert_eq!(moved.elapsed(), 14 * MINUTE);
    assert!(timeout(MINUTE / 2, told.recv()).await.is_err(), "once");
    drop(rig.upstream);
    assert!(told.recv().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn the_drain_is_announced_once_and_packets_flow_on() {
    let draining = CancellationToken::new();
    let notices = Notices { idle: None, drain: Some((draining.clone(), MINUTE / 2)) };
    let (mut rig, mut told) = rig(Clocks { notices, ..clocks() });
    rig.greet().await;
    assert!(timeout(MINUTE, told.recv()).await.is_err(), "nothing to tell yet");
    draining.cancel();
    assert_eq!(told.recv().await, Some(Notice::Drain(MINUTE / 2)));
    rig.ask(1).await;
    assert!(timeout(MINUTE, told.recv()).await.is_err(), "once");
}

#[tokio::test(start_paused = true)]
async fn a_notice_is_no_sign_of_life() {
    let notices = Notices { idle: Some(MINUTE), drain: None };
    let (mut rig, mut told) = rig(Clocks { idle: Some(2 * MINUTE), notices, ..clocks() });
    rig.greet().await;
    let begun = Instant::now();
    assert_eq!(told.recv().await, Some(Notice::Idle(MINUTE)));
    assert_eq!(rig.upstream.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(begun.elapsed(), 2 * MINUTE);
    drop(rig.upstream);
    assert!(matches!(rig.pump.await.unwrap(), Ended::Idle));
}
