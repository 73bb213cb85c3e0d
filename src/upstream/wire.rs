//! The TCP stream under russh: acknowledged quickly at first, and remembered until it turned out to be SSH.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::sights::Sights;

/// Reads after which acknowledgements may be delayed again: the handshake is over by then.
const QUICK_READS: u8 = 64;

/// Bytes kept of what a server says before its identification string.
const KEPT: usize = 512;

pub(super) struct Wire {
    tcp: Arc<TcpStream>,
    early: Arc<Early>,
    sights: Option<Arc<Sights>>,
    quick_reads: u8,
}

impl Wire {
    pub(super) fn new(tcp: Arc<TcpStream>, early: Arc<Early>, sights: Option<Arc<Sights>>) -> Self {
        Self { tcp, early, sights, quick_reads: QUICK_READS }
    }

    fn heard(&self, bytes: &[u8]) {
        self.early.note(bytes);
        if let Some(sights) = &self.sights {
            sights.heard(bytes);
        }
    }

    /// sshd writes its first answers under Nagle's algorithm, and holds each back until we acknowledge the
    /// one before: 40 ms each. The option does not stick, so it is set again for a while.
    fn acknowledge_quickly(&mut self) {
        if let Some(left) = self.quick_reads.checked_sub(1) {
            self.quick_reads = left;
            #[cfg(target_os = "linux")]
            let _ = socket2::SockRef::from(&*self.tcp).set_tcp_quickack(true);
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            ready!(this.tcp.poll_read_ready(context))?;
            let before = out.filled().len();
            match this.tcp.try_read_buf(out) {
                Ok(_) => {
                    this.heard(out.filled().get(before..).unwrap_or_default());
                    this.acknowledge_quickly();
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.tcp.poll_write_ready(context))?;
            match self.tcp.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(socket2::SockRef::from(&*self.tcp).shutdown(std::net::Shutdown::Write))
    }
}

/// What came before and with the identification string.
#[derive(Debug, Default)]
pub(super) struct Early {
    identified: AtomicBool,
    seen: Mutex<Vec<u8>>,
    notify: Notify,
}

impl Early {
    /// Ready once the peer has identified itself as SSH.
    pub(super) async fn identified(&self) {
        while !self.is_identified() {
            self.notify.notified().await;
        }
    }

    pub(super) fn is_identified(&self) -> bool {
        self.identified.load(Relaxed)
    }

    /// What the peer said instead, escaped; `None` when it said nothing.
    pub(super) fn text(&self) -> Option<String> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        (!seen.is_empty()).then(|| seen.escape_ascii().to_string())
    }

    fn note(&self, bytes: &[u8]) {
        if self.is_identified() {
            return;
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // The identification may lie across the end of what is kept.
        let identified = is_identification(&[&seen, bytes].concat());
        let room = KEPT.saturating_sub(seen.len()).min(bytes.len());
        seen.extend_from_slice(bytes.get(..room).unwrap_or_default());
        if identified {
            *seen = Vec::new();
            drop(seen);
            self.identified.store(true, Relaxed);
            self.notify.notify_one();
        }
    }
}

/// RFC 4253, section 4.2: a line that begins with `SSH-`, possibly after other lines.
fn is_identification(bytes: &[u8]) -> bool {
    bytes
        .split_inclusive(|byte| *byte == b'\n')
        .any(|line| line.starts_with(b"SSH-") && line.ends_with(b"\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identification_is_found_in_any_split_and_after_a_greeting() {
        let text = b"hello\r\nSSH-2.0-OpenSSH_9.2\r\n";
        for cut in 0..text.len() {
            let early = Early::default();
            early.note(&text[..cut]);
            assert!(!early.is_identified());
            early.note(&text[cut..]);
            assert!(early.is_identified(), "cut at {cut}");
            assert_eq!(early.text(), None, "nothing is kept of a real server");
        }
    }

    #[test]
    fn what_is_not_ssh_is_kept_escaped_and_bounded() {
        let early = Early::default();
        early.note(b"220 \x1b[31mftp\r\n");
        assert_eq!(early.text().as_deref(), Some("220 \\x1b[31mftp\\r\\n"));
        early.note(&[b'x'; 10_000]);
        assert!(early.text().is_some_and(|text| text.len() < 600));
        assert!(!early.is_identified());
    }
}
