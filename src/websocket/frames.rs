//! Watches the frames of a peer go by (RFC 6455, section 5.2), below the library that reads them.
//!
//! tungstenite assembles messages inside one call: a flood of empty continuation frames never comes back
//! from it, and after an over-long frame it can no longer follow the stream up to the peer's close frame.
//! This sees the headers only, changes nothing and holds no payload.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

use crate::pump::{MOST_FRAMES, Progress};

const FIN: u8 = 0x80;
const CONTROL: u8 = 0x08;
const CLOSE: u8 = 0x08;
const MASKED: u8 = 0x80;

/// More than 1,024 frames in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {MOST_FRAMES} frames in one message")]
pub(super) struct TooManyFrames;

/// A message over the limit of the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message of {size} bytes, and at most {limit} are taken now")]
pub(super) struct TooLarge {
    pub(super) size: u64,
    pub(super) limit: u64,
}

/// What ends a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Offence {
    #[error(transparent)]
    TooManyFrames(#[from] TooManyFrames),
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

impl From<Offence> for io::Error {
    fn from(offence: Offence) -> Self {
        match offence {
            Offence::TooManyFrames(flood) => Self::other(flood),
            Offence::TooLarge(large) => Self::other(large),
        }
    }
}

/// Follows frame headers through a stream of bytes.
#[derive(Debug, Default)]
struct Watch {
    /// The header that is being read.
    header: [u8; 14],
    have: usize,
    /// Bytes of payload to pass over.
    payload: u64,
    /// Frames of the message that is being sent.
    frames: u32,
    /// Bytes of that message, as far as its frames have begun.
    size: u64,
    /// The most that a message may have, where the library's own limit is higher.
    limit: Option<u64>,
    /// A message broke a limit. Stays set: whoever looks later must learn it, too.
    offence: Option<Offence>,
    /// A close frame has come whole.
    closed: bool,
    closing: bool,
}

impl Watch {
    fn see(&mut self, mut bytes: &[u8]) -> Result<(), Offence> {
        while !bytes.is_empty() {
            if self.payload > 0 {
                let passed = usize::try_from(self.payload).unwrap_or(usize::MAX).min(bytes.len());
                self.payload -= passed as u64;
                bytes = bytes.get(passed..).unwrap_or_default();
            } else if let Some((byte, rest)) = bytes.split_first() {
                bytes = rest;
                self.header_byte(*byte);
            }
            self.closed |= self.closing && self.have == 0 && self.payload == 0;
        }
        self.offence.map_or(Ok(()), Err)
    }

    /// From now on; a message that has begun counts.
    fn limit_messages(&mut self, limit: Option<u64>) {
        self.limit = limit;
        self.check_size();
    }

    fn check_size(&mut self) {
        if let Some(limit) = self.limit.filter(|limit| self.size > *limit) {
            self.offence.get_or_insert(TooLarge { size: self.size, limit }.into());
        }
    }

    /// Whether a message, or a frame, has begun and not ended.
    fn is_message_open(&self) -> bool {
        self.frames > 0 || self.have > 0 || self.payload > 0
    }

    fn header_byte(&mut self, byte: u8) {
        if let Some(place) = self.header.get_mut(self.have) {
            *place = byte;
        }
        self.have += 1;
        let [first, second, extended @ ..] = &self.header;
        let masked = if second & MASKED == 0 { 0 } else { 4 };
        let wide = match second & !MASKED {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        if self.have < 2 || self.have < 2 + wide + masked {
            return;
        }
        self.payload = match wide {
            0 => u64::from(second & !MASKED),
            _ => extended.iter().take(wide).fold(0, |length, byte| length << 8 | u64::from(*byte)),
        };
        let (control, close, last) = (first & CONTROL != 0, first & 0x0F == CLOSE, first & FIN != 0);
        self.have = 0;
        self.closing |= close;
        if !control {
            if self.frames == 0 {
                self.size = 0;
            }
            self.frames = self.frames.saturating_add(1);
            self.size = self.size.saturating_add(self.payload);
            self.check_size();
            if self.frames > MOST_FRAMES {
                self.offence.get_or_insert(TooManyFrames.into());
            }
            if last {
                self.frames = 0;
            }
        }
    }
}

/// A stream whose incoming frames are watched, at the server's end.
#[derive(Debug)]
pub struct Watched<S> {
    inner: S,
    watch: Option<Watch>,
    /// The offence was reported: after that, only the close frame is looked for.
    reported: bool,
    /// Where signs of life and messages that stay open are noted.
    progress: Option<Arc<Progress>>,
}

impl<S> Watched<S> {
    /// Watches `inner`, of which `early` has been read already.
    pub(super) fn new(inner: S, early: &[u8]) -> Self {
        let mut watch = Watch::default();
        // Whoever sends a thousand frames with the handshake is found out by the next one.
        let _ = watch.see(early);
        Self { inner, watch: Some(watch), reported: false, progress: None }
    }
}

impl<S> Watched<S> {
    /// `inner` as it is: the client's end, which begins with a handshake and trusts its bridge with frames.
    pub(super) fn unwatched(inner: S) -> Self {
        Self { inner, watch: None, reported: false, progress: None }
    }

    /// Takes no message of more than `limit` bytes from now on; `None` leaves it to the library.
    pub(super) fn limit_messages(&mut self, limit: Option<u64>) {
        if let Some(watch) = &mut self.watch {
            watch.limit_messages(limit);
        }
    }

    /// Notes from now on in `progress` what is heard.
    pub(super) fn report_to(&mut self, progress: Arc<Progress>) {
        self.progress = Some(progress);
    }

    fn note(&self, read: usize) {
        let Some(progress) = self.progress.as_ref().filter(|_| read > 0) else { return };
        progress.heard();
        if let Some(watch) = &self.watch {
            progress.message_is_open(watch.is_message_open());
        }
    }

    fn is_closed(&self) -> bool {
        self.watch.as_ref().is_some_and(|watch| watch.closed)
    }
}

impl<S: AsyncRead + Unpin> Watched<S> {
    /// Reads, and throws away, until the peer's close frame or the end. Closing a socket with unread bytes
    /// resets it, and the peer may then lose our close frame.
    pub(super) async fn read_to_close(&mut self) {
        let mut bytes = vec![0; super::READ_BUFFER];
        while !self.is_closed() {
            if !matches!(self.read(&mut bytes).await, Ok(1..)) {
                return;
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = out.filled().len();
        ready!(Pin::new(&mut this.inner).poll_read(context, out))?;
        let read = out.filled().get(before..).unwrap_or_default();
        let length = read.len();
        let seen = this.watch.as_mut().map_or(Ok(()), |watch| watch.see(read));
        this.note(length);
        Poll::Ready(match seen {
            Err(offence) if !std::mem::replace(&mut this.reported, true) => {
                out.set_filled(before); // a read that fails has read nothing
                Err(offence.into())
            }
            _ => Ok(()),
        })
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt;

    fn frame(first: u8, length: usize, masked: bool) -> Vec<u8> {
        let mask = if masked { MASKED } else { 0 };
        let mut bytes = vec![first];
        match length {
            0..126 => bytes.push(mask | length as u8),
            126..65536 => {
                bytes.push(mask | 126);
                bytes.extend((length as u16).to_be_bytes());
            }
            _ => {
                bytes.push(mask | 127);
                bytes.extend((length as u64).to_be_bytes());
            }
        }
        if masked {
            bytes.extend([1, 2, 3, 4]);
        }
        // A payload that looks like close frames must not be taken for one.
        bytes.resize(bytes.len() + length, 0x88);
        bytes
    }

    #[test]
    fn a_close_frame_is_found_after_frames_of_every_size_in_any_pieces() {
        for masked in [true, false] {
            let mut stream = Vec::new();
            for length in [0, 1, 125, 126, 127, 65535, 65536, 70000] {
                stream.extend(frame(0x82, length, masked));
                stream.extend(frame(0x89, 5, masked));
            }
            for piece in [1, 7, 4096, 1 << 20] {
                let mut watch = Watch::default();
                for bytes in stream.chunks(piece) {
                    watch.see(bytes).unwrap();
                }
                assert!(!watch.closed);
                let close = frame(0x88, 2, masked);
                let (last, rest) = close.split_last().unwrap();
                watch.see(rest).unwrap();
                assert!(!watch.closed, "not before it is whole");
                watch.see(&[*last]).unwrap();
                assert!(watch.closed);
            }
        }
    }

    #[test]
    fn a_close_frame_without_a_code_counts_too() {
        let mut watch = Watch::default();
        watch.see(&frame(0x88, 0, true)).unwrap();
        assert!(watch.closed);
    }

    #[test]
    fn a_flood_of_empty_continuations_is_an_error() {
        let mut watch = Watch::default();
        watch.see(&frame(0x02, 0, true)).unwrap();
        let flood = frame(0x00, 0, true).repeat(1023);
        watch.see(&flood).unwrap();
        assert_eq!(watch.see(&frame(0x00, 0, true)), Err(TooManyFrames.into()));
    }

    #[test]
    fn a_message_over_the_limit_is_an_error_at_its_header_in_one_frame_or_in_many() {
        let limited = || {
            let mut watch = Watch::default();
            watch.limit_messages(Some(100));
            watch
        };
        let mut watch = limited();
        for _ in 0..10 {
            watch.see(&frame(0x81, 60, true)).unwrap();
            watch.see(&frame(0x89, 60, true)).unwrap();
        }
        let whole = frame(0x81, 70000, true);
        assert_eq!(watch.see(&whole[..14]), Err(TooLarge { size: 70000, limit: 100 }.into()));

        let mut watch = limited();
        watch.see(&frame(0x01, 60, true)).unwrap();
        assert_eq!(watch.see(&frame(0x00, 60, true)), Err(TooLarge { size: 120, limit: 100 }.into()));

        let mut watch = limited();
        watch.limit_messages(None);
        watch.see(&frame(0x82, 70000, true)).unwrap();
        let mut watch = Watch::default();
        watch.see(&whole[..14]).unwrap();
        watch.limit_messages(Some(100));
        assert!(watch.see(&whole[14..15]).is_err(), "what has begun counts");
    }

    #[test]
    fn many_messages_and_pings_are_no_flood() {
        let mut watch = Watch::default();
        for _ in 0..5000 {
            watch.see(&frame(0x82, 3, true)).unwrap();
            watch.see(&frame(0x89, 0, true)).unwrap();
        }
    }

    #[tokio::test]
    async fn a_flood_that_begins_with_the_handshake_is_an_error() {
        // What the watch did not look at in `early` must not make it take a length for a payload.
        let mut early = [frame(0x02, 0, true), frame(0x00, 0, true).repeat(1100)].concat();
        early.extend([0x00, MASKED]);
        let mask = [0x89, MASKED | 127, 0x7F, 0xFF];
        let (inner, mut peer) = tokio::io::duplex(1 << 20);
        let mut watched = Watched::new(inner, &early);
        peer.write_all(&mask).await.unwrap();
        peer.write_all(&frame(0x00, 0, true).repeat(2000)).await.unwrap();
        drop(peer);
        let read = watched.read_to_end(&mut Vec::new()).await;
        assert!(read.is_err_and(|error| error.get_ref().is_some_and(|inner| inner.is::<TooManyFrames>())));
    }

    #[tokio::test]
    async fn the_close_frame_is_waited_for_behind_a_flood() {
        let (inner, mut peer) = tokio::io::duplex(1 << 20);
        let mut watched = Watched::new(inner, &[]);
        peer.write_all(&frame(0x02, 0, true)).await.unwrap();
        peer.write_all(&frame(0x00, 0, true).repeat(5000)).await.unwrap();
        assert!(watched.read(&mut [0; 16384]).await.is_err());
        peer.write_all(&frame(0x88, 2, true)).await.unwrap();
        watched.read_to_close().await;
        assert!(watched.is_closed(), "what is unread resets the connection");
    }
}
