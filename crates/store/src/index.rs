//! The index: from names to positions, from positions to places.
//!
//! Why: reads by stream, type, category or tag, and the questions every append asks (the head
//! of a stream, whether an id is new), must not depend on how many events there are. Neither all
//! events nor all names are in memory: what is sealed lives in sorted files and is read by page.
//!
//! Picture:
//! ```text
//!   add ──▶ tail (memory, one part per unsealed segment) ──seal_step──▶ run ──merge_step──▶ larger run
//!                      ▲                                                 ▲
//!   snapshot ──────────┴──── the parts and runs of one moment ───────────┘
//! ```
//!
//! Invariants: A3, every position and every revision once, without a gap. R1, a snapshot shows
//! nothing at or behind its end. D1 and D3, a run's bytes are right or an error.
//! Damage that a read meets is an error for that read; the run is built again in the background.
//! After a crash: what no run tells of is told again from the segments, from [`Index::end`] on.

mod condemned;
mod entry;
mod error;
mod heal;
mod key;
mod list;
mod merge;
mod postings;
mod run;
mod seal;
mod shelf;
mod snapshot;
mod tail;
mod view;

#[cfg(test)]
mod tests;

pub use entry::Entry;
pub use error::{AddError, IndexError};
pub use headwater_journal_file::Place;
pub use heal::Rebuild;
pub use key::Term;
pub use postings::{Cursor, Postings};
pub use snapshot::{Snapshot, StreamCheck, StreamHead, StreamRead};

use headwater_env::Disk;
use headwater_model::{Position, Revision};
use merge::{choose, merge};
use parking_lot::{Mutex, RwLock};
use run::Kept;
use seal::seal;
use shelf::{Found, Shelf};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tail::Part;
use view::View;

/// Where an index lives and what it may use.
#[derive(Clone, Debug)]
pub struct IndexOptions {
    /// The disk.
    pub disk: Arc<dyn Disk>,
    /// A directory of its own; made if it is not there.
    pub dir: PathBuf,
    /// Whose index this is. Stamped into every page, so that a file of another context, or of a
    /// history that a restore cut off, is refused.
    pub identity: u64,
    /// Memory for pages that were read, at most. Filled as reads ask for them.
    pub cache_bytes_max: usize,
}

/// The index of one context.
///
/// One thread adds; any number read; others work in the background on [`Index::seal_step`] and
/// [`Index::merge_step`], which may run side by side.
pub struct Index {
    shelf: Shelf,
    view: RwLock<Arc<View>>,
    next_run: AtomicU64,
    damage: Vec<IndexError>,
    sealing: Mutex<()>,
    merging: Mutex<()>,
}

impl Index {
    /// Opens the index in `options.dir`. It then knows all events before [`Index::end`]; tell it of
    /// the rest with [`Index::add`]. What is damaged or left over from a crash is removed, and the
    /// end is before it. Costs a few reads a run, however many events there are.
    ///
    /// # Errors
    /// The disk cannot be read.
    pub fn open(options: IndexOptions) -> Result<Self, IndexError> {
        let IndexOptions { disk, dir, identity, cache_bytes_max } = options;
        let kept = Arc::new(Kept::new(cache_bytes_max));
        let shelf = Shelf::new(disk, dir, identity, kept)?;
        let Found { runs, damage, next_id } = shelf.open()?;
        Ok(Self {
            shelf,
            view: RwLock::new(Arc::new(View { runs, parts: Vec::new() })),
            next_run: AtomicU64::new(next_id),
            damage,
            sealing: Mutex::new(()),
            merging: Mutex::new(()),
        })
    }

    /// What was damaged when the index was opened, and has been removed.
    pub fn damage(&self) -> &[IndexError] {
        &self.damage
    }

    /// The position behind the last event it was told of: the next to [`Index::add`].
    pub fn end(&self) -> Position {
        Position(self.view.read().end())
    }

