//! What russh has taken from the wire, packet by packet, and how much of it is accounted for.
//!
//! russh passes over SSH_MSG_USERAUTH_PASSWD_CHANGEREQ (RFC 4252, section 8) in silence: the message has the
//! number 60 in common with others, and the attempt never ends. The stream under russh cannot read it, as it
//! is encrypted; but it can tell that something came that was neither an answer nor a banner.
//!
//! It can also tell how much came. Before the login is over that is bounded: russh keeps every refusal until somebody
//! asks for it, and a server could send them without being asked.
//!
//! The first works because russh reads exactly one packet, handles it, writes what it has to write, and only then
//! reads on. So whatever was read before our last write belongs to the time before our question.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::timeout;

/// Most bytes that a server may send before the login is over. The largest rounds of questions that are taken, as many
/// as are taken, have half as many; a usual login has less than 10 KiB.
const MOST_BEFORE_LOGIN: u64 = 4 * 1024 * 1024;

/// The count, shared with whoever waits for an answer.
#[derive(Debug, Default)]
pub(super) struct Heard {
    bytes: AtomicU64,
    accounted: AtomicU64,
    more: Notify,
    /// The login is over.
    unbounded: AtomicBool,
}

impl Heard {
    /// All that was read so far is accounted for.
    pub(super) fn account(&self) {
        self.accounted.store(self.bytes.load(SeqCst), SeqCst);
    }

    /// Ready when something came that nobody accounted for, and nothing more for as long as `quiet`. For one
    /// waiter at a time.
    ///
    /// It may be wrong about a server that sends SSH_MSG_IGNORE or SSH_MSG_DEBUG before it thinks for longer
    /// than `quiet`; none is known that does so during a login.
    pub(super) async fn unaccounted(&self, quiet: Duration) {
        loop {
            if !self.is_unaccounted() {
                self.more.notified().await;
            } else if timeout(quiet, self.more.notified()).await.is_err() && self.is_unaccounted() {
                return;
            }
        }
    }

    /// From now on the server may send as much as it likes.
    pub(super) fn logged_in(&self) {
        self.unbounded.store(true, SeqCst);
    }

    fn is_too_much(&self) -> bool {
        self.bytes.load(SeqCst) > MOST_BEFORE_LOGIN && !self.unbounded.load(SeqCst)
    }

    fn is_unaccounted(&self) -> bool {
        self.bytes.load(SeqCst) > self.accounted.load(SeqCst)
    }

    fn note(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, SeqCst);
        self.more.notify_one();
    }
}

/// The stream that russh reads: nothing may buffer between the two.
pub(super) struct Listening<S> {
    stream: S,
    heard: Arc<Heard>,
}

impl<S> Listening<S> {
    pub(super) fn new(stream: S, heard: Arc<Heard>) -> Self {
        Self { stream, heard }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Listening<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = out.filled().len();
        let poll = Pin::new(&mut self.stream).poll_read(context, out);
        let read = out.filled().len().saturating_sub(before);
        if read > 0 {
            self.heard.note(read);
        }
        match self.heard.is_too_much() {
            true => Poll::Ready(Err(io::Error::other("the server sends without end before the login"))),
            false => poll,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Listening<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.heard.account();
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::{Instant, sleep};

    const QUIET: Duration = Duration::from_secs(3);
    const LONG: Duration = Duration::from_secs(3600);

    fn pair() -> (Listening<DuplexStream>, DuplexStream, Arc<Heard>) {
        let heard = Arc::new(Heard::default());
        let (ours, theirs) = duplex(1024);
        (Listening::new(ours, Arc::clone(&heard)), theirs, heard)
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_not_unaccounted_for_however_long() {
        let (mut ours, _theirs, heard) = pair();
        ours.write_all(b"question").await.unwrap();
        assert!(timeout(LONG, heard.unaccounted(QUIET)).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_packet_with_nothing_after_it_is_unaccounted_for() {
        let (mut ours, mut theirs, heard) = pair();
        ours.write_all(b"question").await.unwrap();
        theirs.write_all(b"packet").await.unwrap();
        ours.read_exact(&mut [0; 6]).await.unwrap();
        let start = Instant::now();
        timeout(LONG, heard.unaccounted(QUIET)).await.unwrap();
        assert_eq!(start.elapsed(), QUIET);
    }

    #[tokio::test(start_paused = true)]
    async fn a_banner_and_what_came_before_a_write_are_accounted_for() {
        let (mut ours, mut theirs, heard) = pair();
        theirs.write_all(b"before, banner").await.unwrap();
        ours.read_exact(&mut [0; 7]).await.unwrap();
        ours.write_all(b"question").await.unwrap();
        let waiting = {
            let heard = Arc::clone(&heard);
            tokio::spawn(async move { timeout(LONG, heard.unaccounted(QUIET)).await })
        };
        sleep(Duration::from_secs(1)).await;
        ours.read_exact(&mut [0; 7]).await.unwrap();
        sleep(Duration::from_secs(1)).await;
        heard.account();
        assert!(waiting.await.unwrap().is_err());
    }

    #[tokio::test]
    async fn what_comes_before_the_login_is_bounded_and_what_comes_after_it_is_not() {
        for logged_in in [false, true] {
            let heard = Arc::new(Heard::default());
            let mut ours = Listening::new(tokio::io::repeat(0), Arc::clone(&heard));
            if logged_in {
                heard.logged_in();
            }
            let mut most = vec![0; MOST_BEFORE_LOGIN as usize];
            ours.read_exact(&mut most).await.unwrap();
            assert_eq!(ours.read_u8().await.is_ok(), logged_in);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_byte_begins_the_quiet_time_anew() {
        let (mut ours, mut theirs, heard) = pair();
        let start = Instant::now();
        let slow = async {
            for _ in 0..5 {
                theirs.write_all(b"x").await.unwrap();
                ours.read_exact(&mut [0]).await.unwrap();
                sleep(Duration::from_secs(2)).await;
            }
        };
        tokio::join!(slow, heard.unaccounted(QUIET));
        assert_eq!(start.elapsed(), Duration::from_secs(11));
    }
}
