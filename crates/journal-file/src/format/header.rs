//! The head of a segment: whose it is, and what stands before it.
//!
//! Why: a segment that is missing, swapped or from elsewhere must be found when the journal is
//! opened, without reading the segments in between: each header names the seal before it.

use super::checksum::crc32c;
use super::field::{get_u32, get_u64, get_u128, put};
use super::{FORMAT, JournalId};
use headwater_model::{CommitDigest, Epoch, Slot};

/// Bytes of a segment's header: one sector, so that it is there or not.
pub const HEADER_BYTES: usize = 512;

/// Where the first frame of every segment stands.
pub const FIRST_FRAME_AT: u32 = HEADER_BYTES as u32;

const MAGIC: u64 = u64::from_le_bytes(*b"HWJOURNL");

/// The head of a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SegmentHeader {
    /// Whose it is.
    pub id: JournalId,
    /// Which segment of it.
    pub segment: u32,
    /// The length of its file when it was begun.
    pub capacity: u32,
    /// The first commit in it.
    pub first_slot: Slot,
    /// The writer's term when it was begun.
    pub epoch: Epoch,
    /// The digest of the commit before `first_slot`.
    pub digest: CommitDigest,
    /// The checksum of the seal of the segment before it; zero for the first.
    pub seal_before: u32,
    /// The byte behind that seal; zero for the first.
    pub end_before: u32,
}

impl SegmentHeader {
    /// The bytes, and the checksum that the first frame names.
    pub fn encode(&self) -> ([u8; HEADER_BYTES], u32) {
        let mut bytes = [0; HEADER_BYTES];
        put(&mut bytes, 4, FORMAT.to_le_bytes());
        put(&mut bytes, 8, MAGIC.to_le_bytes());
        put(&mut bytes, 16, self.id.context.to_le_bytes());
        put(&mut bytes, 32, self.id.salt.to_le_bytes());
        put(&mut bytes, 40, self.segment.to_le_bytes());
        put(&mut bytes, 44, self.capacity.to_le_bytes());
        put(&mut bytes, 48, self.first_slot.0.to_le_bytes());
        put(&mut bytes, 56, self.epoch.0.to_le_bytes());
        put(&mut bytes, 64, self.digest.0.to_le_bytes());
        put(&mut bytes, 72, self.seal_before.to_le_bytes());
        put(&mut bytes, 76, self.end_before.to_le_bytes());
        let checksum = crc32c(&bytes[4..]);
        put(&mut bytes, 0, checksum.to_le_bytes());
        (bytes, checksum)
    }

    /// The header in `bytes` with its checksum.
    ///
    /// # Errors
    /// What does not fit.
    pub fn decode(bytes: &[u8; HEADER_BYTES]) -> Result<(Self, u32), String> {
        let checksum = get_u32(bytes, 0);
        if get_u64(bytes, 8) != MAGIC {
            return Err("this is no segment of a journal".to_owned());
        }
        let found = crc32c(&bytes[4..]);
        if found != checksum {
            return Err(format!("the header's checksum is {found:08x}, it says {checksum:08x}"));
        }
        let format = get_u32(bytes, 4);
        if format != FORMAT {
            return Err(format!("the segment has format {format}, this program reads {FORMAT}"));
        }
        let header = Self {
            id: JournalId { context: get_u128(bytes, 16), salt: get_u64(bytes, 32) },
            segment: get_u32(bytes, 40),
            capacity: get_u32(bytes, 44),
            first_slot: Slot(get_u64(bytes, 48)),
            epoch: Epoch(get_u64(bytes, 56)),
            digest: CommitDigest(get_u64(bytes, 64)),
            seal_before: get_u32(bytes, 72),
            end_before: get_u32(bytes, 76),
        };
        Ok((header, checksum))
    }
}
