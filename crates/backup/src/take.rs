//! Taking a backup: of contexts that are written to, into a directory.
//!
//! Why: nobody stops. Every context's point is taken first, in order of name, within moments of
//! each other; then the bytes before it are copied, however long that takes.
//!
//! Picture:
//! ```text
//!   points: crm@812  history@77  orders@4,711
//!   crm:  segment 0 known · 1 from byte 4,096 on ─▶ walk ─▶ piece ─▶ …
//!   …     all pieces durable ─▶ manifest ─▶ rename: now it is a backup
//! ```
//! Invariants: R1 what is kept of a context ends at its point, between two commits. D1 a frame that
//! is not what was written is not kept, and no backup comes of it.
//! After a crash: pieces that no manifest names; the next backup or `prune` goes over them.

use crate::archive::Archive;
use crate::error::BackupError;
use crate::manifest::{ContextCopy, Manifest, ManifestId, Parts, SegmentCopy};
use crate::piece::PieceWriter;
use crate::progress::Progress;
use crate::walk::{Misfit, Walk};
use headwater_env::Clock;
use headwater_journal_file::format::HEADER_BYTES;
use headwater_model::{
    ContextName, CopyAsked, CopyPoint, CopyReader, CopyStep, EventStore, JournalCopies,
    KnownSegment, Position, ReadError, Slot,
};
use std::sync::Arc;

/// Pieces of one segment, after which all of it is copied again as one: who takes a backup each
/// minute would else have a file for each minute.
const PIECE_COUNT_MAX: usize = 32;

/// How often a point is taken again that a scavenge overran.
const POINT_COUNT_MAX: u32 = 4;

/// Who takes a backup, of what, and when it is.
pub struct Take<'a> {
    /// Where it goes.
    pub archive: &'a Archive,
    /// Who takes it, for people.
    pub by: String,
    /// From where, for people.
    pub source: String,
    /// What begun-at and ended-at are taken from.
    pub clock: &'a dyn Clock,
    /// Whoever looks on.
    pub progress: &'a dyn Progress,
}

/// What was taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Taken {
    /// The backup.
    pub manifest: Manifest,
    /// Bytes that were copied; the others were there.
    pub copied_bytes: u64,
}

