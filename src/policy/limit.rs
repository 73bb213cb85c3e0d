//! The largest request.

use crate::pump::{Observer, Verdict};
use crate::sftp::{Packet, StatusCode, status};

/// Refuses requests over a size. The upstream would end the session on one (OpenSSH on anything over 256 KiB),
/// and an answer costs the client only that request.
#[derive(Debug, Clone, Copy)]
pub struct PacketLimit {
    /// The largest request in bytes, length prefix included.
    pub bytes: usize,
}

impl Observer for PacketLimit {
    fn request(&mut self, packet: &Packet) -> Verdict {
        match packet.id() {
            Some(id) if packet.len() > self.bytes => {
                let message =
                    format!("the request has {} bytes, and at most {} may pass", packet.len(), self.bytes);
                Verdict::Answer(status(id, StatusCode::FAILURE, &message))
            }
            _ => Verdict::Forward,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn write(length: u32) -> Packet {
        let mut bytes = (length - 4).to_be_bytes().to_vec();
        bytes.extend([6, 0, 0, 0, 9]);
        bytes.resize(length as usize, 0);
        Packet::parse(Bytes::from(bytes)).unwrap()
    }

    #[test]
    fn a_request_over_the_limit_is_answered_by_its_id() {
        let mut limit = PacketLimit { bytes: 100 };
        assert_eq!(limit.request(&write(100)), Verdict::Forward);
        let Verdict::Answer(answer) = limit.request(&write(101)) else {
            panic!("over the limit");
        };
        assert_eq!(answer.id(), Some(9));
        assert!(answer.body().starts_with(&StatusCode::FAILURE.0.to_be_bytes()));
    }
}
