//! A byte stream, in whatever pieces it comes, into packets.

use bytes::{Buf, Bytes, BytesMut};

use super::packet::{Malformed, Packet};

const PREFIX: usize = 4;

/// Cuts a stream of chunks into packets.
///
/// A packet that lies whole in one chunk is a slice of it, without a copy. One that is spread over
/// several is collected in memory that is reserved once, after its length was checked against the
/// limit, and given away with the packet: between packets the codec holds nothing.
#[derive(Debug)]
pub struct PacketCodec {
    limit: usize,
    partial: BytesMut,
    /// Size of the packet in `partial`, prefix included; 0 while its length is still unknown.
    expected: usize,
}

impl PacketCodec {
    /// A codec that refuses packets over `limit` bytes, prefix included.
    pub fn new(limit: usize) -> Self {
        Self { limit, partial: BytesMut::new(), expected: 0 }
    }

    /// Takes the next packet out of `chunk`, or all of `chunk` and `None` when it ends inside a packet.
    ///
    /// Call it until it says `None`, then with the next chunk.
    ///
    /// # Errors
    /// [`CodecError`] when a length field is over the limit, or too small for a type. The stream cannot be
    /// followed any further then.
    pub fn decode(&mut self, chunk: &mut Bytes) -> Result<Option<Packet>, CodecError> {
        if self.partial.is_empty() {
            match chunk.first_chunk::<PREFIX>() {
                Some(prefix) => {
                    let size = self.checked_size(*prefix, chunk)?;
                    if chunk.len() >= size {
                        return Ok(Some(Packet::parse(chunk.split_to(size))?));
                    }
                }
                None if chunk.is_empty() => return Ok(None),
                None => {}
            }
        }
        self.collect(chunk)
    }

    /// Whether the stream may end here: no packet has begun.
    pub fn is_between_packets(&self) -> bool {
        self.partial.is_empty()
    }

    /// What was collected of a packet that never became whole. A peer that is not an SFTP server, such as a
    /// login shell that writes a greeting, is recognised by it.
    pub fn remainder(&self) -> &[u8] {
        &self.partial
    }

    fn collect(&mut self, chunk: &mut Bytes) -> Result<Option<Packet>, CodecError> {
        if self.expected == 0 {
            self.take(chunk, PREFIX);
            let Some(prefix) = self.partial.first_chunk::<PREFIX>() else {
                return Ok(None);
            };
            self.expected = self.checked_size(*prefix, chunk)?;
            self.partial.reserve(self.expected - PREFIX);
        }
        self.take(chunk, self.expected);
        if self.partial.len() < self.expected {
            return Ok(None);
        }
        self.expected = 0;
        Ok(Some(Packet::parse(std::mem::take(&mut self.partial).freeze())?))
    }

    fn take(&mut self, chunk: &mut Bytes, until: usize) {
        let wanted = until.saturating_sub(self.partial.len()).min(chunk.len());
        self.partial.extend_from_slice(chunk.get(..wanted).unwrap_or_default());
        chunk.advance(wanted);
    }

    /// The size of a packet whose length field is `prefix`, once that is known to be sane. `chunk` is only
    /// for the error: it shows what the peer says instead of SFTP.
    fn checked_size(&self, prefix: [u8; PREFIX], chunk: &Bytes) -> Result<usize, CodecError> {
        let declared = u32::from_be_bytes(prefix);
        let size = (declared as usize).saturating_add(PREFIX);
        if declared == 0 {
            return Err(CodecError::Malformed(Malformed::Short { bytes: PREFIX }));
        }
        if size > self.limit {
            let after = chunk.strip_prefix(&prefix).unwrap_or(chunk);
            let start = after.get(..after.len().min(START_KEPT)).unwrap_or_default();
            return Err(CodecError::TooLong {
                declared,
                limit: self.limit,
                start: [&prefix, start].concat(),
            });
        }
        Ok(size)
    }
}

/// Bytes of an impossible packet that are kept for the diagnosis, after its length field.
const START_KEPT: usize = 508;

