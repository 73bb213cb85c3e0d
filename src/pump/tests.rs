//! The pump over in-memory streams of a few bytes: backpressure at every step, time under control.

mod clocks;
mod endings;
mod notices;

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::sftp::{PacketType, StatusCode, status};
use crate::stdio::{StreamPackets, StreamSink};

type TestEnd = End<StreamPackets<ReadHalf<DuplexStream>>, StreamSink<WriteHalf<DuplexStream>>>;

const INIT: &[u8] = b"\0\0\0\x05\x01\0\0\0\x03";
const VERSION: &[u8] = b"\0\0\0\x05\x02\0\0\0\x03";

/// A pump between two duplex streams; the test plays client and upstream.
struct Rig {
    client: DuplexStream,
    upstream: DuplexStream,
    progress: Arc<Progress>,
    stop: CancellationToken,
    pump: JoinHandle<Ended>,
}

fn clocks() -> Clocks {
    Clocks {
        idle: None,
        lifetime: None,
        stall: None,
        keepalive: None,
        message: None,
        listens_to: Direction::Requests,
        linger: Duration::from_secs(5),
        notices: Notices::default(),
    }
}

fn end(stream: DuplexStream) -> TestEnd {
    let (reader, writer) = split(stream);
    End { packets: StreamPackets::new(reader, 1 << 20), sink: StreamSink::new(writer) }
}

fn rig_with(buffer: usize, clocks: Clocks, observer: impl Observer + 'static) -> Rig {
    let (client, our_client) = duplex(buffer);
    let (upstream, our_upstream) = duplex(buffer);
    let progress = Arc::new(Progress::default());
    let stop = CancellationToken::new();
    let pump = tokio::spawn({
        let (progress, stop) = (Arc::clone(&progress), stop.clone());
        let (mut client, mut upstream) = (end(our_client), end(our_upstream));
        async move { pump(&mut client, &mut upstream, observer, &clocks, &progress, &stop).await }
    });
    Rig { client, upstream, progress, stop, pump }
}

fn rig() -> Rig {
    rig_with(8, clocks(), ())
}

fn request(kind: PacketType, id: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(body.len() + 5).unwrap().to_be_bytes().to_vec();
    bytes.push(kind.0);
    bytes.extend_from_slice(&id.to_be_bytes());
    bytes.extend_from_slice(body);
    bytes
}

async fn read_packet(stream: &mut DuplexStream) -> Vec<u8> {
    let length = stream.read_u32().await.unwrap();
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.resize(4 + length as usize, 0);
    stream.read_exact(&mut bytes[4..]).await.unwrap();
    bytes
}

impl Rig {
    async fn greet(&mut self) {
        self.client.write_all(INIT).await.unwrap();
        assert_eq!(read_packet(&mut self.upstream).await, INIT);
        self.upstream.write_all(VERSION).await.unwrap();
        assert_eq!(read_packet(&mut self.client).await, VERSION);
    }

    async fn ask(&mut self, id: u32) {
        let stat = request(PacketType::STAT, id, b"\0\0\0\x01/");
        self.client.write_all(&stat).await.unwrap();
        assert_eq!(read_packet(&mut self.upstream).await, stat);
    }
}

#[tokio::test]
async fn packets_pass_verbatim_through_a_buffer_of_eight_bytes() {
    let mut rig = rig();
    rig.greet().await;
    for size in [0, 1, 7, 8, 9, 1000] {
        let write = request(PacketType::WRITE, 7, &vec![0xA5; size]);
        let (sent, received) = tokio::join!(rig.client.write_all(&write), read_packet(&mut rig.upstream));
        sent.unwrap();
        assert_eq!(received, write);
        let answer = status(7, StatusCode::OK, "");
        let (sent, received) =
            tokio::join!(rig.upstream.write_all(answer.as_bytes()), read_packet(&mut rig.client));
        sent.unwrap();
        assert_eq!(received, answer.as_bytes());
    }
    assert_eq!(rig.progress.totals(Direction::Requests).packets, 7);
    assert_eq!(rig.progress.unanswered(), 0);
}

