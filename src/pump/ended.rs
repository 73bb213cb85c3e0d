//! Why a session ended, as a value. `close.rs` turns it into a close code, the log into a line.

use std::error::Error;
use std::fmt;

use crate::sftp::{CodecError, Malformed};

/// One of the two peers of a pump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The one that sends requests.
    Client,
    /// The one that sends responses.
    Upstream,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "client",
            Self::Upstream => "upstream",
        })
    }
}

/// Why a source has no more packets.
#[derive(Debug)]
pub enum SourceEnd {
    /// It says no more, and may still read: EOF on stdin or on an SSH channel.
    Finished,
    /// It closed both directions in order; on a WebSocket with this frame.
    Closed(Option<CloseFrame>),
    /// The connection is gone.
    Lost(Box<dyn Error + Send + Sync>),
    /// It broke the rules.
    Violation(Violation),
}

/// What a WebSocket peer gave as the reason for its close (RFC 6455, section 5.5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseFrame {
    /// The close code.
    pub code: u16,
    /// The reason, at most 123 bytes. Text of the peer: escape it before it reaches a log or a terminal.
    pub reason: String,
}

/// Frames in one message. An honest client sends one; a browser splits a large message into a few.
pub const MOST_FRAMES: u32 = 1024;

/// A rule that a peer broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A text message where only binary ones are spoken.
    #[error("a text message; SFTP packets are binary messages")]
    Text,
    /// A message, or a piece of a stream, that is not one packet.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// A message over the hard limit.
    #[error("a message of {size} bytes is over the limit of {limit}")]
    TooLarge {
        /// Bytes it has, or says it has.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// A message in more pieces than anybody needs.
    #[error("a message in more than {MOST_FRAMES} frames")]
    TooManyFrames,
    /// A message that took too long to arrive.
    #[error("a message that did not end in time")]
    OpenTooLong,
    /// The first packet was not SSH_FXP_INIT.
    #[error("the first packet must be INIT")]
    NotInit,
    /// SSH_FXP_INIT came twice.
    #[error("INIT may be sent once only")]
    SecondInit,
    /// A breach of RFC 6455 itself.
    #[error("a breach of the WebSocket protocol: {0}")]
    WebSocket(String),
    /// Something that is not SFTP, mostly text of a login shell.
    #[error("not SFTP: {text:?}")]
    NotSftp {
        /// The first bytes that came, escaped, at most 512.
        text: String,
    },
    /// The stream ended inside a packet.
    #[error("the stream ended inside a packet")]
    Truncated,
}

/// A stream that cannot be cut into packets has ended.
impl From<CodecError> for SourceEnd {
    fn from(error: CodecError) -> Self {
        Self::Violation(match error {
            CodecError::Malformed(malformed) => malformed.into(),
            CodecError::TooLong { start, .. } if looks_like_text(&start) => {
                Violation::NotSftp { text: start.escape_ascii().to_string() }
            }
            CodecError::TooLong { declared, limit, .. } => {
                Violation::TooLarge { size: (declared as usize).saturating_add(4), limit }
            }
        })
    }
}

/// Whether the first bytes are rather a greeting than a length: four printable characters make a length of
/// at least half a gigabyte, which no SFTP peer sends.
fn looks_like_text(start: &[u8]) -> bool {
    start.iter().take(4).all(|byte| matches!(byte, b'\t' | b'\r' | b'\n' | 0x1B | b' '..=b'~' | 0x80..))
}

