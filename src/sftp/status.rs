//! SSH_FXP_STATUS, the one packet that the bridge writes itself.

use bytes::{BufMut, BytesMut};

use super::fields::Fields;
use super::packet::{Packet, PacketType, RequestId};

/// A status code of draft-ietf-secsh-filexfer-02, section 7. Open: other numbers pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusCode(pub u32);

impl StatusCode {
    /// `SSH_FX_OK`
    pub const OK: Self = Self(0);
    /// `SSH_FX_EOF`
    pub const EOF: Self = Self(1);
    /// `SSH_FX_PERMISSION_DENIED`
    pub const PERMISSION_DENIED: Self = Self(3);
    /// `SSH_FX_FAILURE`
    pub const FAILURE: Self = Self(4);
}

/// Longest message of a status in bytes; what is longer is cut at a character.
const LONGEST_MESSAGE: usize = 1024;

/// The answer to request `id`: `code` and a sentence that the user will read.
pub fn status(id: RequestId, code: StatusCode, message: &str) -> Packet {
    let message = message.get(..message.floor_char_boundary(LONGEST_MESSAGE)).unwrap_or_default();
    let length = 1 + 4 + 4 + 4 + message.len() + 4;
    let mut bytes = BytesMut::with_capacity(4 + length);
    bytes.put_u32(length as u32);
    bytes.put_u8(PacketType::STATUS.0);
    bytes.put_u32(id);
    bytes.put_u32(code.0);
    bytes.put_u32(message.len() as u32);
    bytes.put_slice(message.as_bytes());
    bytes.put_u32(0); // the language tag, empty
    Packet::assembled(bytes.freeze(), PacketType::STATUS)
}

impl Packet {
    /// The sentence of a STATUS, as bytes.
    pub fn status_message(&self) -> Option<&[u8]> {
        let mut fields = Fields::new(self.body());
        fields.uint32("status code").ok().filter(|_| self.kind() == PacketType::STATUS)?;
        fields.string("message").ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_laid_out_as_the_draft_says() {
        let packet = status(0x0102_0304, StatusCode::PERMISSION_DENIED, "no");
        assert_eq!(packet.as_bytes(), b"\0\0\0\x13\x65\x01\x02\x03\x04\0\0\0\x03\0\0\0\x02no\0\0\0\0");
        assert_eq!(packet.status_message(), Some(&b"no"[..]));
        assert_eq!(Packet::parse(packet.clone().into_bytes()), Ok(packet));
    }

    #[test]
    fn a_long_message_is_cut_at_a_character() {
        let packet = status(1, StatusCode::FAILURE, &"ä".repeat(600));
        assert!(Packet::parse(packet.clone().into_bytes()).is_ok());
        assert_eq!(packet.len(), 21 + 1024);
    }
}
