//! One SFTP packet, kept as the bytes that arrived.

use std::fmt;

use bytes::Bytes;

/// Bytes of the length field that precedes every packet (`uint32`, not counting itself).
const PREFIX: usize = 4;

/// Smallest packet in bytes, prefix included: a length and a type.
pub const MINIMUM_LENGTH: usize = PREFIX + 1;

/// The number that ties a response to its request (`uint32 id`; the client chooses it).
pub type RequestId = u32;

/// One whole packet, verbatim: `uint32 length, byte type, byte[length - 1] data`
/// (draft-ietf-secsh-filexfer-02, section 3).
///
/// Cloning is cheap, the bytes are shared. `Debug` shows type, id and length and never the payload,
/// which may be somebody's file.
#[derive(Clone, PartialEq, Eq)]
pub struct Packet {
    bytes: Bytes,
    kind: PacketType,
}

impl Packet {
    /// Takes `bytes` as exactly one packet.
    ///
    /// # Errors
    /// [`Malformed`] when there is no room for a type, or the length field disagrees with the bytes.
    pub fn parse(bytes: Bytes) -> Result<Self, Malformed> {
        let Some((prefix, rest)) = bytes.split_first_chunk::<PREFIX>() else {
            return Err(Malformed::Short { bytes: bytes.len() });
        };
        let Some(&kind) = rest.first() else {
            return Err(Malformed::Short { bytes: bytes.len() });
        };
        let declared = u32::from_be_bytes(*prefix);
        if declared as usize != rest.len() {
            return Err(Malformed::Length { declared, found: rest.len() });
        }
        Ok(Self { kind: PacketType(kind), bytes })
    }

    /// A packet that was built here: `bytes` are whole and start with a length and `kind`.
    pub(crate) fn assembled(bytes: Bytes, kind: PacketType) -> Self {
        let packet = Self { bytes, kind };
        debug_assert_eq!(Self::parse(packet.bytes.clone()).as_ref(), Ok(&packet));
        packet
    }

    /// The packet's type.
    pub fn kind(&self) -> PacketType {
        self.kind
    }

    /// The request id, or `None` for INIT and VERSION, which have none, and for packets cut short before it.
    pub fn id(&self) -> Option<RequestId> {
        if self.kind == PacketType::INIT || self.kind == PacketType::VERSION {
            return None;
        }
        let id = self.bytes.get(MINIMUM_LENGTH..)?.first_chunk::<4>()?;
        Some(RequestId::from_be_bytes(*id))
    }

    /// What follows the request id (for INIT and VERSION: the type).
    pub fn body(&self) -> &[u8] {
        let start = if self.id().is_some() { MINIMUM_LENGTH + 4 } else { MINIMUM_LENGTH };
        self.bytes.get(start..).unwrap_or_default()
    }

    /// Length in bytes, prefix included.
    #[expect(clippy::len_without_is_empty, reason = "a packet is never empty")]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The bytes as they arrived, prefix included.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes as they arrived, prefix included, without a copy.
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }
}

impl fmt::Debug for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packet")
            .field("kind", &self.kind)
            .field("id", &self.id())
            .field("len", &self.len())
            .finish()
    }
}

/// Why some bytes are not a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// No room for a length and a type.
    #[error("a packet of {bytes} bytes is too short: a length and a type are {MINIMUM_LENGTH}")]
    Short {
        /// Bytes found.
        bytes: usize,
    },
    /// The length field and the bytes that came disagree.
    #[error("the packet says {declared} bytes follow its length, and {found} do")]
    Length {
        /// What the length field says.
        declared: u32,
        /// Bytes after the length field.
        found: usize,
    },
    /// A request that ends before its id.
    #[error("a request of type {0} ends before its request id")]
    NoRequestId(PacketType),
}

/// The type byte. Open: a number without a name passes like any other.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PacketType(pub u8);

