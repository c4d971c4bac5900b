//! Writing one piece: bytes to a file whose name is their digest.
//!
//! Invariants: A2 the name is given when all bytes are durable. D1 they are read back from the disk
//! before the piece counts.

use crate::archive::Archive;
use crate::error::BackupError;
use crate::manifest::Piece;
use headwater_env::{Access, DiskError, File};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Bytes that are read or written at once.
pub(crate) const CHUNK_BYTES: usize = 256 * 1_024;

/// Bytes behind which they are made durable: so the device does not get all of them at the end.
const SYNC_BYTES: u64 = 8 << 20;

/// A piece that is being written.
pub(crate) struct PieceWriter<'a> {
    archive: &'a Archive,
    file: Arc<dyn File>,
    digest: Sha256,
    bytes: u64,
    synced: u64,
}

impl<'a> PieceWriter<'a> {
    pub(crate) fn new(archive: &'a Archive) -> Result<Self, BackupError> {
        let file = archive.disk.open(&archive.unfinished(), Access::Create)?;
        Ok(Self { archive, file, digest: Sha256::new(), bytes: 0, synced: 0 })
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        self.file.write_at(bytes, self.bytes)?;
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
        if self.bytes - self.synced >= SYNC_BYTES {
            self.file.sync()?;
            self.synced = self.bytes;
        }
        Ok(())
    }

    /// Gives the piece its name.
    pub(crate) fn finish(self) -> Result<Piece, BackupError> {
        let Self { archive, file, digest, bytes, .. } = self;
        file.sync()?;
        let sha256 = hex::encode(digest.finalize());
        // From the device, as far as the system lets us say so.
        file.forget_cached();
        drop(file);
        let file = archive.disk.open(&archive.unfinished(), Access::Read)?;
        if digest_of(&*file, bytes)? != sha256 {
            let why = "what was written does not read back";
            return Err(BackupError::damaged(&archive.unfinished(), 0, why));
        }
        archive.disk.rename(&archive.unfinished(), &archive.piece(&sha256))?;
        let bytes = u32::try_from(bytes).expect("no segment is that large");
        Ok(Piece { bytes, sha256 })
    }
}

/// The digest of a file's first bytes.
pub(crate) fn digest_of(file: &dyn File, bytes: u64) -> Result<String, DiskError> {
    let mut digest = Sha256::new();
    each_chunk(file, bytes, |chunk| digest.update(chunk))?;
    Ok(hex::encode(digest.finalize()))
}

/// A file's first bytes, in chunks; fewer if it is shorter.
pub(crate) fn each_chunk(
    file: &dyn File,
    bytes: u64,
    mut take: impl FnMut(&[u8]),
) -> Result<(), DiskError> {
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut at = 0;
    while at < bytes {
        let want = usize::try_from(bytes - at).map_or(CHUNK_BYTES, |left| left.min(CHUNK_BYTES));
        let count = file.read_at(&mut chunk[..want], at)?;
        take(&chunk[..count]);
        at += count as u64;
        if count < want {
            break;
        }
    }
    Ok(())
}
