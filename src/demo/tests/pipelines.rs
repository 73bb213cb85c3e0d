//! Many requests at once, ends behind them, and bytes that are no requests.

use std::fs;

use bytes::{Buf, Bytes, BytesMut};
use russh::client::Msg;
use russh::{Channel, ChannelMsg, ChannelReadHalf};
use russh_sftp::protocol::{
    Close, Data, FileAttributes, Init, Open, OpenFlags, Packet, Read, Status, StatusCode, Write,
};
use tokio::time::timeout;

use super::{Demo, PATIENCE};

const BLOCK: usize = 32 << 10;

fn open(id: u32, name: &str, pflags: OpenFlags) -> Packet {
    Open { id, filename: name.to_owned(), pflags, attrs: FileAttributes::empty() }.into()
}

fn wire(packets: impl IntoIterator<Item = Packet>) -> Bytes {
    let mut bytes = BytesMut::new();
    packets.into_iter().for_each(|packet| bytes.extend_from_slice(&Bytes::try_from(packet).unwrap()));
    bytes.freeze()
}

/// What came until the channel ended: replies and exit status.
async fn drain(channel: Channel<Msg>) -> (Vec<Packet>, Option<u32>) {
    drain_half(channel.split().0).await
}

async fn drain_half(mut channel: ChannelReadHalf) -> (Vec<Packet>, Option<u32>) {
    let (mut bytes, mut status) = (BytesMut::new(), None);
    while let Some(message) = timeout(PATIENCE, channel.wait()).await.expect("the channel hangs") {
        match message {
            ChannelMsg::Data { data } => bytes.extend_from_slice(&data),
            ChannelMsg::ExitStatus { exit_status } => status = Some(exit_status),
            _ => (),
        }
    }
    let mut bytes = bytes.freeze();
    let mut replies = Vec::new();
    while !bytes.is_empty() {
        let length = bytes.get_u32() as usize;
        replies.push(Packet::try_from(&mut bytes.split_to(length)).unwrap());
    }
    (replies, status)
}

fn upload(blocks: u32) -> (Vec<u8>, Bytes) {
    let content: Vec<u8> = (0..blocks as usize * BLOCK).map(|index| (index / 7) as u8).collect();
    let writes = content.chunks(BLOCK).zip(0..).map(|(data, index)| {
        let offset = u64::from(index) * BLOCK as u64;
        // The first handle of a session is "0", so that WRITE need not wait for OPEN.
        Packet::from(Write { id: 10 + index, handle: "0".into(), offset, data: data.to_vec() })
    });
    let start = [Init::new().into(), open(1, "file", OpenFlags::WRITE | OpenFlags::CREATE)];
    let end = [Packet::from(Close { id: 2, handle: "0".into() })];
    let bytes = wire(start.into_iter().chain(writes).chain(end));
    (content, bytes)
}

#[tokio::test]
async fn pipelined_writes_with_close_and_eof_behind_them_all_land_and_are_all_answered() {
    let demo = Demo::start().await;
    let (content, bytes) = upload(64);
    for _ in 0..20 {
        let (_connection, channel) = demo.channel().await;
        channel.data_bytes(bytes.clone()).await.unwrap();
        channel.eof().await.unwrap();
        let (replies, status) = drain(channel).await;
        assert_eq!(replies.len(), 1 + 1 + 64 + 1);
        assert_eq!(status, Some(0));
        let ok =
            |packet: &&Packet| matches!(packet, Packet::Status(Status { status_code: StatusCode::Ok, .. }));
        assert_eq!(replies.iter().filter(ok).count(), 65);
        assert!(fs::read(demo.root().join("file")).unwrap() == content);
        fs::remove_file(demo.root().join("file")).unwrap();
    }
}

