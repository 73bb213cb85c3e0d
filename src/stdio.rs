//! Adapter: a byte stream, such as stdin and stdout, as packets.

mod descriptor;

use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::pump::{PacketSink, Packets, SourceEnd, Violation};
use crate::sftp::{Packet, PacketCodec};

pub use descriptor::{Mode, stdin, stdout};

/// Bytes asked of the stream at a time.
const READ_SIZE: usize = 64 * 1024;

/// Bytes that are collected before they are written without waiting for a flush.
const WRITE_SIZE: usize = 128 * 1024;

/// Packets out of a byte stream.
#[derive(Debug)]
pub struct StreamPackets<R> {
    reader: R,
    codec: PacketCodec,
    chunk: Bytes,
    buffer: BytesMut,
}

impl<R> StreamPackets<R> {
    /// Packets of at most `limit` bytes, prefix included.
    pub fn new(reader: R, limit: usize) -> Self {
        Self { reader, codec: PacketCodec::new(limit), chunk: Bytes::new(), buffer: BytesMut::new() }
    }
}

impl<R: AsyncRead + Unpin + Send> Packets for StreamPackets<R> {
    async fn next(&mut self) -> Result<Packet, SourceEnd> {
        loop {
            if let Some(packet) = self.codec.decode(&mut self.chunk)? {
                return Ok(packet);
            }
            self.buffer.reserve(READ_SIZE);
            let read = self.reader.read_buf(&mut self.buffer).await;
            match read.map_err(|error| SourceEnd::Lost(error.into()))? {
                0 if self.codec.is_between_packets() => return Err(SourceEnd::Finished),
                0 => return Err(SourceEnd::Violation(Violation::Truncated)),
                _ => self.chunk = self.buffer.split().freeze(),
            }
        }
    }
}

/// Packets into a byte stream.
#[derive(Debug)]
pub struct StreamSink<W> {
    writer: W,
    buffer: BytesMut,
}

impl<W> StreamSink<W> {
    /// A sink that writes to `writer`.
    pub fn new(writer: W) -> Self {
        Self { writer, buffer: BytesMut::new() }
    }
}

impl<W: AsyncWrite + Unpin + Send> PacketSink for StreamSink<W> {
    async fn feed(&mut self, packet: Packet) -> io::Result<()> {
        if self.buffer.len() + packet.len() > WRITE_SIZE {
            self.writer.write_all_buf(&mut self.buffer).await?;
        }
        if packet.len() > WRITE_SIZE / 4 && self.buffer.is_empty() {
            return self.writer.write_all_buf(&mut packet.into_bytes()).await;
        }
        self.buffer.extend_from_slice(packet.as_bytes());
        Ok(())
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.writer.write_all_buf(&mut self.buffer).await?;
        self.writer.flush().await
    }

    async fn finish(&mut self) -> io::Result<()> {
        self.flush().await?;
        self.writer.shutdown().await
    }
}