/// Why a stream cannot be cut into packets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The length field is over the limit. Mostly this is text from something that is no SFTP server.
    #[error("a packet of {declared} bytes is over the limit of {limit}")]
    TooLong {
        /// What the length field says.
        declared: u32,
        /// The limit in bytes, prefix included.
        limit: usize,
        /// The first bytes as they came, at most 512, for the log.
        start: Vec<u8>,
    },
    /// Not a packet.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sftp::PacketType;
    use proptest::prelude::*;

    fn packet(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = u32::try_from(body.len() + 1).unwrap().to_be_bytes().to_vec();
        bytes.push(kind);
        bytes.extend_from_slice(body);
        bytes
    }

    fn decode_all(codec: &mut PacketCodec, chunks: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut packets = Vec::new();
        for chunk in chunks {
            let mut chunk = Bytes::copy_from_slice(chunk);
            while let Some(packet) = codec.decode(&mut chunk).unwrap() {
                packets.push(packet.as_bytes().to_vec());
            }
            assert!(chunk.is_empty(), "a chunk is always taken whole");
        }
        packets
    }

    #[test]
    fn every_split_of_the_bytes_gives_the_same_packets() {
        let expected =
            vec![packet(1, b"\0\0\0\x03"), packet(6, &[7; 40]), packet(200, b""), packet(5, b"abc")];
        let stream = expected.concat();
        for first in 0..=stream.len() {
            for second in first..=stream.len() {
                let mut codec = PacketCodec::new(64);
                let chunks = [&stream[..first], &stream[first..second], &stream[second..]];
                assert_eq!(decode_all(&mut codec, &chunks), expected, "split at {first} and {second}");
                assert!(codec.is_between_packets());
            }
        }
    }

    #[test]
    fn one_byte_at_a_time_gives_the_same_packets() {
        let expected = vec![packet(1, b"\0\0\0\x03"), packet(103, &[9; 30])];
        let stream = expected.concat();
        let chunks: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(decode_all(&mut PacketCodec::new(64), &chunks), expected);
    }

    #[test]
    fn a_packet_whole_in_a_chunk_is_not_copied() {
        let mut chunk = Bytes::from(packet(103, &[1; 100]));
        let start = chunk.as_ptr();
        let packet = PacketCodec::new(200).decode(&mut chunk).unwrap().unwrap();
        assert_eq!(packet.as_bytes().as_ptr(), start);
        assert_eq!(packet.kind(), PacketType::DATA);
    }

    #[test]
    fn the_limit_is_checked_before_memory_is_reserved() {
        for cut in 1..4 {
            let mut codec = PacketCodec::new(1024);
            let mut first = Bytes::from(vec![0x7F; cut]);
            assert_eq!(codec.decode(&mut first).unwrap(), None);
            let mut second = Bytes::from(vec![0x7F; 5 - cut]);
            assert!(matches!(codec.decode(&mut second), Err(CodecError::TooLong { limit: 1024, .. })));
            assert!(codec.partial.capacity() <= 1024, "{}", codec.partial.capacity());
        }
    }

    #[test]
    fn the_limit_counts_the_prefix() {
        let mut exact = Bytes::from(packet(3, &[0; 59]));
        assert!(PacketCodec::new(64).decode(&mut exact.clone()).unwrap().is_some());
        assert!(PacketCodec::new(63).decode(&mut exact).is_err());
    }

    #[test]
    fn a_greeting_instead_of_sftp_is_kept_for_the_diagnosis() {
        let mut chunk = Bytes::from_static(b"Welcome to example.org\n");
        let Err(CodecError::TooLong { start, .. }) = PacketCodec::new(1024).decode(&mut chunk) else {
            panic!("text is not a packet");
        };
        assert_eq!(start, b"Welcome to example.org\n");
        let mut codec = PacketCodec::new(1024);
        codec.decode(&mut Bytes::from_static(b"He")).unwrap();
        let Err(CodecError::TooLong { start, .. }) = codec.decode(&mut Bytes::from_static(b"llo\n")) else {
            panic!("text is not a packet");
        };
        assert_eq!(start, b"Hello\n");
    }

    #[test]
    fn a_packet_without_a_type_is_malformed() {
        let mut chunk = Bytes::from_static(b"\0\0\0\0\0\0\0\x01\x01");
        assert!(matches!(PacketCodec::new(64).decode(&mut chunk), Err(CodecError::Malformed(_))));
    }

    #[test]
    fn between_packets_nothing_is_held() {
        let mut codec = PacketCodec::new(4096);
        let bytes = packet(103, &[0; 4000]);
        decode_all(&mut codec, &[&bytes[..100], &bytes[100..]]);
        assert_eq!(codec.partial.capacity(), 0);
    }

    proptest! {
        #[test]
        fn any_packets_in_any_pieces_come_out_verbatim(
            bodies in proptest::collection::vec((any::<u8>(), proptest::collection::vec(any::<u8>(), 0..300)), 0..20),
            sizes in proptest::collection::vec(1usize..400, 1..50),
        ) {
            let expected: Vec<Vec<u8>> = bodies.iter().map(|(kind, body)| packet(*kind, body)).collect();
            let stream = expected.concat();
            let mut chunks = Vec::new();
            let mut rest = &stream[..];
            for size in sizes.iter().cycle() {
                if rest.is_empty() { break; }
                let (chunk, after) = rest.split_at((*size).min(rest.len()));
                chunks.push(chunk);
                rest = after;
            }
            prop_assert_eq!(decode_all(&mut PacketCodec::new(1024), &chunks), expected);
        }

        #[test]
        fn arbitrary_bytes_never_reserve_more_than_the_limit(
            chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..64), 0..20),
        ) {
            let mut codec = PacketCodec::new(256);
            'stream: for chunk in chunks {
                let mut chunk = Bytes::from(chunk);
                loop {
                    match codec.decode(&mut chunk) {
                        Ok(Some(_)) => {}
                        Ok(None) => break,
                        Err(_) => break 'stream,
                    }
                }
                prop_assert!(codec.partial.capacity() <= 512);
            }
        }
    }
}
