//! Checksums that know where their bytes belong.
//!
//! Why a mask: a checksum seeded with the identity would need the identity fed in before each
//! frame. CRC-32C is linear, so a seed changes it by a constant that depends on the seed alone;
//! adding (xor) a constant drawn from identity and place does the same in one step, and the frame
//! is checked in one pass.
//! Invariant: D1, a frame of another journal, segment or place is accepted once in 2^32.

use crc_fast::{CrcAlgorithm, checksum};

/// Which journal these bytes belong to. Drawn at random when the journal is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct JournalId {
    /// Names the journal; may be known to others.
    pub context: u128,
    /// Known to nobody, so that a payload cannot be made to look like a frame.
    pub salt: u64,
}

/// A segment's share in the checksums of its frames.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SegmentKey(u64);

impl SegmentKey {
    /// The key of one segment of one journal.
    pub fn new(id: JournalId, segment: u32) -> Self {
        Self::scavenged(id, segment, 0)
    }

    /// The key of a segment that was scavenged so often.
    pub fn scavenged(id: JournalId, segment: u32, generation: u32) -> Self {
        let low = mix(id.context as u64 ^ id.salt);
        let high = mix((id.context >> 64) as u64 ^ low);
        Self(mix(high ^ (u64::from(generation) << 32 | u64::from(segment))))
    }

    /// The checksum of `bytes` if they stand at `at`.
    pub fn checksum(self, at: u32, bytes: &[u8]) -> u32 {
        crc32c(bytes) ^ (mix(self.0 ^ u64::from(at)) as u32)
    }
}

/// CRC-32C of bytes that carry their identity themselves.
pub(crate) fn crc32c(bytes: &[u8]) -> u32 {
    checksum(CrcAlgorithm::Crc32Iscsi, bytes) as u32
}

/// Spreads each bit over all (the finalizer of SplitMix64).
pub(crate) const fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}