impl Take<'_> {
    /// Copies what is new of these contexts, and keeps it as a backup.
    ///
    /// # Errors
    /// As [`BackupError`]; then there is no new backup, and the ones before are as they were.
    pub async fn contexts(&self, contexts: &[Arc<dyn EventStore>]) -> Result<Taken, BackupError> {
        let _lock = self.archive.lock()?;
        self.archive.discard_unfinished()?;
        let taken = self.all(contexts).await;
        if taken.is_err() {
            // Gives the room back. If that fails too, the next backup does it.
            let _left_over = self.archive.discard_unfinished();
        }
        taken
    }

    async fn all(&self, contexts: &[Arc<dyn EventStore>]) -> Result<Taken, BackupError> {
        let begun_at = self.clock.now();
        let mut contexts: Vec<_> = contexts.iter().collect();
        contexts.sort_by(|one, other| one.context().cmp(other.context()));
        contexts.dedup_by(|one, other| one.context() == other.context());
        let ids = self.archive.ids()?;
        // One that has rotted is for `check` to tell of; nothing is built on it.
        let mut before = Before { archive: self.archive, left: ids.clone(), read: Vec::new() };
        let mut points = Vec::new();
        for context in &contexts {
            points.push(copies(&***context)?.point().await?);
        }
        let (mut taken, mut copied_bytes) = (Vec::new(), 0);
        for (context, point) in contexts.into_iter().zip(points) {
            self.progress.doing(context.context().as_str());
            let base = before.of(context.context())?;
            let (copy, bytes) = self.context(&**context, point, base.as_ref()).await?;
            taken.push(copy);
            copied_bytes += bytes;
        }
        let number = ids.last().map_or(1, |id| id.number().saturating_add(1));
        let manifest = Manifest::new(Parts {
            id: ManifestId::new(number, begun_at),
            previous: ids.last().cloned(),
            begun_at,
            ended_at: self.clock.now(),
            by: self.by.clone(),
            source: self.source.clone(),
            contexts: taken,
        });
        self.archive.keep(&manifest)?;
        Ok(Taken { manifest, copied_bytes })
    }

    async fn context(
        &self,
        context: &dyn EventStore,
        point: CopyPoint,
        base: Option<&ContextCopy>,
    ) -> Result<(ContextCopy, u64), BackupError> {
        let copies = copies(context)?;
        let mut point = point;
        for again in (0..POINT_COUNT_MAX).rev() {
            let copied = self.once(context.context(), copies, point.clone(), base).await;
            match copied {
                // Only a scavenge that overtakes the copy takes a point away.
                Err(BackupError::Read(ReadError::Invalid { .. })) if again > 0 => {
                    point = copies.point().await?;
                }
                copied => return copied,
            }
        }
        unreachable!("the last time it is answered as it comes")
    }

    async fn once(
        &self,
        name: &ContextName,
        copies: &dyn JournalCopies,
        until: CopyPoint,
        base: Option<&ContextCopy>,
    ) -> Result<(ContextCopy, u64), BackupError> {
        // Another history, or another context of that name: nothing is the same.
        let is_ours = |base: &&ContextCopy| {
            base.id == until.context && base.incarnations == until.incarnations
        };
        let base = base.filter(is_ours).map_or(&[][..], |base| &base.segments);
        let known = base.iter().filter(|known| may_go_on(known));
        let known = known.map(|known| KnownSegment {
            segment: known.segment,
            bytes: known.bytes,
            chain: known.chain,
        });
        let asked = CopyAsked { until: until.clone(), known: known.collect() };
        let mut reader = copies.copy(asked).await?;
        let (archive, progress) = (self.archive, self.progress);
        let mut copying = Copying { archive, progress, name, base, segments: Vec::new(), bytes: 0 };
        while let Some(step) = reader.next().await? {
            copying.step(step, &mut *reader).await?;
        }
        let Copying { segments, bytes, .. } = copying;
        let (last_position, last_recorded_at) = end(&segments);
        let CopyPoint { context: id, incarnations, .. } = until;
        let name = name.clone();
        let copy =
            ContextCopy { name, id, incarnations, last_position, last_recorded_at, segments };
        Ok((copy, bytes))
    }
}

/// Earlier backups, the newest first, read as they are asked for.
struct Before<'a> {
    archive: &'a Archive,
    left: Vec<ManifestId>,
    read: Vec<Manifest>,
}

impl Before<'_> {
    /// What the newest backup that has this context has of it.
    fn of(&mut self, name: &ContextName) -> Result<Option<ContextCopy>, BackupError> {
        loop {
            if let Some(copy) = self.read.iter().find_map(|manifest| manifest.context(name)) {
                return Ok(Some(copy.clone()));
            }
            let Some(id) = self.left.pop() else { return Ok(None) };
            match self.archive.manifest(&id) {
                Ok(manifest) => self.read.push(manifest),
                Err(BackupError::Damaged(_)) => {}
                Err(cause) => return Err(cause),
            }
        }
    }
}

/// Whether what is known of a segment is gone on from.
fn may_go_on(known: &SegmentCopy) -> bool {
    known.sealed || known.pieces.len() < PIECE_COUNT_MAX
}

fn end(segments: &[SegmentCopy]) -> (Option<Position>, Option<headwater_model::Timestamp>) {
    let last = segments.last().and_then(|last| last.next_position.previous());
    let recorded_at = segments.iter().rev().find_map(|segment| segment.last_recorded_at);
    (last, recorded_at)
}

fn copies(context: &dyn EventStore) -> Result<&dyn JournalCopies, BackupError> {
    let not_copied = || BackupError::NotCopied { context: context.context().clone() };
    context.journal_copies().ok_or_else(not_copied)
}

/// One context on its way.
struct Copying<'a> {
    archive: &'a Archive,
    progress: &'a dyn Progress,
    name: &'a ContextName,
    /// What an earlier backup has.
    base: &'a [SegmentCopy],
    segments: Vec<SegmentCopy>,
    bytes: u64,
}

