//! The mark: how far the journal was durable, written down in a second place.
//!
//! Why: a last frame that rots looks like one that was never finished, and a last segment that is
//! gone leaves no trace at all. A file beside the segments knows better. It also holds the
//! journal's identity and the highest epoch that was ever claimed.
//!
//! Picture:
//! ```text
//!   mark │ record A, 4096 │ record B, 4096 │     written in turn, the higher generation counts
//! ```
//! Invariants: the mark never lies ahead of what is durable. A record is one sector, so a power
//! cut leaves the old one or the new one, and the other record beside it.

use crate::format::checksum::crc32c;
use crate::format::field::{get_u32, get_u64, get_u128, put};
use crate::format::{FORMAT, JournalId};
use crate::place::Place;
use headwater_env::{Access, AlignedBuf, BLOCK_BYTES, Disk, DiskError, File};
use headwater_model::{Corrupt, Epoch, JournalError, Slot};
use std::path::Path;
use std::sync::Arc;

/// The file's name in the journal's directory.
pub const MARK_FILE: &str = "mark";

/// Bytes of a record: one sector.
pub const RECORD_BYTES: usize = 512;

const UNFINISHED: &str = "mark.tmp";
const MAGIC: u64 = u64::from_le_bytes(*b"HWMARKER");

/// How far the journal was durable when this was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mark {
    /// Whose it is.
    pub id: JournalId,
    /// Which of the two records is newer.
    pub generation: u64,
    /// The highest epoch that was claimed.
    pub epoch: Epoch,
    /// The end that was durable.
    pub end: Place,
    /// The commit that would stand there.
    pub next_slot: Slot,
    /// The checksum that the frame there would name.
    pub prev: u32,
    /// Whether the journal was closed, so that nothing stands behind the end.
    pub closed: bool,
}

impl Mark {
    /// The bytes of a record.
    pub fn encode(&self) -> [u8; RECORD_BYTES] {
        let mut bytes = [0; RECORD_BYTES];
        put(&mut bytes, 4, FORMAT.to_le_bytes());
        put(&mut bytes, 8, MAGIC.to_le_bytes());
        put(&mut bytes, 16, self.id.context.to_le_bytes());
        put(&mut bytes, 32, self.id.salt.to_le_bytes());
        put(&mut bytes, 40, self.generation.to_le_bytes());
        put(&mut bytes, 48, self.epoch.0.to_le_bytes());
        put(&mut bytes, 56, self.next_slot.0.to_le_bytes());
        put(&mut bytes, 64, self.end.segment.to_le_bytes());
        put(&mut bytes, 68, self.end.at.to_le_bytes());
        put(&mut bytes, 72, self.prev.to_le_bytes());
        put(&mut bytes, 76, u32::from(self.closed).to_le_bytes());
        let checksum = crc32c(&bytes[4..]);
        put(&mut bytes, 0, checksum.to_le_bytes());
        assert_eq!(Self::decode(&bytes).as_ref(), Some(self), "D1: a record reads back");
        bytes
    }

    /// The record in `bytes`, if it is one.
    pub fn decode(bytes: &[u8; RECORD_BYTES]) -> Option<Self> {
        let whole = get_u32(bytes, 0) == crc32c(&bytes[4..]);
        let known = get_u64(bytes, 8) == MAGIC && get_u32(bytes, 4) == FORMAT;
        (whole && known).then(|| Self {
            id: JournalId { context: get_u128(bytes, 16), salt: get_u64(bytes, 32) },
            generation: get_u64(bytes, 40),
            epoch: Epoch(get_u64(bytes, 48)),
            next_slot: Slot(get_u64(bytes, 56)),
            end: Place { segment: get_u32(bytes, 64), at: get_u32(bytes, 68) },
            prev: get_u32(bytes, 72),
            closed: get_u32(bytes, 76) == 1,
        })
    }
}

/// The file that holds the mark.
#[derive(Debug)]
pub(crate) struct MarkFile {
    file: Arc<dyn File>,
    block: AlignedBuf,
    pub(crate) mark: Mark,
}

impl MarkFile {
    /// Makes the file of a new journal; it is there with its first record, or not at all.
    pub(crate) fn create(disk: &dyn Disk, dir: &Path, mark: Mark) -> Result<Self, DiskError> {
        let (unfinished, path) = (dir.join(UNFINISHED), dir.join(MARK_FILE));
        let file = disk.open(&unfinished, Access::Create)?;
        file.write_zeros(0, 2 * BLOCK_BYTES as u64)?;
        file.write_at(&mark.encode(), record_at(mark.generation))?;
        file.sync()?;
        disk.rename(&unfinished, &path)?;
        disk.sync_dir(dir)?;
        let file = disk.open(&path, Access::Write)?;
        Ok(Self { file, block: AlignedBuf::zeroed(BLOCK_BYTES), mark })
    }

    /// Opens the file; `None` if there is none.
    pub(crate) fn open(disk: &dyn Disk, dir: &Path) -> Result<Option<Self>, JournalError> {
        let path = dir.join(MARK_FILE);
        let unavailable = |e: DiskError| JournalError::Unavailable(e.into());
        let file = match disk.open(&path, Access::Write) {
            Ok(file) => file,
            Err(DiskError::NotFound { .. }) => return Ok(None),
            Err(e) => return Err(unavailable(e)),
        };
        let mut newest: Option<Mark> = None;
        for generation in 0..2 {
            let mut bytes = [0; RECORD_BYTES];
            // A short read leaves zeros, which are no record.
            file.read_at(&mut bytes, record_at(generation)).map_err(unavailable)?;
            let Some(mark) = Mark::decode(&bytes) else { continue };
            if newest.is_none_or(|newest| newest.generation < mark.generation) {
                newest = Some(mark);
            }
        }
        match newest {
            Some(mark) => Ok(Some(Self { file, block: AlignedBuf::zeroed(BLOCK_BYTES), mark })),
            None => Err(JournalError::Corrupt(Corrupt {
                file: path.display().to_string(),
                at: 0,
                why: "neither record of the mark is whole".to_owned(),
            })),
        }
    }

    /// Writes the next record, durably.
    pub(crate) fn record(&mut self, change: impl FnOnce(&mut Mark)) -> Result<(), DiskError> {
        let mut mark = self.mark;
        change(&mut mark);
        assert!(mark.id == self.mark.id, "D1: a mark is of one journal");
        assert!(mark.epoch >= self.mark.epoch, "D1: an epoch that was claimed is claimed again");
        assert!(mark.end >= self.mark.end, "D1: the mark went back");
        assert!(mark.next_slot >= self.mark.next_slot, "A2: the mark forgot commits");
        mark.generation += 1;
        self.block[..RECORD_BYTES].copy_from_slice(&mark.encode());
        self.file.write_durable_at(&self.block, record_at(mark.generation))?;
        self.mark = mark;
        Ok(())
    }
}

fn record_at(generation: u64) -> u64 {
    (generation % 2) * BLOCK_BYTES as u64
}
