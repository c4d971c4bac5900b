//! Healing: a damaged run is built again while the index is in use.
//!
//! Why: nothing in a run is not in the segments too. Until it is replaced, a read that needs what is
//! damaged gets an error; nobody has to open the store again.
//!
//! Picture: one run of four segments becomes four of one, which are merged again in time.
//! ```text
//!   ├──── run 7, damaged ────┤├─ run 8 ─┤   ─▶   ├ 9 ┤├ 10 ┤├ 11 ┤├ 12 ┤├─ run 8 ─┤
//! ```
//! Memory is that of one segment's part, as in the tail.
//!
//! After a crash: as long as the damaged run has its name, it is the one that counts, and the new
//! ones are removed as leftovers of a merge are; when it is gone, they follow each other without it.

use super::error::{AddError, IndexError};
use super::run::Run;
use super::seal::seal;
use super::tail::Part;
use super::{Entry, Index};
use hashbrown::HashMap;
use headwater_model::{Position, Revision};
use parking_lot::MutexGuard;
use std::ops::Range;
use std::sync::Arc;

/// A run that is being built again. Dropped before [`Rebuild::finish`], it changes nothing.
pub struct Rebuild<'a> {
    index: &'a Index,
    _no_merge: MutexGuard<'a, ()>,
    old: Arc<Run>,
    new: Vec<Arc<Run>>,
    part: Option<Part>,
    next: u64,
}

impl Index {
    /// Whom to wake when damage is met.
    pub fn when_damaged(&self, wake: impl Fn() + Send + Sync + 'static) {
        self.shelf.condemned().wake_by(wake);
    }

    /// How many damaged runs were built again since the index was opened.
    pub fn healed_count(&self) -> u64 {
        self.shelf.condemned().healed_count()
    }

    /// Begins to build again a run in which damage was met; `None`: there is none. Merging waits
    /// meanwhile, reads, adding and sealing do not.
    pub fn rebuild(&self) -> Option<Rebuild<'_>> {
        let waiting = self.shelf.condemned().waiting();
        if waiting.is_empty() {
            return None;
        }
        let no_merge = self.merging.lock();
        let view = self.view();
        for id in waiting {
            if let Some(old) = view.runs.iter().find(|run| run.id() == id) {
                let (old, next) = (Arc::clone(old), old.first());
                let (new, part) = (Vec::new(), None);
                return Some(Rebuild { index: self, _no_merge: no_merge, old, new, part, next });
            }
            // It was merged or replaced since.
            self.shelf.condemned().forget(id);
        }
        None
    }
}

impl Rebuild<'_> {
    /// The positions that it must be told of, from the first on.
    pub fn range(&self) -> Range<Position> {
        Position(self.old.first())..Position(self.old.end())
    }

    /// Tells of the next events, which stand in one segment. Those of another one begin a new run.
    ///
    /// # Errors
    /// The disk; or A3, these are not the events that must come next.
    pub fn add(&mut self, entries: &[Entry<'_>]) -> Result<(), AddError> {
        self.add_from(entries, &|_, _| false)
    }

    /// As [`Self::add`], of a segment that may have been scavenged: `begins` is asked whether all
    /// events of a stream before a revision may be gone.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub fn add_from(
        &mut self,
        entries: &[Entry<'_>],
        begins: &dyn Fn(&str, Revision) -> bool,
    ) -> Result<(), AddError> {
        let Some(Entry { place, .. }) = entries.first() else { return Ok(()) };
        if self.part.as_ref().is_some_and(|part| part.segment() != place.segment) {
            self.seal()?;
        }
        // A stream goes on here where its record says; the merge that follows compares neighbours.
        let mut firsts: HashMap<&str, u64> = HashMap::new();
        for entry in entries {
            firsts.entry(entry.stream).or_insert(entry.revision.0);
        }
        let part = self.part.get_or_insert_with(|| Part::new(self.next, place.segment, None));
        part.add(entries, |stream| Ok(firsts.get(stream).copied().unwrap_or(0)), begins)?;
        self.next += entries.len() as u64;
        Ok(())
    }

    /// Puts what was built in the place of the damaged run.
    ///
    /// # Errors
    /// The disk; nothing has changed then.
    ///
    /// # Panics
    /// A3: if it was not told of every event.
    pub fn finish(mut self) -> Result<(), IndexError> {
        self.seal()?;
        assert_eq!(self.next, self.old.end(), "A3: the run was not told of every event");
        let (index, old) = (self.index, Arc::clone(&self.old));
        let new = std::mem::take(&mut self.new);
        index.change(|view| {
            let at = view.runs.iter().position(|run| run.id() == old.id());
            let at = at.expect("only merging replaces runs, and it waits");
            view.runs.splice(at..=at, new);
        });
        index.shelf.condemned().healed(old.id());
        // What cannot be removed now counts again when the index is opened, and is met again.
        drop(index.shelf.remove(&old));
        Ok(())
    }

    /// The segments are damaged as well: this run is not tried again.
    pub fn give_up(self) {
        self.index.shelf.condemned().give_up(self.old.id());
    }

    fn seal(&mut self) -> Result<(), IndexError> {
        let Some(part) = self.part.take() else { return Ok(()) };
        let write = |file, stamp| seal(&part, file, stamp).map(|_| true);
        let range = (part.first(), part.end());
        let run = self.index.shelf.add(self.index.next_run(), range, write)?;
        self.new.extend(run.map(Arc::new));
        Ok(())
    }
}

impl Drop for Rebuild<'_> {
    /// What was built in vain is removed; what cannot be is when the index is opened.
    fn drop(&mut self) {
        self.new.iter().for_each(|run| drop(self.index.shelf.remove(run)));
    }
}
