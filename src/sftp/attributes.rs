//! ATTRS: what is set of a file, or told of it (draft-ietf-secsh-filexfer-02, section 5).

use super::fields::{CutShort, Fields};

const SIZE: u32 = 0x0000_0001;
const UIDGID: u32 = 0x0000_0002;
const PERMISSIONS: u32 = 0x0000_0004;
const ACMODTIME: u32 = 0x0000_0008;
const EXTENDED: u32 = 0x8000_0000;

/// Those attributes that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attributes {
    /// In bytes. To set it is to cut the file, or to extend it with zeros.
    pub size: Option<u64>,
    /// User and group, as numbers.
    pub owner: Option<(u32, u32)>,
    /// The type and mode bits of a POSIX file.
    pub permissions: Option<u32>,
    /// Last access and last change, in seconds since 1970.
    pub times: Option<(u32, u32)>,
    /// Pairs of names and values of extensions.
    pub extended: u32,
}

impl Attributes {
    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Self, CutShort> {
        const NAME: &str = "attributes";
        let flags = fields.uint32(NAME)?;
        let has = |flag: u32| flags & flag != 0;
        let mut attributes = Self::default();
        if has(SIZE) {
            attributes.size = Some(fields.uint64(NAME)?);
        }
        if has(UIDGID) {
            attributes.owner = Some((fields.uint32(NAME)?, fields.uint32(NAME)?));
        }
        if has(PERMISSIONS) {
            attributes.permissions = Some(fields.uint32(NAME)?);
        }
        if has(ACMODTIME) {
            attributes.times = Some((fields.uint32(NAME)?, fields.uint32(NAME)?));
        }
        if has(EXTENDED) {
            attributes.extended = fields.uint32(NAME)?;
            for _ in 0..attributes.extended {
                fields.string(NAME)?;
                fields.string(NAME)?;
            }
        }
        Ok(attributes)
    }
}
