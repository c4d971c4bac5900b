//! Lists: the postings of one key in one part or run, read block by block.
//!
//! Why: a reader of postings must not care whether they are in memory or on disk, inline or in
//! a thousand pages; and it must never hold more than a block of them.
//!
//! Picture: `rank 0 … count` ↔ positions, rising. A block is some ranks that are cheap together.

use super::error::IndexError;
use super::key::Key;
use super::run::{Run, Value};
use super::tail::Part;
use headwater_model::Position;
use std::sync::Arc;

/// Postings copied from the tail at once: short enough a hold of the lock, long enough to forget it.
const TAIL_BLOCK_COUNT: u64 = 256;

/// The postings of one key in one part or run, clipped to a snapshot.
#[derive(Clone)]
pub(crate) struct List {
    /// How many there are, at least one.
    pub(crate) count: u64,
    /// For a stream: the revision of the first.
    pub(crate) revision: u64,
    source: Source,
}

#[derive(Clone)]
enum Source {
    Part(Arc<Part>),
    Run(Arc<Run>, Arc<Value>),
}

impl List {
    /// What `part` has under `key` below `until`.
    pub(crate) fn of_part(part: &Arc<Part>, key: Key<'_>, until: u64) -> Option<Self> {
        let (count, revision) = part.count(key, until)?;
        Some(Self { count, revision, source: Source::Part(Arc::clone(part)) })
    }

    /// What `run` has under `key` below `until`.
    pub(crate) fn of_run(
        run: &Arc<Run>,
        key: Key<'_>,
        until: u64,
    ) -> Result<Option<Self>, IndexError> {
        match run.get(key)? {
            Some(value) => Self::of_value(run, value, until),
            None => Ok(None),
        }
    }

    /// A value of `run`, below `until`.
    pub(crate) fn of_value(
        run: &Arc<Run>,
        value: Arc<Value>,
        until: u64,
    ) -> Result<Option<Self>, IndexError> {
        let count = match until < run.end() {
            true => u64::from(run.rank(&value, own(run, until))?),
            false => u64::from(value.count),
        };
        let revision = value.revision;
        let source = Source::Run(Arc::clone(run), value);
        Ok((count > 0).then_some(Self { count, revision, source }))
    }

    /// How many postings stand before `position`.
    pub(crate) fn rank(&self, key: Key<'_>, position: u64) -> Result<u64, IndexError> {
        let rank = match &self.source {
            Source::Part(part) => part.rank(key, position),
            Source::Run(run, value) => u64::from(run.rank(value, own(run, position))?),
        };
        Ok(rank.min(self.count))
    }

    /// The position of the last posting.
    pub(crate) fn last(&self, key: Key<'_>) -> Result<u64, IndexError> {
        match &self.source {
            Source::Part(part) => {
                let mut last = Vec::with_capacity(1);
                part.positions(key, self.count - 1, 1, &mut last);
                Ok(*last.first().expect("a part never forgets a posting"))
            }
            Source::Run(run, value) if self.count == u64::from(value.count) => {
                Ok(run.first() + u64::from(value.last()))
            }
            Source::Run(..) => {
                let mut block = Vec::new();
                self.block(key, self.count - 1, &mut block)?;
                Ok(*block.last().expect("a block holds the rank it was asked for"))
            }
        }
    }

    /// For each of these fingerprints, by its place among them, the positions below `until` of the
    /// stream's events whose ids have it.
    pub(crate) fn candidates(
        &self,
        key: Key<'_>,
        fingerprints: &[u32],
        until: u64,
        out: &mut Vec<(usize, Position)>,
    ) -> Result<(), IndexError> {
        match &self.source {
            Source::Part(part) => drop(part.check(key, fingerprints, until, out)),
            Source::Run(run, value) => {
                let mut found = Vec::new();
                run.candidates(key, value, fingerprints, &mut found)?;
                let positions = found.iter().map(|(n, own)| (*n, run.first() + u64::from(*own)));
                let below = positions.filter(|(_, position)| *position < until);
                out.extend(below.map(|(n, position)| (n, Position(position))));
            }
        }
        Ok(())
    }

    /// Fills `out` with the positions around `rank` and gives the rank of the first of them.
    /// `rank` must be below `count`, and is among them; those behind `count` are not.
    pub(crate) fn block(
        &self,
        key: Key<'_>,
        rank: u64,
        out: &mut Vec<u64>,
    ) -> Result<u64, IndexError> {
        out.clear();
        let start = match &self.source {
            Source::Part(part) => {
                let start = rank - rank % TAIL_BLOCK_COUNT;
                part.positions(key, start, TAIL_BLOCK_COUNT as usize, out);
                start
            }
            Source::Run(run, value) => {
                let mut block = Vec::new();
                let rank = u32::try_from(rank).unwrap_or(u32::MAX);
                let start = run.postings_block(value, rank, &mut block)?;
                out.extend(block.iter().map(|n| run.first() + u64::from(*n)));
                u64::from(start)
            }
        };
        out.truncate(usize::try_from(self.count - start).unwrap_or(usize::MAX));
        Ok(start)
    }
}

/// A position counted from the run's first, as far as the run goes.
fn own(run: &Run, position: u64) -> u32 {
    u32::try_from(position.saturating_sub(run.first())).unwrap_or(u32::MAX)
}
