//! Restoring: from a backup to a store that can be opened.
//!
//! Why: on the day it is needed nobody reads a manual. It goes into an empty place only, says what
//! it did, verifies what it wrote, and opens it once.
//!
//! Picture:
//! ```text
//!   pieces ──digests──▶ store.restoring/contexts/orders/journal/…seg, zeros behind the cut, mark
//!                         │ verified by the second opinion, opened, a new history begun, closed
//!                         ▼ all contexts
//!                       store          (one rename: there is a whole store or none)
//! ```
//! Invariants: A1 the cut is between two commits. C2 a restored context is a new incarnation, also
//! when nothing was cut: what came behind the backup may have been seen. D1 a piece that is not what
//! was written ends the restore.
//! After a crash: `store.restoring`, which nobody takes for a store.
//!
//! Not here: the index and what is held in memory. They are made again from the journal when the
//! context is opened; checkpoints and groups of the context itself are cut with its history, so none
//! of them lies behind it.

use crate::archive::Archive;
use crate::cut::{self, Cut, To};
use crate::error::BackupError;
use crate::image::{Image, mark_at, mark_file};
use crate::manifest::{ContextCopy, Manifest, Piece, SegmentCopy};
use crate::piece::CHUNK_BYTES;
use crate::progress::Progress;
use headwater_env::{Access, File};
use headwater_journal_file::Place;
use headwater_journal_file::format::segment_file_name;
use headwater_journal_file::mark::MARK_FILE;
use headwater_model::{ContextName, Incarnation, Position};
use headwater_store::{EmbeddedStore, Environment, Options};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a restore is made of.
pub struct Restore<'a> {
    /// Where the backup is.
    pub archive: &'a Archive,
    /// The backup.
    pub manifest: &'a Manifest,
    /// Of these contexts; none: of all.
    pub contexts: &'a [ContextName],
    /// What to come back to.
    pub to: To,
    /// The disk, the clock and the entropy of the new store.
    pub environment: Environment,
    /// How its contexts are kept.
    pub options: Options,
    /// Whoever looks on.
    pub progress: &'a dyn Progress,
}

/// A context as it was restored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RestoredContext {
    /// Which.
    pub name: ContextName,
    /// The last event that is there; `None`: there is none.
    pub last_position: Option<Position>,
    /// Events of the backup that are behind the cut.
    pub cut_count: u64,
    /// The event that was asked for is of a commit that holds later ones too, so all of it was cut.
    pub commit_was_cut: bool,
    /// The history that begins there.
    pub incarnation: Incarnation,
    /// Bytes that were written.
    pub bytes: u64,
}

/// The name under which a store is restored, beside its own.
const UNFINISHED: &str = "store.restoring";

/// Restores into `data`, which must be empty, as the store `data/store`.
///
/// # Errors
/// As [`BackupError`]; then there is no store in `data`.
pub fn restore(restore: &Restore<'_>, data: &Path) -> Result<Vec<RestoredContext>, BackupError> {
    let disk = &restore.environment.disk;
    disk.create_dir_all(data)?;
    let holds = disk.list(data)?;
    if !holds.is_empty() {
        let dir = data.display().to_string();
        return Err(BackupError::NotEmpty { dir, holds: holds.join(", ") });
    }
    let mut planned = Vec::new();
    for copy in restore.asked()? {
        let image = Image::new(restore.archive, copy);
        let cut = cut::find(&image, restore.to)?;
        restore.progress.expect(bytes_before(copy, &cut));
        planned.push((image, cut));
    }
    let root = data.join(UNFINISHED);
    let store = EmbeddedStore::open_in(restore.environment.clone(), &root, restore.options)?;
    let mut restored = Vec::new();
    for (image, cut) in &planned {
        restore.progress.doing(image.copy().name.as_str());
        let dir = store.context_dir(&image.copy().name);
        let bytes = restore.write(image, cut, &dir.join("journal"))?;
        restored.push(restore.begin(&store, image, cut, bytes)?);
    }
    // Closes every context.
    drop(store);
    disk.rename(&root, &data.join("store"))?;
    disk.sync_dir(data)?;
    Ok(restored)
}

/// Bytes of the copy that are kept.
fn bytes_before(copy: &ContextCopy, cut: &Cut) -> u64 {
    let whole = copy.segments.iter().filter(|segment| segment.segment < cut.segment);
    whole.map(|segment| u64::from(segment.bytes)).sum::<u64>() + u64::from(cut.at)
}

