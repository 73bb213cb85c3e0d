//! Adapter: an SSH session channel as packets.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use russh::client::Msg;
use russh::{ChannelMsg, ChannelReadHalf, ChannelWriteHalf};
use tokio::time::{Instant, timeout, timeout_at};

use super::error::shown;
use super::notes::Notes;
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
    /// The server has closed the channel.
    closed: bool,
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
            closed: false,
            exit: Exit::Unknown,
            stderr: Vec::new(),
        }
    }

    /// What the server has written to its standard error so far, escaped, at most 512 bytes of it.
    pub fn stderr(&self) -> Option<String> {
        (!self.stderr.is_empty()).then(|| self.stderr.escape_ascii().to_string())
    }

    pub(super) fn exit(self) -> Exit {
        if !self.stderr.is_empty() {
            tracing::info!(stderr = %self.stderr.escape_ascii(), "the upstream wrote to its standard error");
        }
        self.exit
    }

    /// Whether the server ends the channel before it has sent anything, within `limit`.
    pub(super) async fn ends_within(&mut self, limit: Duration) -> bool {
        let first = timeout(limit, async {
            loop {
                match self.reader.wait().await {
                    Some(ChannelMsg::Data { data }) if !data.is_empty() => return Some(data),
                    Some(ChannelMsg::Eof) | None => return None,
                    Some(message) => self.keep(&message),
                }
                if self.closed {
                    return None;
                }
            }
        });
        match first.await {
            Ok(Some(data)) => {
                self.chunk = data;
                false
            }
            Ok(None) => true,
            Err(_) => false,
        }
    }

    /// Throws away what still comes. Whether the server closed the channel; `false` for a connection that died.
    pub(super) async fn drain(&mut self) -> bool {
        while !self.closed {
            match self.reader.wait().await {
                Some(message) => self.keep(&message),
                None => return false,
            }
        }
        true
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

    /// Remembers what the server says of the channel itself.
    fn keep(&mut self, message: &ChannelMsg) {
        match message {
            ChannelMsg::ExtendedData { data, .. } => self.keep_stderr(data),
            ChannelMsg::ExitStatus { exit_status } => self.exit = Exit::Status(*exit_status),
            ChannelMsg::ExitSignal { signal_name, .. } => {
                self.exit = Exit::Signal(shown(&format!("{signal_name:?}")));
            }
            ChannelMsg::Close => self.closed = true,
            _ => {}
        }
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
            let message = self.message().await;
            if let Some(message) = &message {
                self.keep(message);
            }
            match message {
                Some(ChannelMsg::Data { data }) => self.chunk = data,
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
    /// EOF was said; it is said once.
    finished: bool,
}

impl ChannelSink {
    pub(super) fn new(writer: ChannelWriteHalf<Msg>) -> Self {
        Self { writer, finished: false }
    }

    /// Says EOF, unless it was said. sftp-server ends on it, and sshd closes the channel.
    pub(super) async fn end(&mut self) {
        if !self.finished {
            let _ = self.finish().await;
        }
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
        self.finished = true;
        self.writer.eof().await.map_err(io::Error::other)
    }
}
