//! Which segments may still hold something that was released.
//!
//! Why: a scavenge that was stopped, or whose machine was, goes on where it was; and the next one does
//! not read what the last one left as it should be.
//!
//! Invariants: the file is a hint. Without it, or if more was released than it knows of, every
//! segment is looked at. It never says that a segment is clean which is not.

use headwater_env::{Access, Disk, DiskError};
use headwater_model::ScavengeAsked;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const NAME: &str = "scavenge";
const UNFINISHED: &str = "scavenge.tmp";
const MAGIC: &[u8; 8] = b"HWSCAVE\x01";

/// No list of segments comes near this.
const FILE_BYTES_MAX: u64 = 64 * 1_024 * 1_024;

/// What is left to do.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Pending {
    /// How often events had been released.
    pub(super) release_count: u64,
    /// Segments that may hold some of those.
    pub(super) segments: Vec<u32>,
    /// What was asked, while a scavenge is under way.
    pub(super) under_way: Option<ScavengeAsked>,
}

/// The file.
#[derive(Clone, Debug)]
pub(super) struct PendingFile {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
}

impl PendingFile {
    pub(super) fn new(disk: Arc<dyn Disk>, dir: &Path) -> Self {
        Self { disk, dir: dir.to_owned() }
    }

    /// What it says; `None` if there is none that is whole.
    pub(super) fn read(&self) -> Result<Option<Pending>, DiskError> {
        let file = match self.disk.open(&self.dir.join(NAME), Access::Read) {
            Ok(file) => file,
            Err(DiskError::NotFound { .. }) => return Ok(None),
            Err(cause) => return Err(cause),
        };
        let len = file.len()?.min(FILE_BYTES_MAX);
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
        let count = file.read_at(&mut bytes, 0)?;
        Ok(parse(&bytes[..count]))
    }

    /// Writes it down.
    pub(super) fn write(&self, pending: &Pending) -> Result<(), DiskError> {
        let mut bytes = MAGIC.to_vec();
        serde_json::to_writer(&mut bytes, pending).expect("numbers have a JSON form");
        bytes.extend_from_slice(&crc(&bytes).to_le_bytes());
        let unfinished = self.dir.join(UNFINISHED);
        let file = self.disk.open(&unfinished, Access::Create)?;
        file.write_at(&bytes, 0)?;
        file.sync()?;
        self.disk.rename(&unfinished, &self.dir.join(NAME))?;
        self.disk.sync_dir(&self.dir)
    }
}

fn parse(bytes: &[u8]) -> Option<Pending> {
    let (covered, stored) = bytes.split_last_chunk::<4>()?;
    if crc(covered) != u32::from_le_bytes(*stored) {
        return None;
    }
    serde_json::from_slice(covered.strip_prefix(MAGIC)?).ok()
}

fn crc(bytes: &[u8]) -> u32 {
    crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, bytes) as u32
}