impl Copying<'_> {
    fn damaged(&self, segment: u32, (at, why): Misfit) -> BackupError {
        BackupError::SourceDamaged { context: self.name.clone(), segment, at, why }
    }

    fn known(&self, segment: u32) -> Result<&SegmentCopy, BackupError> {
        let known = self.base.iter().find(|known| known.segment == segment);
        let misfit = (0, "what is said to be known is not".to_owned());
        known.ok_or_else(|| self.damaged(segment, misfit))
    }

    /// Where the next segment is to begin.
    fn next(&self) -> (u32, Slot, Position) {
        self.segments.last().map_or((0, Slot(0), Position::ZERO), |last| {
            (last.segment + 1, last.next_slot, last.next_position)
        })
    }

    fn take(&mut self, copy: SegmentCopy) -> Result<(), BackupError> {
        let (segment, slot, position) = self.next();
        if (copy.segment, copy.first_slot, copy.first_position) != (segment, slot, position) {
            let misfit = (0, format!("it does not follow segment {}", segment.wrapping_sub(1)));
            return Err(self.damaged(copy.segment, misfit));
        }
        self.segments.push(copy);
        Ok(())
    }

    async fn step(
        &mut self,
        step: CopyStep,
        reader: &mut dyn CopyReader,
    ) -> Result<(), BackupError> {
        match step {
            CopyStep::Known { segment } => {
                let known = self.known(segment)?.clone();
                self.take(known)
            }
            CopyStep::Begins { segment, from, to, .. } => {
                self.segment(segment, from, to, reader).await
            }
            CopyStep::Bytes(_) => {
                let (segment, ..) = self.next();
                Err(self.damaged(segment, (0, "bytes of no segment were sent".to_owned())))
            }
        }
    }

    async fn segment(
        &mut self,
        segment: u32,
        from: u32,
        to: u32,
        reader: &mut dyn CopyReader,
    ) -> Result<(), BackupError> {
        let short = || (from, "fewer bytes were sent than were announced".to_owned());
        let (mut walk, mut pieces) = self.walk(segment, from)?;
        let mut piece = PieceWriter::new(self.archive)?;
        self.progress.expect(u64::from(to.saturating_sub(from)));
        let mut left = to.saturating_sub(from);
        while left > 0 {
            let Some(CopyStep::Bytes(bytes)) = reader.next().await? else {
                return Err(self.damaged(segment, short()));
            };
            let count = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            left = left.checked_sub(count).ok_or_else(|| self.damaged(segment, short()))?;
            let walked = walk.push(&bytes, &mut |_, _| true);
            walked.map_err(|misfit| self.damaged(segment, misfit))?;
            piece.write(&bytes)?;
            self.bytes += u64::from(count);
            self.progress.advance(u64::from(count));
        }
        walk.ended().map_err(|misfit| self.damaged(segment, misfit))?;
        pieces.push(piece.finish()?);
        self.take(SegmentCopy {
            segment,
            bytes: to,
            sealed: walk.sealed,
            chain: walk.chain,
            first_slot: walk.first_slot,
            next_slot: walk.next_slot,
            first_position: walk.first_position,
            next_position: walk.next_position,
            until: walk.until,
            last_recorded_at: walk.last_recorded_at,
            pieces,
        })
    }

    /// What the bytes from `from` on follow.
    fn walk(
        &self,
        segment: u32,
        from: u32,
    ) -> Result<(Walk, Vec<crate::manifest::Piece>), BackupError> {
        if from == 0 {
            let (_, _, position) = self.next();
            return Ok((Walk::new(segment, position), Vec::new()));
        }
        let known = self.known(segment)?;
        if known.bytes != from {
            let misfit = (from, format!("{} bytes of it are known", known.bytes));
            return Err(self.damaged(segment, misfit));
        }
        let first = known.pieces.first().map_or("", |piece| &piece.sha256);
        let mut header = [0; HEADER_BYTES];
        self.archive.open_piece(first)?.read_at(&mut header, 0)?;
        let walk = Walk::resume(known, &header).map_err(|(at, why)| {
            BackupError::damaged(&self.archive.piece(first), u64::from(at), why)
        })?;
        Ok((walk, known.pieces.clone()))
    }
}
