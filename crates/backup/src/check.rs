//! Verifying backups: every byte, by those who did not write it.
//!
//! Why: a backup that was never looked at is a hope. Each piece is told from what it should be by
//! its digest; each journal in it is read by the store's second opinion, as if it were a store.
//!
//! Invariants: D1 each byte that is not what was written is told, with file and place; behind damage
//! it goes on. Nothing is written. A copy that is the front part of one that was verified is not
//! read again: it is the same pieces.

use crate::archive::Archive;
use crate::error::{BackupError, Damage};
use crate::image::{DIR, Image};
use crate::manifest::{ContextCopy, Manifest, ManifestId, Piece};
use crate::piece::each_chunk;
use crate::progress::Progress;
use headwater_env::{Disk, DiskError};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// What was found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Checked {
    /// The backups, the newest first, with how many events are in each.
    pub backups: Vec<(ManifestId, u64)>,
    /// Pieces that were read.
    pub piece_count: usize,
    /// Bytes of them.
    pub bytes: u64,
    /// Pieces of no backup: left by one that was not finished, or by a prune; `prune` removes them.
    pub unused_count: usize,
    /// All that is not as it should be.
    pub damage: Vec<Damage>,
}

/// Verifies all backups of a directory, or one.
///
/// # Errors
/// `NoSuchBackup`; the disk's, if it does not answer. Damage is no error: it is in the answer.
pub fn check(
    archive: &Archive,
    only: Option<&str>,
    progress: &dyn Progress,
) -> Result<Checked, BackupError> {
    let mut checked = Checked::default();
    let manifests = match only {
        None => {
            let (manifests, damage) = archive.all()?;
            checked.damage = damage;
            manifests
        }
        Some(id) => match archive.pick(Some(id)) {
            Err(BackupError::Damaged(damage)) => {
                checked.damage.push(damage);
                Vec::new()
            }
            picked => vec![picked?],
        },
    };
    let contexts = manifests.iter().flat_map(|manifest| &manifest.contexts);
    let pieces: BTreeMap<&str, &Piece> =
        contexts.flat_map(ContextCopy::pieces).map(|piece| (&*piece.sha256, piece)).collect();
    progress.expect(2 * pieces.values().map(|piece| u64::from(piece.bytes)).sum::<u64>());
    progress.doing("the digests");
    let mut bad = BTreeMap::new();
    for piece in pieces.values() {
        checked.piece_count += 1;
        checked.bytes += u64::from(piece.bytes);
        if let Some(damage) = check_piece(archive, piece, progress)? {
            bad.insert(damage.file.clone(), damage);
        }
    }
    check_journals(archive, &manifests, &mut checked, progress)?;
    // Where in a piece it is, the journal says; what the journal has no word for is told as it is.
    let told: BTreeSet<String> = checked.damage.iter().map(|damage| damage.file.clone()).collect();
    checked.damage.extend(bad.into_values().filter(|damage| !told.contains(&damage.file)));
    checked.damage.sort();
    checked.damage.dedup();
    if only.is_none() {
        let names = archive.piece_names()?;
        checked.unused_count = names.iter().filter(|name| !pieces.contains_key(&***name)).count();
    }
    Ok(checked)
}

fn check_piece(
    archive: &Archive,
    piece: &Piece,
    progress: &dyn Progress,
) -> Result<Option<Damage>, BackupError> {
    let path = archive.piece(&piece.sha256);
    let damage = |at: u64, why: String| Some(Damage { file: path.display().to_string(), at, why });
    let file = match archive.open_piece(&piece.sha256) {
        Err(BackupError::Damaged(damage)) => return Ok(Some(damage)),
        file => file?,
    };
    let bytes = u64::from(piece.bytes);
    let len = file.len()?;
    if len != bytes {
        return Ok(damage(len.min(bytes), format!("the file has {len} bytes, not {bytes}")));
    }
    let mut digest = Sha256::new();
    each_chunk(&*file, bytes, |chunk| {
        digest.update(chunk);
        progress.advance(chunk.len() as u64);
    })?;
    let digest = hex::encode(digest.finalize());
    let differs = digest != piece.sha256;
    Ok(differs.then(|| damage(0, format!("its digest is {digest}"))).flatten())
}

fn check_journals(
    archive: &Archive,
    manifests: &[Manifest],
    checked: &mut Checked,
    progress: &dyn Progress,
) -> Result<(), BackupError> {
    let mut verified: Vec<&ContextCopy> = Vec::new();
    for manifest in manifests {
        let mut events = 0;
        for copy in &manifest.contexts {
            progress.doing(copy.name.as_str());
            events += copy.last_position.map_or(0, |last| last.0 + 1);
            if verified.iter().any(|whole| is_front_of(copy, whole)) {
                continue;
            }
            check_journal(archive, manifest, copy, checked)?;
            progress.advance(copy.bytes());
            verified.push(copy);
        }
        checked.backups.push((manifest.id.clone(), events));
    }
    Ok(())
}

fn check_journal(
    archive: &Archive,
    manifest: &Manifest,
    copy: &ContextCopy,
    checked: &mut Checked,
) -> Result<(), BackupError> {
    let image = Image::new(archive, copy);
    let disk: Arc<dyn Disk> = Arc::new(image.clone());
    let report = match headwater_store::verify(&disk, Path::new(DIR)) {
        // A piece that is not there was told already.
        Err(DiskError::NotFound { .. }) => return Ok(()),
        report => report?,
    };
    checked.damage.extend(report.damage().map(|corrupt| image.place_of(corrupt)));
    let commits = copy.segments.last().map_or(0, |last| last.next_slot.0);
    if report.is_sound() && report.commit_count != commits {
        let why = format!("{} has {} commits, not {commits}", copy.name, report.commit_count);
        let file = archive.manifest_file(&manifest.id).display().to_string();
        checked.damage.push(Damage { file, at: 0, why });
    }
    Ok(())
}

/// Whether all of `copy` is in `whole`: the same pieces, as far as it goes.
fn is_front_of(copy: &ContextCopy, whole: &ContextCopy) -> bool {
    let last = copy.segments.len().saturating_sub(1);
    copy.id == whole.id
        && copy.segments.len() <= whole.segments.len()
        && copy.segments.iter().zip(&whole.segments).enumerate().all(|(n, (one, other))| {
            let same = one.pieces == other.pieces;
            same || n == last && other.pieces.starts_with(&one.pieces)
        })
}