#[tokio::test]
async fn an_unknown_request_type_passes_and_is_not_waited_for() {
    let mut rig = rig();
    rig.greet().await;
    let unknown = request(PacketType(99), 5, b"");
    rig.client.write_all(&unknown).await.unwrap();
    assert_eq!(read_packet(&mut rig.upstream).await, unknown);
    assert_eq!(rig.progress.unanswered(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_first_packet_must_be_init_and_only_the_first() {
    let mut rig = rig();
    rig.client.write_all(&request(PacketType::STAT, 1, b"\0\0\0\0")).await.unwrap();
    let ended = rig.pump.await.unwrap();
    assert!(matches!(ended, Ended::Violation { side: Side::Client, violation: Violation::NotInit }));

    let mut rig = self::rig();
    rig.greet().await;
    rig.client.write_all(INIT).await.unwrap();
    assert_eq!(rig.upstream.read(&mut [0]).await.unwrap(), 0);
    drop(rig.upstream);
    let ended = rig.pump.await.unwrap();
    assert!(matches!(ended, Ended::Violation { side: Side::Client, violation: Violation::SecondInit }));
}

#[tokio::test]
async fn a_greeting_of_a_login_shell_is_told_from_sftp() {
    let mut rig = rig_with(64, clocks(), ());
    rig.client.write_all(INIT).await.unwrap();
    rig.upstream.write_all(b"Welcome!\x1b[0m\n").await.unwrap();
    let Ended::Violation { side: Side::Upstream, violation: Violation::NotSftp { text } } =
        rig.pump.await.unwrap()
    else {
        panic!("text is not SFTP");
    };
    assert!(text.starts_with("Welcome!"), "{text}");
    assert!(!text.contains('\x1b'));
}

struct Deny(PacketType);

impl Observer for Deny {
    fn request(&mut self, packet: &Packet) -> Verdict {
        match packet.id() {
            Some(id) if packet.kind() == self.0 => {
                Verdict::Answer(status(id, StatusCode::PERMISSION_DENIED, "no"))
            }
            _ => Verdict::Forward,
        }
    }
}

#[tokio::test]
async fn a_denied_request_is_answered_and_never_forwarded() {
    let mut rig = rig_with(8, clocks(), Deny(PacketType::REMOVE));
    rig.greet().await;
    rig.client.write_all(&request(PacketType::REMOVE, 3, b"\0\0\0\x01a")).await.unwrap();
    let answer = read_packet(&mut rig.client).await;
    assert_eq!(answer, status(3, StatusCode::PERMISSION_DENIED, "no").as_bytes());
    rig.ask(4).await;
    assert_eq!(rig.progress.unanswered(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_denied_request_is_answered_even_if_it_was_the_last() {
    let mut rig = rig_with(4096, clocks(), Deny(PacketType::REMOVE));
    rig.greet().await;
    for id in 0..4 {
        rig.client.write_all(&request(PacketType::REMOVE, id, b"\0\0\0\x01a")).await.unwrap();
    }
    rig.client.shutdown().await.unwrap();
    for id in 0..4 {
        let answer = read_packet(&mut rig.client).await;
        assert_eq!(answer, status(id, StatusCode::PERMISSION_DENIED, "no").as_bytes());
    }
}

#[tokio::test(start_paused = true)]
async fn denied_requests_are_bounded_when_the_client_does_not_read() {
    let mut rig = rig_with(64, clocks(), Deny(PacketType::REMOVE));
    rig.greet().await;
    let flood = async {
        for id in 0.. {
            rig.client.write_all(&request(PacketType::REMOVE, id, b"\0\0\0\x01a")).await.unwrap();
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(10), flood).await;
    assert!(rig.progress.totals(Direction::Requests).packets < 40);
}
