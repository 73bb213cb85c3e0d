//! Adapter: an SSH session channel as packets.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use russh::client::Msg;
use russh::{ChannelMsg, ChannelReadHalf, ChannelWriteHalf};
use tokio::time::{Instant, timeout_at};

use super::handler::Notes;
use crate::pump::{PacketSink, Packets, SourceEnd, Violation};
use crate::sftp::{Packet, PacketCodec};

/// How long the exit status is waited for after EOF.
const AFTER_EOF: Duration = Duration::from_secs(1);

/// Bytes kept of the server's standard error, for the log.
const STDERR_KEPT: usize = 512;

/// Packets out of an SSH channel.
#[derive(Debug)]
pub struct ChannelPackets {
    reader: ChannelReadHalf,
    codec: PacketCodec,
    chunk: Bytes,
    notes: Arc<Notes>,
    /// Set by EOF: until when the rest is waited for.
    eof: Option<Instant>,
    exit: Exit,
    stderr: Vec<u8>,
}

/// How the server's end of the channel went (RFC 4254, section 6.10).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Exit {
    /// It did not say.
    #[default]
    Unknown,
    /// With this status.
    Status(u32),
    /// By this signal.
    Signal(String),
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("-"),
            Self::Status(status) => write!(f, "{status}"),
            Self::Signal(name) => f.write_str(name),
        }
    }
}

impl ChannelPackets {
    pub(super) fn new(reader: ChannelReadHalf, limit: usize, notes: Arc<Notes>) -> Self {
        Self {
            reader,
            codec: PacketCodec::new(limit),
            chunk: Bytes::new(),
            notes,
            eof: None,
            exit: Exit::Unknown,
            stderr: Vec::new(),
        }
    }

    pub(super) fn exit(self) -> Exit {
        if !self.stderr.is_empty() {
            tracing::info!(stderr = %self.stderr.escape_ascii(), "the upstream wrote to its standard error");
        }
        self.exit
    }

    /// The next message, or `None` at the end. Cancel-safe.
    async fn message(&mut self) -> Option<ChannelMsg> {
        match self.eof {
            Some(deadline) => timeout_at(deadline, self.reader.wait()).await.ok().flatten(),
            None => self.reader.wait().await,
        }
    }

    fn ended(&self) -> SourceEnd {
        if self.codec.is_between_packets() {
            SourceEnd::Finished
        } else {
            SourceEnd::Violation(Violation::Truncated)
        }
    }

    fn lost(&self) -> SourceEnd {
        let reason = self.notes.reason().unwrap_or_else(|| "the SSH connection broke".to_owned());
        SourceEnd::Lost(reason.into())
    }

    fn keep_stderr(&mut self, data: &[u8]) {
        let room = STDERR_KEPT.saturating_sub(self.stderr.len()).min(data.len());
        self.stderr.extend_from_slice(data.get(..room).unwrap_or_default());
    }
}

impl Packets for ChannelPackets {
    async fn next(&mut self) -> Result<Packet, SourceEnd> {
        loop {
            if let Some(packet) = self.codec.decode(&mut self.chunk)? {
                return Ok(packet);
            }
            match self.message().await {
                Some(ChannelMsg::Data { data }) => self.chunk = data,
                Some(ChannelMsg::ExtendedData { data, .. }) => self.keep_stderr(&data),
                Some(ChannelMsg::ExitStatus { exit_status }) => self.exit = Exit::Status(exit_status),
                Some(ChannelMsg::ExitSignal { signal_name, .. }) => {
                    self.exit = Exit::Signal(format!("{signal_name:?}").escape_debug().to_string());
                }
                Some(ChannelMsg::Eof) => self.eof = Some(Instant::now() + AFTER_EOF),
                Some(ChannelMsg::Close) => return Err(self.ended()),
                Some(_) => {}
                None if self.eof.is_some() => return Err(self.ended()),
                // Without EOF or CLOSE before it, this is the death of the connection, not an end.
                None => return Err(self.lost()),
            }
        }
    }
}

/// Packets into an SSH channel.
#[derive(Debug)]
pub struct ChannelSink {
    writer: ChannelWriteHalf<Msg>,
}

impl ChannelSink {
    pub(super) fn new(writer: ChannelWriteHalf<Msg>) -> Self {
        Self { writer }
    }
}

impl PacketSink for ChannelSink {
    /// Waits while the window is closed, for ever if the connection dies meanwhile: the pump races it with
    /// the reader.
    async fn feed(&mut self, packet: Packet) -> io::Result<()> {
        self.writer.data_bytes(packet.into_bytes()).await.map_err(io::Error::other)
    }

    async fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    async fn finish(&mut self) -> io::Result<()> {
        self.writer.eof().await.map_err(io::Error::other)
    }
}
