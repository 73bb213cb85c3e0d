//! What may look at the packets on their way, and answer a request in the upstream's place.

use std::fmt;
use std::task::{Context, Poll};

use crate::sftp::Packet;

/// Sees every packet in order. Without IO: it may decide, and wait for room, and nothing else.
pub trait Observer: Send {
    /// Ready when the observer has room for what it will note of `request`, which waits until then. It is asked again
    /// only after `cx`'s waker was woken.
    fn poll_ready(&mut self, request: &Packet, cx: &mut Context<'_>) -> Poll<()> {
        let _ = (request, cx);
        Poll::Ready(())
    }

    /// A request on its way to the upstream.
    fn request(&mut self, packet: &Packet) -> Verdict;

    /// A response on its way to the client.
    fn response(&mut self, packet: &Packet) {
        let _ = packet;
    }
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on, verbatim.
    Forward,
    /// It stops here, and the client gets this response.
    Answer(Packet),
}

/// Both, one after the other: what the first answers, the second does not see.
impl<A: Observer, B: Observer> Observer for (A, B) {
    fn poll_ready(&mut self, request: &Packet, cx: &mut Context<'_>) -> Poll<()> {
        match (self.0.poll_ready(request, cx), self.1.poll_ready(request, cx)) {
            (Poll::Ready(()), Poll::Ready(())) => Poll::Ready(()),
            _ => Poll::Pending,
        }
    }

    fn request(&mut self, packet: &Packet) -> Verdict {
        match self.0.request(packet) {
            Verdict::Forward => self.1.request(packet),
            answer @ Verdict::Answer(_) => answer,
        }
    }

    fn response(&mut self, packet: &Packet) {
        self.0.response(packet);
        self.1.response(packet);
    }
}

/// Forwards everything, and tells of the first request.
pub struct FirstRequest(Option<Box<dyn FnOnce() + Send>>);

impl FirstRequest {
    /// By calling `whom`.
    pub fn tells(whom: Option<Box<dyn FnOnce() + Send>>) -> Self {
        Self(whom)
    }
}

impl fmt::Debug for FirstRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FirstRequest").field(&self.0.is_some()).finish()
    }
}

impl Observer for FirstRequest {
    fn request(&mut self, _: &Packet) -> Verdict {
        if let Some(tell) = self.0.take() {
            tell();
        }
        Verdict::Forward
    }
}

/// Forwards everything.
impl Observer for () {
    fn request(&mut self, _: &Packet) -> Verdict {
        Verdict::Forward
    }
}
