//! Replicas: the local copy of a journal that is elsewhere, and when it is thrown away.
//!
//! Why: the copy is not synced with each commit, and a disk rots like any other. What is lost of it
//! is lost of nothing: the journal has it. But a directory that is no copy must never be thrown
//! away, so a mark beside it says of which journal it is one.
//!
//! Picture:
//! ```text
//!   remote/  replica (whose copy)   journal/  index/  held/
//!             │ damaged, or not what the journal says           │
//!             └─ of this journal? ─▶ index, held, journal: removed ─▶ fetched again
//!                other, or none   ─▶ refused, nothing is touched
//! ```
//! Invariants: A2 and R2 do not depend on the copy. After a crash: what is built from the segments
//! is removed before them, so a removal that was cut short is found damaged and done again.

use crate::commit::{Commit, Control};
use headwater_env::{Access, Disk, DiskError};
use headwater_model::{Journal, JournalError, Slot};
use std::path::Path;
use uuid::Uuid;

/// The file that says whose copy a directory holds.
const NAME: &str = "replica";

const UNFINISHED: &str = "replica.tmp";

/// A directory that holds, or will hold, a copy.
#[derive(Clone, Copy)]
pub(crate) struct Copy<'a> {
    pub(crate) disk: &'a dyn Disk,
    pub(crate) dir: &'a Path,
}

impl Copy<'_> {
    /// Whether this directory was a copy of this very journal.
    pub(crate) fn is_of(self, journal: &dyn Journal) -> Result<bool, JournalError> {
        let Some(first) = journal.read(Slot::ZERO, 1)?.into_iter().next() else {
            return Ok(false);
        };
        let born = Commit::read(&first.body).and_then(|commit| commit.controls(commit.records()));
        let Some(Control::ContextBorn { id, .. }) =
            born.ok().and_then(|all| all.into_iter().next())
        else {
            return Ok(false);
        };
        Ok(self.marked().map_err(unavailable)? == Some(id))
    }

    /// Writes down whose copy this is, if that is not written.
    pub(crate) fn mark(self, id: Uuid) -> Result<(), DiskError> {
        if self.marked()? == Some(id) {
            return Ok(());
        }
        let unfinished = self.dir.join(UNFINISHED);
        let file = self.disk.open(&unfinished, Access::Create)?;
        file.write_at(id.hyphenated().to_string().as_bytes(), 0)?;
        file.sync()?;
        self.disk.rename(&unfinished, &self.dir.join(NAME))?;
        self.disk.sync_dir(self.dir)
    }

    fn marked(self) -> Result<Option<Uuid>, DiskError> {
        let file = match self.disk.open(&self.dir.join(NAME), Access::Read) {
            Ok(file) => file,
            Err(DiskError::NotFound { .. }) => return Ok(None),
            Err(cause) => return Err(cause),
        };
        let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
        file.read_at(&mut text, 0)?;
        // A mark that is not whole is none: nothing is thrown away on its word.
        Ok(Uuid::try_parse_ascii(&text).ok())
    }

    /// Removes everything that can be made from the journal again.
    pub(crate) fn discard(self) -> Result<(), JournalError> {
        self.empty("index", |_| true)?;
        // What was told (A6) is not in the journal.
        self.empty("held", |name| name.ends_with(".held"))?;
        self.empty("journal", |name| name != "lock")
    }

    fn empty(self, child: &str, goes: impl Fn(&str) -> bool) -> Result<(), JournalError> {
        let dir = self.dir.join(child);
        let names = match self.disk.list(&dir) {
            Ok(names) => names,
            Err(DiskError::NotFound { .. }) => return Ok(()),
            Err(cause) => return Err(unavailable(cause)),
        };
        for name in names.iter().filter(|name| goes(name)) {
            self.disk.remove(&dir.join(name)).map_err(unavailable)?;
        }
        self.disk.sync_dir(&dir).map_err(unavailable)
    }
}

fn unavailable(cause: DiskError) -> JournalError {
    JournalError::Unavailable(cause.into())
}
