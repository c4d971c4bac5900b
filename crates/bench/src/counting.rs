//! A disk that counts: how many durable writes and syncs were made, and how many bytes they held.
//!
//! Why: the floor must write the same bytes with the same number of syncs as Headwater did, and
//! what Headwater did is counted, not assumed.

use headwater_env::{Access, DirLock, Disk, DiskError, DurableWay, File, OsDisk};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What was asked of the disk.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    durable_writes: AtomicU64,
    durable_bytes: AtomicU64,
    syncs: AtomicU64,
}

/// Counts at one moment, or between two.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counted {
    /// Writes that were durable when they returned.
    pub(crate) durable_writes: u64,
    /// Their bytes.
    pub(crate) durable_bytes: u64,
    /// Syncs apart from those.
    pub(crate) syncs: u64,
}

impl Counts {
    /// How many so far.
    pub(crate) fn now(&self) -> Counted {
        Counted {
            durable_writes: self.durable_writes.load(Relaxed),
            durable_bytes: self.durable_bytes.load(Relaxed),
            syncs: self.syncs.load(Relaxed),
        }
    }
}

impl Counted {
    /// What came since `before`.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            durable_writes: self.durable_writes - before.durable_writes,
            durable_bytes: self.durable_bytes - before.durable_bytes,
            syncs: self.syncs - before.syncs,
        }
    }

    /// What both did.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            durable_writes: self.durable_writes + other.durable_writes,
            durable_bytes: self.durable_bytes + other.durable_bytes,
            syncs: self.syncs + other.syncs,
        }
    }

    /// Bytes of one durable write, on average.
    pub(crate) fn bytes_per_write(self) -> u64 {
        self.durable_bytes.checked_div(self.durable_writes).unwrap_or(0)
    }
}

/// The operating system's disk, counting.
#[derive(Debug, Default)]
pub(crate) struct CountingDisk {
    disk: OsDisk,
    counts: Arc<Counts>,
}

impl CountingDisk {
    /// Where the counts are.
    pub(crate) fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.counts)
    }
}

impl Disk for CountingDisk {
    fn open(&self, path: &Path, access: Access) -> Result<Arc<dyn File>, DiskError> {
        let file = self.disk.open(path, access)?;
        Ok(Arc::new(CountingFile { file, counts: Arc::clone(&self.counts) }))
    }

    fn list(&self, dir: &Path) -> Result<Vec<String>, DiskError> {
        self.disk.list(dir)
    }

    fn create_dir_all(&self, dir: &Path) -> Result<(), DiskError> {
        self.disk.create_dir_all(dir)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        self.disk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> Result<(), DiskError> {
        self.disk.remove(path)
    }

    fn sync_dir(&self, dir: &Path) -> Result<(), DiskError> {
        self.counts.syncs.fetch_add(1, Relaxed);
        self.disk.sync_dir(dir)
    }

    fn lock(&self, path: &Path, owner: &str) -> Result<DirLock, DiskError> {
        self.disk.lock(path, owner)
    }
}

#[derive(Debug)]
struct CountingFile {
    file: Arc<dyn File>,
    counts: Arc<Counts>,
}

impl File for CountingFile {
    fn read_at(&self, buf: &mut [u8], at: u64) -> Result<usize, DiskError> {
        self.file.read_at(buf, at)
    }

    fn write_at(&self, bytes: &[u8], at: u64) -> Result<(), DiskError> {
        self.file.write_at(bytes, at)
    }

    fn write_durable_at(&self, blocks: &[u8], at: u64) -> Result<(), DiskError> {
        self.counts.durable_writes.fetch_add(1, Relaxed);
        self.counts.durable_bytes.fetch_add(blocks.len() as u64, Relaxed);
        self.file.write_durable_at(blocks, at)
    }

    fn write_durable_while(
        &self,
        blocks: &[u8],
        at: u64,
        meanwhile: &mut dyn FnMut(),
    ) -> Result<(), DiskError> {
        self.counts.durable_writes.fetch_add(1, Relaxed);
        self.counts.durable_bytes.fetch_add(blocks.len() as u64, Relaxed);
        self.file.write_durable_while(blocks, at, meanwhile)
    }

    fn overlaps(&self) -> bool {
        self.file.overlaps()
    }

    fn durable_way(&self) -> DurableWay {
        self.file.durable_way()
    }

    fn sync(&self) -> Result<(), DiskError> {
        self.counts.syncs.fetch_add(1, Relaxed);
        self.file.sync()
    }

    fn len(&self) -> Result<u64, DiskError> {
        self.file.len()
    }

    fn set_len(&self, len: u64) -> Result<(), DiskError> {
        self.file.set_len(len)
    }

    fn write_zeros(&self, from: u64, to: u64) -> Result<(), DiskError> {
        self.file.write_zeros(from, to)
    }

    fn forget_cached(&self) {
        self.file.forget_cached();
    }
}