#[tokio::test]
async fn pipelined_writes_land_even_if_the_channel_closes_behind_them() {
    let demo = Demo::start().await;
    let (content, bytes) = upload(64);
    for _ in 0..5 {
        let (connection, channel) = demo.channel().await;
        channel.data_bytes(bytes.clone()).await.unwrap();
        channel.close().await.unwrap();
        let landed = async {
            while fs::read(demo.root().join("file")).unwrap_or_default() != content {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, landed).await.expect("bytes are missing");
        fs::remove_file(demo.root().join("file")).unwrap();
        drop(connection);
    }
}

/// 3,000 READs of 32 KiB fill both windows and every queue many times over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_pipelined_reads_do_not_hang() {
    let demo = Demo::start().await;
    fs::write(demo.root().join("file"), vec![7; BLOCK]).unwrap();
    let (_connection, channel) = demo.channel().await;
    let (reader, writer) = channel.split();
    let asking = async {
        writer.data_bytes(wire([Init::new().into(), open(1, "file", OpenFlags::READ)])).await.unwrap();
        for id in 0..3000 {
            // One message each, as a client that writes every request by itself.
            let read = Read { id, handle: "0".into(), offset: 0, len: BLOCK as u32 };
            writer.data_bytes(wire([read.into()])).await.unwrap();
        }
        writer.eof().await.unwrap();
    };
    let ((), (replies, status)) = timeout(PATIENCE, async { tokio::join!(asking, drain_half(reader)) })
        .await
        .expect("the session hangs");
    let whole = |packet: &&Packet| matches!(packet, Packet::Data(Data { data, .. }) if data.len() == BLOCK);
    assert_eq!(replies.iter().filter(whole).count(), 3000);
    assert_eq!(status, Some(0));
}

#[tokio::test]
async fn a_read_is_capped_and_the_largest_write_fits() {
    let demo = Demo::start().await;
    let (_connection, channel) = demo.channel().await;
    let data = vec![3; 261_120];
    let requests = [
        Init::new().into(),
        open(1, "file", OpenFlags::READ | OpenFlags::WRITE | OpenFlags::CREATE),
        Write { id: 2, handle: "0".into(), offset: 0, data: data.clone() }.into(),
        Write { id: 3, handle: "0".into(), offset: 261_120, data }.into(),
        Read { id: 4, handle: "0".into(), offset: 0, len: u32::MAX }.into(),
    ];
    channel.data_bytes(wire(requests)).await.unwrap();
    channel.eof().await.unwrap();
    let (replies, _) = drain(channel).await;
    let Some(Packet::Data(data)) = replies.last() else { panic!("{replies:?}") };
    assert_eq!(data.data.len(), 261_120);
}

#[tokio::test]
async fn an_unknown_or_broken_request_is_answered_under_its_id() {
    let demo = Demo::start().await;
    let (_connection, channel) = demo.channel().await;
    let mut bytes = BytesMut::from(&*wire([Init::new().into()]));
    bytes.extend_from_slice(&[0, 0, 0, 5, 99, 0, 0, 1, 2]); // no such type
    bytes.extend_from_slice(&[0, 0, 0, 9, 17, 0, 0, 1, 3, 0, 0, 0, 9]); // STAT with a string that is cut off
    bytes.extend_from_slice(&[0, 0, 0, 5, 104, 0, 0, 1, 4]); // a reply
    channel.data_bytes(bytes.freeze()).await.unwrap();
    channel.eof().await.unwrap();
    let (replies, status) = drain(channel).await;
    let seen: Vec<_> = replies
        .iter()
        .filter_map(|reply| match reply {
            Packet::Status(status) => Some((status.id, status.status_code)),
            _ => None,
        })
        .collect();
    let expected =
        [(258, StatusCode::OpUnsupported), (259, StatusCode::BadMessage), (260, StatusCode::OpUnsupported)];
    assert_eq!(seen, expected);
    assert_eq!(status, Some(0));
}

#[tokio::test]
async fn a_client_that_breaks_the_framing_or_skips_init_is_let_go() {
    let demo = Demo::start().await;
    let too_long = 262_145_u32.to_be_bytes().to_vec();
    let no_init = wire([open(1, "x", OpenFlags::READ)]).to_vec();
    for bytes in [too_long, vec![0; 4], no_init] {
        let (_connection, channel) = demo.channel().await;
        channel.data_bytes(bytes).await.unwrap();
        let (replies, status) = drain(channel).await;
        assert!(replies.is_empty());
        assert_eq!(status, Some(11));
    }
}
