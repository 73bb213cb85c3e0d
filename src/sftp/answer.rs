//! What a response says (draft-ietf-secsh-filexfer-02, section 7).

use super::attributes::Attributes;
use super::fields::{CutShort, Fields};
use super::packet::{Packet, PacketType};
use super::status::StatusCode;

/// A response with those of its fields that somebody needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<'a> {
    /// VERSION
    Version(u32),
    /// STATUS
    Status(StatusCode),
    /// HANDLE: opaque bytes, at most 256.
    Handle(&'a [u8]),
    /// DATA
    Data(&'a [u8]),
    /// NAME: how many, and the first.
    Names {
        /// Entries, as the server counts them.
        count: u32,
        /// The name or path of the first.
        first: Option<&'a [u8]>,
    },
    /// ATTRS
    Attributes(Attributes),
    /// EXTENDED_REPLY, whose form depends on the request.
    Extended(&'a [u8]),
    /// No response of the draft's.
    Unknown(PacketType),
}

impl<'a> Answer<'a> {
    /// The fields of `response`.
    ///
    /// # Errors
    /// [`CutShort`] names the field that is missing.
    pub fn of(response: &'a Packet) -> Result<Self, CutShort> {
        let mut fields = Fields::new(response.body());
        let f = &mut fields;
        Ok(match response.kind() {
            PacketType::VERSION => Self::Version(f.uint32("version")?),
            PacketType::STATUS => Self::Status(StatusCode(f.uint32("status code")?)),
            PacketType::HANDLE => Self::Handle(f.string("handle")?),
            PacketType::DATA => Self::Data(f.string("data")?),
            PacketType::NAME => {
                let count = f.uint32("count")?;
                let first = (count > 0).then(|| f.string("name")).transpose()?;
                Self::Names { count, first }
            }
            PacketType::ATTRS => Self::Attributes(Attributes::read(f)?),
            PacketType::EXTENDED_REPLY => Self::Extended(fields.rest()),
            kind => Self::Unknown(kind),
        })
    }
}