    /// Tells of the next events, which stand in one segment. One thread only.
    ///
    /// The events are seen by snapshots that are taken with an end behind them, so tell of a whole
    /// commit before you publish the new end. The first event of another segment closes the part
    /// of the one before.
    ///
    /// # Errors
    /// A3: a revision is not the one behind its stream's last, or that could not be read. The index
    /// is not to be used any more.
    ///
    /// # Panics
    /// A3: if a position is not the one behind the last.
    pub fn add(&self, entries: &[Entry<'_>]) -> Result<(), AddError> {
        self.add_from(entries, &|_, _| false)
    }

    /// As [`Self::add`], of a segment that may have been scavenged: `begins` is asked whether all
    /// events of a stream before a revision may be gone.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub fn add_from(
        &self,
        entries: &[Entry<'_>],
        begins: &dyn Fn(&str, Revision) -> bool,
    ) -> Result<(), AddError> {
        let Some(Entry { position, place, .. }) = entries.first() else { return Ok(()) };
        let one_segment = entries.iter().all(|entry| entry.place.segment == place.segment);
        assert!(one_segment, "a commit stands in one segment");
        let before = |stream: &str| {
            let head = self.snapshot(*position).head(stream)?;
            Ok(head.map_or(0, |head| head.last.0 + 1))
        };
        let open = self.view.read().parts.last().map(Arc::clone);
        match open {
            Some(part) if part.segment() == place.segment => part.add(entries, before, begins),
            last => {
                assert_eq!(*position, self.end(), "A3: the index was not told of every event");
                let part = Part::new(position.0, place.segment, last.as_deref());
                part.add(entries, before, begins)?;
                self.change(|view| view.parts.push(Arc::new(part)));
                Ok(())
            }
        }
    }

    /// Forgets the events from `end` on: a commit that it was told of last, and that was then refused.
    /// As if it had never been told. One thread only, the one that adds.
    ///
    /// # Panics
    /// A3: if they reach back into a closed part.
    pub fn forget_from(&self, end: Position) {
        let open = self.view.read().parts.last().map(Arc::clone);
        let Some(part) = open.filter(|part| end.0 < part.end()) else { return };
        assert!(part.first() <= end.0, "A3: only what was told last is forgotten");
        if part.first() == end.0 {
            self.change(|view| drop(view.parts.pop()));
        } else {
            part.forget_from(end.0);
        }
    }

    /// The index as of `until`, exclusive; at most [`Index::end`].
    pub fn snapshot(&self, until: Position) -> Snapshot {
        Snapshot::new(self.view(), until)
    }

    /// Turns the oldest closed part of the tail into a run. `true`: there was one, ask again.
    /// Blocks; call it from a background thread.
    ///
    /// # Errors
    /// The disk; nothing has changed then.
    pub fn seal_step(&self) -> Result<bool, IndexError> {
        let _one_at_a_time = self.sealing.lock();
        let view = self.view();
        let [part, _, ..] = view.parts.as_slice() else { return Ok(false) };
        let range = (part.first(), part.end());
        let write = |file, stamp| seal(part, file, stamp).map(|_| true);
        let Some(run) = self.shelf.add(self.next_run(), range, write)? else { return Ok(false) };
        self.change(|view| {
            view.runs.push(Arc::new(run));
            view.parts.remove(0);
        });
        Ok(true)
    }

    /// Merges a few neighbouring runs into one, if enough have gathered. `true`: it did, ask again.
    /// Blocks, for minutes when runs are large, unless `keep_going` says no; then nothing has changed.
    ///
    /// # Errors
    /// The disk, or damage in one of the runs; nothing has changed then.
    pub fn merge_step(&self, keep_going: &dyn Fn() -> bool) -> Result<bool, IndexError> {
        self.merge_step_from(keep_going, &|_, _| false)
    }

    /// As [`Self::merge_step`], of segments that may have been scavenged: `begins` is asked whether
    /// all events of a stream before a revision may be gone.
    ///
    /// # Errors
    /// As [`Self::merge_step`].
    pub fn merge_step_from(
        &self,
        keep_going: &dyn Fn() -> bool,
        begins: &dyn Fn(&str, Revision) -> bool,
    ) -> Result<bool, IndexError> {
        let _one_at_a_time = self.merging.lock();
        let view = self.view();
        let Some(chosen) = choose(&view.runs) else { return Ok(false) };
        let old = &view.runs[chosen.clone()];
        let range = (old[0].first(), old[old.len() - 1].end());
        let write = |file, stamp| Ok(merge(old, (file, stamp), keep_going, begins)?.is_some());
        let Some(run) = self.shelf.add(self.next_run(), range, write)? else { return Ok(false) };
        // Sealing only adds behind them, so they are still where they were.
        self.change(|view| drop(view.runs.splice(chosen, [Arc::new(run)])));
        // What cannot be removed now is removed when the index is opened.
        old.iter().for_each(|run| drop(self.shelf.remove(run)));
        Ok(true)
    }

    /// Reads every page of every run; what is damaged is the answer.
    ///
    /// # Errors
    /// The disk.
    pub fn verify(&self) -> Result<Vec<IndexError>, IndexError> {
        let mut damage = Vec::new();
        for run in &self.view().runs {
            match run.verify() {
                Ok(()) => {}
                Err(error @ IndexError::Damaged { .. }) => damage.push(error),
                Err(error) => return Err(error),
            }
        }
        Ok(damage)
    }

    fn next_run(&self) -> u64 {
        self.next_run.fetch_add(1, Ordering::Relaxed)
    }

    fn view(&self) -> Arc<View> {
        Arc::clone(&self.view.read())
    }

    fn change(&self, change: impl FnOnce(&mut View)) {
        let mut view = self.view.write();
        change(Arc::make_mut(&mut view));
    }
}
