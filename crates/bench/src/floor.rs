//! The floor: the same bytes with the same number of syncs, and nothing else.
//!
//! Why: a store cannot be faster than its device. What it adds to this is its own doing.
//!
//! Picture: blocks of a fixed size, one after the other, into a file that was zeroed and synced
//! before the clock ran; each write returns when the device has it (`O_DIRECT | O_DSYNC`).

use anyhow::Context;
use headwater_env::{Access, AlignedBuf, BLOCK_BYTES, Disk, DurableWay, File, OsDisk};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Room that is zeroed at once; when it is used up, writing begins again at its start.
const FILE_BYTES: u64 = 64 * 1_024 * 1_024;

/// A pre-zeroed file.
pub(crate) struct Floor {
    file: Arc<dyn File>,
    path: PathBuf,
    blocks: AlignedBuf,
    at: u64,
    /// Bytes of a write on average.
    write_bytes: usize,
    /// Bytes that the writes so far were short of that average.
    owed_bytes: usize,
}

impl Floor {
    /// Zeroes a file in `dir`.
    pub(crate) fn prepare(dir: &Path) -> anyhow::Result<Self> {
        let path = dir.join("floor");
        let file = OsDisk::new().open(&path, Access::Create)?;
        file.write_zeros(0, FILE_BYTES)?;
        file.sync()?;
        OsDisk::new().sync_dir(dir)?;
        Ok(Self { file, path, blocks: AlignedBuf::zeroed(0), at: 0, write_bytes: 0, owed_bytes: 0 })
    }

    /// Whether writes go past the page cache.
    pub(crate) fn is_direct(&self) -> bool {
        self.file.durable_way() == DurableWay::Direct
    }

    /// Whether a store on this disk can work while the device does.
    pub(crate) fn overlaps(&self) -> bool {
        self.file.overlaps()
    }

    /// The following writes are of so many bytes on average; each is of whole blocks.
    pub(crate) fn set_write_bytes(&mut self, bytes: u64) -> anyhow::Result<()> {
        anyhow::ensure!(bytes <= FILE_BYTES / 2, "a write of {bytes} bytes is no group commit");
        self.write_bytes = usize::try_from(bytes)?.max(BLOCK_BYTES);
        self.owed_bytes = 0;
        let room = (self.write_bytes + BLOCK_BYTES).next_multiple_of(BLOCK_BYTES);
        self.blocks = AlignedBuf::zeroed(room);
        // Not zeros: a device may treat those as nothing to do.
        for (index, byte) in self.blocks.iter_mut().enumerate() {
            *byte = u8::try_from(index % 251).context("less than 251")?;
        }
        Ok(())
    }

    /// One write, durable when it returns.
    pub(crate) fn write(&mut self) -> anyhow::Result<()> {
        self.owed_bytes += self.write_bytes;
        let bytes = self.owed_bytes - self.owed_bytes % BLOCK_BYTES;
        self.owed_bytes -= bytes;
        self.write_blocks(bytes)
    }

    /// One write of so many bytes, in whole blocks, and no more than were said to be usual.
    pub(crate) fn write_of(&mut self, bytes: usize) -> anyhow::Result<()> {
        self.write_blocks(bytes.next_multiple_of(BLOCK_BYTES).min(self.blocks.len()))
    }

    fn write_blocks(&mut self, bytes: usize) -> anyhow::Result<()> {
        if self.at + bytes as u64 > FILE_BYTES {
            self.at = 0;
        }
        self.file.write_durable_at(&self.blocks[..bytes], self.at)?;
        self.at += bytes as u64;
        Ok(())
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        // A file left behind costs room, not correctness; the folder says what it is.
        let _left_behind = std::fs::remove_file(&self.path);
    }
}

/// Reads files, each up to its length, in pieces of a MiB and takes a checksum over each piece.
pub(crate) fn read_and_check(files: &[(PathBuf, u64)]) -> anyhow::Result<()> {
    const PIECE_BYTES: usize = 1_024 * 1_024;
    let mut piece = vec![0; PIECE_BYTES];
    for (path, length) in files {
        let file = OsDisk::new().open(path, Access::Read)?;
        for at in (0..*length).step_by(PIECE_BYTES) {
            let read = file.read_at(&mut piece, at)?;
            let algorithm = crc_fast::CrcAlgorithm::Crc32Iscsi;
            std::hint::black_box(crc_fast::checksum(algorithm, &piece[..read]));
        }
    }
    Ok(())
}
