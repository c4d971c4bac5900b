//! Forgetting old backups, and the pieces that no other one has.
//!
//! Invariants: A2 a manifest goes before its pieces, so what a crash leaves is no backup with holes.
//! D1 as long as one manifest cannot be read, nobody knows what it needs: nothing is removed.

use crate::archive::Archive;
use crate::error::BackupError;
use crate::manifest::{ContextCopy, ManifestId};
use std::collections::BTreeSet;

/// What was forgotten.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Pruned {
    /// Backups.
    pub forgotten: Vec<ManifestId>,
    /// Those that are still there, the oldest first.
    pub kept: Vec<ManifestId>,
    /// Pieces that were removed.
    pub piece_count: usize,
    /// Bytes of them.
    pub bytes: u64,
}

/// Forgets all backups but the newest `keep`, at least one; and removes the pieces of none.
///
/// # Errors
/// `Damaged` if a manifest cannot be read; the disk's.
pub fn prune(archive: &Archive, keep: usize) -> Result<Pruned, BackupError> {
    let _lock = archive.lock()?;
    archive.discard_unfinished()?;
    let (mut kept, damage) = archive.all()?;
    if let Some(damage) = damage.into_iter().next() {
        return Err(BackupError::Damaged(damage));
    }
    let old = kept.split_off(keep.max(1).min(kept.len()));
    let mut pruned = Pruned::default();
    for manifest in old.iter().rev() {
        archive.forget(&manifest.id)?;
        pruned.forgotten.push(manifest.id.clone());
    }
    let contexts = kept.iter().flat_map(|manifest| &manifest.contexts);
    let needed: BTreeSet<&str> =
        contexts.flat_map(ContextCopy::pieces).map(|piece| &*piece.sha256).collect();
    for name in archive.piece_names()? {
        if needed.contains(&*name) {
            continue;
        }
        pruned.bytes += archive.open_piece(&name)?.len()?;
        archive.disk.remove(&archive.piece(&name))?;
        pruned.piece_count += 1;
    }
    archive.disk.sync_dir(&archive.pieces())?;
    pruned.kept = kept.into_iter().rev().map(|manifest| manifest.id).collect();
    Ok(pruned)
}
