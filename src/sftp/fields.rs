//! The fields of a packet's body: `uint32`, `uint64`, `string` (draft-ietf-secsh-filexfer-02, section 3).

/// Reads fields one after the other. Nothing is copied, and no length is believed that the bytes do not have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

/// A body ends before the field that should be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the packet ends before its {0}")]
pub struct CutShort(pub(super) &'static str);

impl<'a> Fields<'a> {
    pub(super) fn new(body: &'a [u8]) -> Self {
        Self { rest: body }
    }

    pub(super) fn rest(self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn uint32(&mut self, name: &'static str) -> Result<u32, CutShort> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(CutShort(name))?;
        self.rest = rest;
        Ok(u32::from_be_bytes(*bytes))
    }

    pub(super) fn uint64(&mut self, name: &'static str) -> Result<u64, CutShort> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(CutShort(name))?;
        self.rest = rest;
        Ok(u64::from_be_bytes(*bytes))
    }

    pub(super) fn string(&mut self, name: &'static str) -> Result<&'a [u8], CutShort> {
        let mut after = *self;
        let length = after.uint32(name)? as usize;
        let (string, rest) = after.rest.split_at_checked(length).ok_or(CutShort(name))?;
        self.rest = rest;
        Ok(string)
    }
}
