//! Told: up to which instant anyone may have been told the context as of, kept in a file.
//!
//! Why: behind such an answer nothing may be recorded at or before its instant (A6). The process
//! that gave it knows that; the next one, under a clock that was set back, would not.
//!
//! Picture:
//! ```text
//!   held/told │ record A, 4096 │ record B, 4096 │    written in turn, the higher generation counts
//! ```
//! Invariants: A6, the file is never behind what was told. It is written ahead, so that reads of
//! the present pay for it once a second; closing writes what was really told. After a crash: what
//! is recorded next may be up to [`AHEAD`] later than the clock says, once. If the file is lost, so
//! is the promise for instants behind the last commit; everything else comes from the journal.

use headwater_env::{Access, AlignedBuf, BLOCK_BYTES, Disk, DiskError, File};
use headwater_model::Timestamp;
use parking_lot::Mutex;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

const MAGIC: &[u8; 8] = b"HWTOLD\x00\x01";

/// The file's name beside the kept files.
const NAME: &str = "told";

const UNFINISHED: &str = "told.tmp";

/// Bytes of a record: magic, context, generation, instant, checksum. It fits one sector.
const RECORD_BYTES: usize = 44;

/// How far the file is written ahead of what is told.
const AHEAD: Duration = Duration::from_secs(1);

/// The file, and what it says.
pub(crate) struct ToldFile {
    id: Uuid,
    kept: Mutex<Kept>,
}

struct Kept {
    /// `None`: there was no room to make it.
    file: Option<Arc<dyn File>>,
    generation: u64,
    until: Option<Timestamp>,
}

impl ToldFile {
    /// Opens the file of context `id` in `dir`, or makes it.
    pub(crate) fn open(disk: &dyn Disk, dir: &Path, id: Uuid) -> Result<Self, DiskError> {
        let file = match disk.open(&dir.join(NAME), Access::Write) {
            Ok(file) => Some(file),
            Err(DiskError::NotFound { .. }) => match make(disk, dir) {
                Ok(file) => Some(file),
                // D2: a context opens on a full disk.
                Err(DiskError::Full { .. }) => None,
                Err(cause) => return Err(cause),
            },
            Err(cause) => return Err(cause),
        };
        let (mut generation, mut until) = (0, None);
        for number in (0..2).filter(|_| file.is_some()) {
            let mut bytes = [0; RECORD_BYTES];
            if let Some(file) = &file {
                file.read_at(&mut bytes, record_at(number))?;
            }
            if let Some((newer, instant)) = decode(&bytes, id).filter(|(own, _)| *own > generation)
            {
                (generation, until) = (newer, Some(instant));
            }
        }
        Ok(Self { id, kept: Mutex::new(Kept { file, generation, until }) })
    }

    /// The latest instant that may have been told.
    pub(crate) fn until(&self) -> Option<Timestamp> {
        self.kept.lock().until
    }

    /// Sees to it that the file is not behind `instant`, durably.
    pub(crate) fn keep(&self, instant: Timestamp) -> Result<(), DiskError> {
        let mut kept = self.kept.lock();
        if Some(instant) <= kept.until {
            return Ok(());
        }
        self.write(&mut kept, instant.after(AHEAD))
    }

    /// Nothing behind `told` was told, and nobody asks any more.
    pub(crate) fn settle(&self, told: Option<Timestamp>) -> Result<(), DiskError> {
        let mut kept = self.kept.lock();
        assert!(told <= kept.until, "A6: an instant was told that was not kept");
        match told {
            Some(told) if Some(told) < kept.until => self.write(&mut kept, told),
            _ => Ok(()),
        }
    }

    fn write(&self, kept: &mut Kept, until: Timestamp) -> Result<(), DiskError> {
        let Some(file) = &kept.file else {
            return Err(DiskError::Full { what: "make", path: NAME.to_owned() });
        };
        let generation = kept.generation + 1;
        let mut block = AlignedBuf::zeroed(BLOCK_BYTES);
        block[..RECORD_BYTES].copy_from_slice(&encode(self.id, generation, until));
        assert!(generation > kept.generation, "A6: an older record would count");
        file.write_durable_at(&block, record_at(generation))?;
        (kept.generation, kept.until) = (generation, Some(until));
        Ok(())
    }
}

/// Makes the file: it is there with its room, or not at all.
fn make(disk: &dyn Disk, dir: &Path) -> Result<Arc<dyn File>, DiskError> {
    let (unfinished, path) = (dir.join(UNFINISHED), dir.join(NAME));
    let made = (|| {
        let file = disk.open(&unfinished, Access::Create)?;
        file.write_zeros(0, 2 * BLOCK_BYTES as u64)?;
        file.sync()
    })();
    if let Err(cause) = made {
        // Gives the room back; if that fails too, the next opening tries again.
        let _ = disk.remove(&unfinished);
        return Err(cause);
    }
    disk.rename(&unfinished, &path)?;
    disk.sync_dir(dir)?;
    disk.open(&path, Access::Write)
}

fn record_at(generation: u64) -> u64 {
    generation % 2 * BLOCK_BYTES as u64
}

fn crc(bytes: &[u8]) -> [u8; 4] {
    (crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, bytes) as u32).to_le_bytes()
}

fn encode(id: Uuid, generation: u64, until: Timestamp) -> [u8; RECORD_BYTES] {
    let mut bytes = [0; RECORD_BYTES];
    bytes[..8].copy_from_slice(MAGIC);
    bytes[8..24].copy_from_slice(id.as_bytes());
    bytes[24..32].copy_from_slice(&generation.to_le_bytes());
    bytes[32..40].copy_from_slice(&until.as_micros().to_le_bytes());
    let crc = crc(&bytes[..40]);
    bytes[40..].copy_from_slice(&crc);
    bytes
}

/// Generation and instant of a record, if it is whole and this context's.
fn decode(bytes: &[u8; RECORD_BYTES], id: Uuid) -> Option<(u64, Timestamp)> {
    let (covered, sum) = bytes.split_last_chunk::<4>()?;
    let is_ours =
        crc(covered) == *sum && &covered[..8] == MAGIC && covered[8..24] == *id.as_bytes();
    let number = |at: usize| covered[at..].first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
    let (generation, micros) = (number(24)?, number(32)?);
    is_ours.then_some((generation, Timestamp::from_micros(micros)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back_whole_and_only_for_its_own_context() {
        let (id, until) = (Uuid::from_u128(7), Timestamp::from_micros(1_234_567));
        let bytes = encode(id, 9, until);
        assert_eq!(decode(&bytes, id), Some((9, until)));
        assert_eq!(decode(&bytes, Uuid::from_u128(8)), None);
        for at in 0..RECORD_BYTES {
            let mut damaged = bytes;
            damaged[at] ^= 0x10;
            assert_eq!(decode(&damaged, id), None, "D1: byte {at}");
        }
        assert_eq!(decode(&[0; RECORD_BYTES], id), None, "a file that was only made");
    }
}