impl Restore<'_> {
    fn asked(&self) -> Result<Vec<&ContextCopy>, BackupError> {
        if self.contexts.is_empty() {
            return Ok(self.manifest.contexts.iter().collect());
        }
        let there = || {
            let names = self.manifest.contexts.iter().map(|context| context.name.as_str());
            names.collect::<Vec<_>>().join(", ")
        };
        let one = |name: &ContextName| {
            self.manifest.context(name).ok_or_else(|| BackupError::NoSuchContext {
                id: self.manifest.id.clone(),
                context: name.clone(),
                there: there(),
            })
        };
        self.contexts.iter().map(one).collect()
    }

    /// Writes the journal up to the cut, with its mark last.
    fn write(&self, image: &Image, cut: &Cut, dir: &Path) -> Result<u64, BackupError> {
        let disk = &self.environment.disk;
        disk.create_dir_all(dir)?;
        let mut bytes = 0;
        for segment in &image.copy().segments {
            if segment.segment > cut.segment {
                break;
            }
            bytes += self.segment(image, segment, cut, dir)?;
        }
        let end = Place { segment: cut.segment, at: cut.at };
        let mark = mark_at(&cut.header, end, cut.epoch, cut.next_slot, cut.chain);
        let file = disk.open(&dir.join(MARK_FILE), Access::Create)?;
        file.write_at(&mark_file(&mark), 0)?;
        file.sync()?;
        disk.sync_dir(dir)?;
        Ok(bytes)
    }

    /// Writes one segment, or its front part.
    fn segment(
        &self,
        image: &Image,
        segment: &SegmentCopy,
        cut: &Cut,
        dir: &Path,
    ) -> Result<u64, BackupError> {
        let is_last = segment.segment == cut.segment;
        let keep = if is_last { cut.at } else { segment.bytes };
        let path = dir.join(segment_file_name(segment.segment));
        let file = self.environment.disk.open(&path, Access::Create)?;
        let mut at = 0;
        for piece in segment.pieces.iter() {
            if at >= keep {
                break;
            }
            self.piece(image, piece, &*file, at, keep)?;
            at += piece.bytes;
        }
        let capacity = image.segment(segment)?.capacity;
        if is_last {
            // D2: room that the next commits need is taken now.
            file.write_zeros(u64::from(keep), u64::from(capacity))?;
        } else {
            file.set_len(u64::from(capacity))?;
        }
        file.sync()?;
        Ok(u64::from(keep))
    }

    /// Writes those bytes of a piece that are before `keep`, once all of it was seen to be sound.
    fn piece(
        &self,
        image: &Image,
        piece: &Piece,
        to: &dyn File,
        from: u32,
        keep: u32,
    ) -> Result<(), BackupError> {
        let source = self.archive.open_piece(&piece.sha256)?;
        let path = self.archive.piece(&piece.sha256);
        let mut digest = Sha256::new();
        let mut chunk = vec![0; CHUNK_BYTES];
        let mut at = 0;
        while at < piece.bytes {
            let want = CHUNK_BYTES.min((piece.bytes - at) as usize);
            let count = source.read_at(&mut chunk[..want], u64::from(at))?;
            if count < want {
                let end = u64::from(at) + count as u64;
                return Err(BackupError::damaged(&path, end, "the file ends here"));
            }
            digest.update(&chunk[..count]);
            let place = from + at;
            let kept = count.min(keep.saturating_sub(place) as usize);
            to.write_at(&chunk[..kept], u64::from(place))?;
            self.progress.advance(kept as u64);
            at += count as u32;
        }
        if hex::encode(digest.finalize()) == piece.sha256 {
            return Ok(());
        }
        Err(self.where_it_is(image, &path))
    }

    /// Which byte of a piece is damaged, from the frames that are in it.
    fn where_it_is(&self, image: &Image, path: &Path) -> BackupError {
        let file = path.display().to_string();
        let disk: Arc<dyn headwater_env::Disk> = Arc::new(image.clone());
        let report = headwater_store::verify(&disk, Path::new(crate::image::DIR));
        let found = report.ok().and_then(|report| {
            let mut places = report.damage().map(|corrupt| image.place_of(corrupt));
            places.find(|damage| damage.file == file)
        });
        match found {
            Some(damage) => BackupError::Damaged(damage),
            None => BackupError::damaged(path, 0, "its digest is another"),
        }
    }

    /// Verifies what was written, opens it, and begins its new history.
    fn begin(
        &self,
        store: &EmbeddedStore,
        image: &Image,
        cut: &Cut,
        bytes: u64,
    ) -> Result<RestoredContext, BackupError> {
        let copy = image.copy();
        let dir: PathBuf = store.context_dir(&copy.name);
        let report = headwater_store::verify(&self.environment.disk, &dir)?;
        if let Some(corrupt) = report.damage().next() {
            let path = Path::new(&corrupt.file);
            return Err(BackupError::damaged(path, corrupt.at, corrupt.why.clone()));
        }
        let context = store.embedded(&copy.name)?;
        let (incarnation, fork) = context.begin_incarnation()?;
        if fork.previous() != cut.last_position {
            let why = format!("the restored context goes on at {fork}");
            return Err(BackupError::damaged(&dir, 0, why));
        }
        let count = |last: Option<Position>| last.map_or(0, |last| last.0 + 1);
        let commit_was_cut = match self.to {
            To::Position(asked) => cut.last_position < Some(asked),
            To::End | To::Time(_) => false,
        };
        Ok(RestoredContext {
            name: copy.name.clone(),
            last_position: cut.last_position,
            cut_count: count(copy.last_position) - count(cut.last_position),
            commit_was_cut,
            incarnation,
            bytes,
        })
    }
}
