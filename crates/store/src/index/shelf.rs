//! The shelf: the directory that runs stand in.
//!
//! Why: which runs make up the index is told by their names alone; there is no list of them that
//! could disagree with them.
//!
//! Picture:
//! ```text
//!   write `….tmp`, sync ─▶ rename to `first-end.id.run`, sync the directory ─▶ remove what it replaces
//! ```
//!
//! Invariants: D1, a file has its name only when all its bytes are durable. A run that lies within
//! another is a leftover of a merge. After a crash at any point the runs that follow each other
//! from position 0 on are right; the rest is removed and built again.

use super::condemned::Condemned;
use super::error::IndexError;
use super::run::{Kept, Run, RunFile, Stamp};
use headwater_env::{Access, Disk, DiskError, File};
use std::path::PathBuf;
use std::sync::Arc;

const RUN: &str = ".run";
const UNFINISHED: &str = ".tmp";

/// Where runs are kept.
pub(crate) struct Shelf {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    identity: u64,
    kept: Arc<Kept>,
    condemned: Arc<Condemned>,
}

/// What a run's name says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Label {
    /// Its first position.
    pub(crate) first: u64,
    /// The position behind its last.
    pub(crate) end: u64,
    /// Its id.
    pub(crate) id: u64,
}

/// The runs found when the index was opened.
pub(crate) struct Found {
    /// They follow each other from position 0 on.
    pub(crate) runs: Vec<Arc<Run>>,
    /// What was damaged and has been removed.
    pub(crate) damage: Vec<IndexError>,
    /// An id that no run has.
    pub(crate) next_id: u64,
}

impl Label {
    fn file_name(self) -> String {
        format!("{:020}-{:020}.{:010}{RUN}", self.first, self.end, self.id)
    }

    fn parse(name: &str) -> Option<Self> {
        let (range, id) = name.strip_suffix(RUN)?.split_once('.')?;
        let (first, end) = range.split_once('-')?;
        let label =
            Self { first: first.parse().ok()?, end: end.parse().ok()?, id: id.parse().ok()? };
        // A name written in another way is not ours.
        (label.file_name() == name && label.first < label.end).then_some(label)
    }
}

impl Shelf {
    /// The shelf in `dir`, which is made if it is not there.
    pub(crate) fn new(
        disk: Arc<dyn Disk>,
        dir: PathBuf,
        identity: u64,
        kept: Arc<Kept>,
    ) -> Result<Self, DiskError> {
        disk.create_dir_all(&dir)?;
        Ok(Self { disk, dir, identity, kept, condemned: Arc::default() })
    }

    /// The runs in which damage was met.
    pub(crate) fn condemned(&self) -> &Condemned {
        &self.condemned
    }

    /// Opens the runs that follow each other from position 0 on and removes all others.
    ///
    /// # Errors
    /// The disk. Damage is no error: the run is removed, and what it told is to be told again.
    pub(crate) fn open(&self) -> Result<Found, IndexError> {
        let names = self.disk.list(&self.dir)?;
        let mut labels: Vec<Label> = names.iter().filter_map(|name| Label::parse(name)).collect();
        // Of two that begin alike the longer was merged from the shorter.
        labels.sort_by_key(|label| (label.first, u64::MAX - label.end, u64::MAX - label.id));
        let next_id = labels.iter().map(|label| label.id).max().map_or(0, |id| id + 1);
        let mut found = Found { runs: Vec::new(), damage: Vec::new(), next_id };
        let mut leftovers: Vec<String> =
            names.into_iter().filter(|name| name.ends_with(UNFINISHED)).collect();
        let mut end = 0;
        for label in labels {
            if label.first != end {
                leftovers.push(label.file_name());
                continue;
            }
            match self.load(label) {
                Ok(run) => {
                    end = label.end;
                    found.runs.push(Arc::new(run));
                }
                Err(damage @ IndexError::Damaged { .. }) => {
                    leftovers.push(label.file_name());
                    found.damage.push(damage);
                }
                Err(error) => return Err(error),
            }
        }
        for name in &leftovers {
            self.disk.remove(&self.dir.join(name))?;
        }
        Ok(found)
    }

    /// Writes a run by `write`, gives it its name, and opens it. `None` if `write` gave up.
    ///
    /// # Errors
    /// What `write` says, or the disk. The shelf has not changed then.
    pub(crate) fn add(
        &self,
        id: u64,
        (first, end): (u64, u64),
        write: impl FnOnce(Arc<dyn File>, Stamp) -> Result<bool, IndexError>,
    ) -> Result<Option<Run>, IndexError> {
        let label = Label { first, end, id };
        let unfinished = self.dir.join(format!("{}{UNFINISHED}", label.file_name()));
        let file = self.disk.open(&unfinished, Access::Create)?;
        let written = write(Arc::clone(&file), self.stamp(id));
        drop(file);
        if !matches!(written, Ok(true)) {
            // What cannot be removed now is removed when the index is opened.
            let removed = self.disk.remove(&unfinished);
            written?;
            removed?;
            return Ok(None);
        }
        self.disk.rename(&unfinished, &self.dir.join(label.file_name()))?;
        self.disk.sync_dir(&self.dir)?;
        self.load(label).map(Some)
    }

    /// Takes a run off the shelf. Who holds it can still read it.
    pub(crate) fn remove(&self, run: &Run) -> Result<(), DiskError> {
        let (first, end, id) = (run.first(), run.end(), run.id());
        self.disk.remove(&self.dir.join(Label { first, end, id }.file_name()))
    }

    fn load(&self, label: Label) -> Result<Run, IndexError> {
        let path = self.dir.join(label.file_name());
        let file = self.disk.open(&path, Access::Read)?;
        let name = path.display().to_string();
        let (stamp, range) = (self.stamp(label.id), (label.first, label.end));
        let shared = (Arc::clone(&self.kept), Arc::clone(&self.condemned));
        let file = RunFile::open(file, name, stamp, range, shared)?;
        Run::open(file, stamp, range)
    }

    fn stamp(&self, run: u64) -> Stamp {
        Stamp { identity: self.identity, run }
    }
}
