//! What may look at the packets on their way, and answer a request in the upstream's place.

use crate::sftp::Packet;

/// Sees every packet in order. Synchronous and without IO: it may decide, it may not delay.
pub trait Observer: Send {
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

/// Forwards everything.
impl Observer for () {
    fn request(&mut self, _: &Packet) -> Verdict {
        Verdict::Forward
    }
}
