//! The SHA-256 of what goes through in one piece, from the first byte on.

use sha2::{Digest, Sha256};

/// Bytes in order of their offsets. Nothing is kept back: what comes out of turn ends the hash.
#[derive(Debug)]
pub(super) struct Sequence {
    /// Where the next bytes must begin.
    next: u64,
    /// `None` when it is broken.
    hash: Option<Sha256>,
}

impl Sequence {
    pub(super) fn new() -> Self {
        Self { next: 0, hash: Some(Sha256::new()) }
    }

    /// One that never becomes whole.
    pub(super) fn broken() -> Self {
        Self { next: 0, hash: None }
    }

    pub(super) fn add(&mut self, offset: u64, bytes: &[u8]) {
        let Some(hash) = &mut self.hash else { return };
        if offset != self.next {
            self.hash = None;
            return;
        }
        hash.update(bytes);
        self.next = self.next.saturating_add(bytes.len() as u64);
    }

    pub(super) fn spoil(&mut self) {
        self.hash = None;
    }

    /// Whether everything up to `offset`, and nothing more, has gone through.
    pub(super) fn is_at(&self, offset: u64) -> bool {
        self.hash.is_some() && self.next == offset
    }

    pub(super) fn digest(&self) -> Option<[u8; 32]> {
        self.hash.clone().map(|hash| hash.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_in_order_have_the_hash_of_the_whole() {
        let mut sequence = Sequence::new();
        sequence.add(0, b"ab");
        sequence.add(2, b"");
        sequence.add(2, b"c");
        assert!(sequence.is_at(3) && !sequence.is_at(2));
        assert_eq!(sequence.digest(), Some(Sha256::digest(b"abc").into()));
    }

    #[test]
    fn a_gap_an_overlap_or_a_late_start_end_it() {
        for offsets in [[1, 2], [0, 2], [0, 0]] {
            let mut sequence = Sequence::new();
            for offset in offsets {
                sequence.add(offset, b"x");
            }
            sequence.add(2, b"x");
            assert_eq!(sequence.digest(), None, "{offsets:?}");
        }
    }
}