/// Why a session ended.
#[derive(Debug)]
pub enum Ended {
    /// A side said that it will say no more, in order. It may still read.
    Finished(Side),
    /// A side closed both directions in order.
    Closed {
        /// Which one.
        side: Side,
        /// The close frame, where that side is a WebSocket and sent one.
        frame: Option<CloseFrame>,
    },
    /// A side's connection broke.
    Lost {
        /// Which one.
        side: Side,
        /// The cause, for the log.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The session ended with requests unanswered: the upstream ended, or the client did and the upstream then
    /// took longer than `linger`. What they asked for may be lost.
    Unanswered {
        /// How many.
        requests: u64,
    },
    /// A side broke a rule.
    Violation {
        /// Which one.
        side: Side,
        /// The rule.
        violation: Violation,
    },
    /// A side did not take its packets for the stall time.
    Stalled(Side),
    /// A side gave no sign of life to the keepalives.
    Silent(Side),
    /// No packet either way for the idle time.
    Idle,
    /// The session reached the longest time allowed.
    Lifetime,
    /// The bridge is going away.
    Draining,
    /// The client goes on with this session on another socket.
    Replaced,
    /// A defect of the bridge itself.
    Internal,
}

impl Ended {
    pub(super) fn from_source(side: Side, end: SourceEnd, unanswered: u64) -> Self {
        match (side, end) {
            (
                Side::Upstream,
                SourceEnd::Finished | SourceEnd::Closed(None | Some(CloseFrame { code: 1000, .. })),
            ) if unanswered > 0 => Self::Unanswered { requests: unanswered },
            (side, SourceEnd::Finished) => Self::Finished(side),
            (side, SourceEnd::Closed(frame)) => Self::Closed { side, frame },
            (side, SourceEnd::Lost(source)) => Self::Lost { side, source },
            (side, SourceEnd::Violation(violation)) => Self::Violation { side, violation },
        }
    }

    /// Whether the client was lost, or left without saying that it is done, and may be back: 1000 is said by
    /// those that are done, 1001 by a page that is reloaded (RFC 6455, section 7.4.1).
    pub fn may_be_back(&self) -> bool {
        match self {
            Self::Lost { side, .. } | Self::Stalled(side) | Self::Silent(side) => *side == Side::Client,
            Self::Closed { side: Side::Client, frame } => {
                frame.as_ref().is_none_or(|frame| frame.code != 1000)
            }
            Self::Replaced => true,
            Self::Closed { side: Side::Upstream, .. }
            | Self::Finished(_)
            | Self::Unanswered { .. }
            | Self::Violation { .. }
            | Self::Idle
            | Self::Lifetime
            | Self::Draining
            | Self::Internal => false,
        }
    }

    /// Whether the client can still be told something.
    pub(super) fn client_still_reads(&self) -> bool {
        match self {
            Self::Closed { side, .. }
            | Self::Lost { side, .. }
            | Self::Stalled(side)
            | Self::Silent(side) => *side == Side::Upstream,
            Self::Finished(_)
            | Self::Unanswered { .. }
            | Self::Violation { .. }
            | Self::Idle
            | Self::Lifetime
            | Self::Draining
            | Self::Replaced
            | Self::Internal => true,
        }
    }

    /// An end in order is none when something was left unanswered.
    pub(super) fn with_unanswered(self, requests: u64) -> Self {
        match self {
            Self::Finished(_) | Self::Closed { .. } if requests > 0 => Self::Unanswered { requests },
            _ => self,
        }
    }

    /// A connection that broke after its close frame was closed.
    pub(super) fn or_closed(self, later: Self) -> Self {
        match later {
            Self::Closed { .. } => later,
            _ => self,
        }
    }

    /// The first end counts, unless the upstream then failed to answer what it owed.
    pub(super) fn or_unanswered(self, later: Self, unanswered: u64) -> Self {
        if unanswered > 0 { later } else { self }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finished(side) | Self::Closed { side, frame: None } => write!(f, "the {side} closed"),
            Self::Closed { side, frame: Some(CloseFrame { code, reason }) } if reason.is_empty() => {
                write!(f, "the {side} closed with {code}")
            }
            Self::Closed { side, frame: Some(CloseFrame { code, reason }) } => {
                write!(f, "the {side} closed with {code}: {}", reason.escape_debug())
            }
            Self::Lost { side, source } => {
                write!(f, "the {side} was lost: {source}")?;
                let mut cause = source.source();
                while let Some(next) = cause {
                    write!(f, ": {next}")?;
                    cause = next.source();
                }
                Ok(())
            }
            Self::Unanswered { requests } => {
                write!(f, "the upstream left {requests} requests unanswered")
            }
            Self::Violation { side, violation } => write!(f, "the {side} sent {violation}"),
            Self::Stalled(side) => write!(f, "the {side} stalled"),
            Self::Silent(side) => write!(f, "the {side} fell silent"),
            Self::Idle => f.write_str("idle for too long"),
            Self::Lifetime => f.write_str("the session's lifetime is over"),
            Self::Draining => f.write_str("the bridge is going away"),
            Self::Replaced => f.write_str("the client goes on elsewhere"),
            Self::Internal => f.write_str("internal error"),
        }
    }
}
