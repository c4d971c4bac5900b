//! The head of a segment: whose it is, and what stands before it.
//!
//! Why: a segment that is missing, swapped or from elsewhere must be found when the journal is
//! opened, without reading the segments in between: each header names the seal before it.

use super::checksum::crc32c;
use super::field::{get_u32, get_u64, get_u128, put};
use super::frame::{FRAME_HEADER_BYTES, SEAL_BYTES};
use super::{FORMAT, JournalId, SCAVENGED_FORMAT, SegmentKey};
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
    /// How it was scavenged, if it was.
    pub scavenged: Option<Scavenged>,
}

/// What a scavenged segment says of itself, and of what stood in its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Scavenged {
    /// How often it was scavenged; never zero.
    pub generation: u32,
    /// The byte behind its seal.
    pub end: u32,
    /// The checksum of its seal.
    pub seal: u32,
    /// The byte at which its frame of places begins.
    pub places: u32,
    /// The first of the numbers that the places are of: the store's own.
    pub first_number: u64,
    /// Which removals were due when it was scavenged: the store's own.
    pub as_of: u64,
    /// How many of the numbers have no place any more.
    pub gone_count: u32,
    /// The checksum of the header as it was at first. The first frame names it.
    pub first_header: u32,
    /// The checksum of the seal as it was at first. The next segment names it.
    pub first_seal: u32,
    /// The byte behind that seal.
    pub first_end: u32,
}

impl Scavenged {
    fn put(&self, bytes: &mut [u8]) {
        put(bytes, 80, self.generation.to_le_bytes());
        put(bytes, 84, self.end.to_le_bytes());
        put(bytes, 88, self.seal.to_le_bytes());
        put(bytes, 92, self.places.to_le_bytes());
        put(bytes, 96, self.first_number.to_le_bytes());
        put(bytes, 104, self.as_of.to_le_bytes());
        put(bytes, 112, self.gone_count.to_le_bytes());
        put(bytes, 116, self.first_header.to_le_bytes());
        put(bytes, 120, self.first_seal.to_le_bytes());
        put(bytes, 124, self.first_end.to_le_bytes());
    }

    fn get(bytes: &[u8]) -> Self {
        Self {
            generation: get_u32(bytes, 80),
            end: get_u32(bytes, 84),
            seal: get_u32(bytes, 88),
            places: get_u32(bytes, 92),
            first_number: get_u64(bytes, 96),
            as_of: get_u64(bytes, 104),
            gone_count: get_u32(bytes, 112),
            first_header: get_u32(bytes, 116),
            first_seal: get_u32(bytes, 120),
            first_end: get_u32(bytes, 124),
        }
    }

    /// How many numbers have an entry in the frame of places.
    pub const fn number_count(&self) -> u32 {
        let body = self.places as usize + FRAME_HEADER_BYTES;
        let end = (self.end as usize).saturating_sub(SEAL_BYTES);
        (end.saturating_sub(body) / 4) as u32
    }

    /// D3: whether the parts stand where they can.
    fn fits(&self, capacity: u32) -> bool {
        let behind_places = self.places as usize + FRAME_HEADER_BYTES + SEAL_BYTES;
        self.generation > 0
            && self.end <= capacity
            && self.places as usize >= HEADER_BYTES
            && behind_places <= self.end as usize
    }
}

impl SegmentHeader {
    /// The bytes, and the checksum that the first frame names.
    pub fn encode(&self) -> ([u8; HEADER_BYTES], u32) {
        let mut bytes = [0; HEADER_BYTES];
        let format = self.scavenged.map_or(FORMAT, |_| SCAVENGED_FORMAT);
        put(&mut bytes, 4, format.to_le_bytes());
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
        if let Some(scavenged) = &self.scavenged {
            scavenged.put(&mut bytes);
        }
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
        if !matches!(format, FORMAT | SCAVENGED_FORMAT) {
            return Err(format!(
                "the segment has format {format}, this program reads up to {SCAVENGED_FORMAT}"
            ));
        }
        let scavenged = (format == SCAVENGED_FORMAT).then(|| Scavenged::get(bytes));
        if scavenged.is_some_and(|scavenged| !scavenged.fits(get_u32(bytes, 44))) {
            return Err("the parts of the scavenged segment do not fit it".to_owned());
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
            scavenged,
        };
        Ok((header, checksum))
    }

    /// What the checksums of the segment's frames are masked with.
    pub fn key(&self) -> SegmentKey {
        let generation = self.scavenged.map_or(0, |scavenged| scavenged.generation);
        SegmentKey::scavenged(self.id, self.segment, generation)
    }

    /// What the first frame names, if the header's own checksum is this.
    pub fn named_by_first(&self, checksum: u32) -> u32 {
        self.scavenged.map_or(checksum, |scavenged| scavenged.first_header)
    }
}