macro_rules! packet_types {
    ($($name:ident = $number:literal),+ $(,)?) => {
        /// The numbers of draft-ietf-secsh-filexfer-02, section 3.
        #[expect(missing_docs, reason = "the draft's own names")]
        impl PacketType {
            $(pub const $name: Self = Self($number);)+

            /// The draft's name without `SSH_FXP_`, if it has one.
            pub fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some(stringify!($name)),)+
                    _ => None,
                }
            }
        }
    };
}

packet_types! {
    INIT = 1, VERSION = 2, OPEN = 3, CLOSE = 4, READ = 5, WRITE = 6, LSTAT = 7, FSTAT = 8, SETSTAT = 9,
    FSETSTAT = 10, OPENDIR = 11, READDIR = 12, REMOVE = 13, MKDIR = 14, RMDIR = 15, REALPATH = 16,
    STAT = 17, RENAME = 18, READLINK = 19, SYMLINK = 20, STATUS = 101, HANDLE = 102, DATA = 103,
    NAME = 104, ATTRS = 105, EXTENDED = 200, EXTENDED_REPLY = 201,
}

impl PacketType {
    /// Whether a packet of this type answers a request (VERSION answers INIT).
    pub fn is_response(self) -> bool {
        matches!(
            self,
            Self::VERSION
                | Self::STATUS
                | Self::HANDLE
                | Self::DATA
                | Self::NAME
                | Self::ATTRS
                | Self::EXTENDED_REPLY
        )
    }
}

impl fmt::Display for PacketType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{}", self.0),
        }
    }
}

impl fmt::Debug for PacketType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_bytes_stay_as_they_came() {
        let bytes = Bytes::from_static(b"\0\0\0\x05\x01\0\0\0\x03");
        let packet = Packet::parse(bytes.clone()).unwrap();
        assert_eq!(packet.kind(), PacketType::INIT);
        assert_eq!(packet.id(), None);
        assert_eq!(packet.body(), b"\0\0\0\x03");
        assert_eq!(packet.as_bytes().as_ptr(), bytes.as_ptr());
        assert_eq!(packet.into_bytes(), bytes);
    }

    #[test]
    fn a_request_has_an_id_and_a_body() {
        let packet = Packet::parse(Bytes::from_static(b"\0\0\0\x09\x04\0\0\x01\x02\0\0\0\0")).unwrap();
        assert_eq!((packet.kind(), packet.id()), (PacketType::CLOSE, Some(0x102)));
        assert_eq!(packet.body(), b"\0\0\0\0");
    }

    #[test]
    fn an_unknown_type_is_a_packet_too() {
        let packet = Packet::parse(Bytes::from_static(b"\0\0\0\x01\xF0")).unwrap();
        assert_eq!(packet.kind().name(), None);
        assert_eq!(packet.kind().to_string(), "240");
        assert_eq!(packet.id(), None);
        assert_eq!(packet.body(), b"");
    }

    #[test]
    fn a_length_that_disagrees_is_malformed() {
        for (bytes, expected) in [
            (&b""[..], Malformed::Short { bytes: 0 }),
            (b"\0\0\0\0", Malformed::Short { bytes: 4 }),
            (b"\0\0\0\0\x01", Malformed::Length { declared: 0, found: 1 }),
            (b"\0\0\0\x02\x01", Malformed::Length { declared: 2, found: 1 }),
            (b"\xFF\xFF\xFF\xFF\x01", Malformed::Length { declared: u32::MAX, found: 1 }),
        ] {
            assert_eq!(Packet::parse(Bytes::copy_from_slice(bytes)).unwrap_err(), expected);
        }
    }

    #[test]
    fn debug_never_shows_the_payload() {
        let packet = Packet::parse(Bytes::from_static(b"\0\0\0\x0B\x06\0\0\0\x01canary")).unwrap();
        assert_eq!(format!("{packet:?}"), "Packet { kind: WRITE, id: Some(1), len: 15 }");
    }

    proptest! {
        #[test]
        fn whatever_arrives_is_a_packet_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(packet) = Packet::parse(Bytes::from(bytes.clone())) {
                let _ = (packet.id(), packet.body());
                prop_assert_eq!(packet.as_bytes(), &bytes[..]);
            }
        }
    }
}
