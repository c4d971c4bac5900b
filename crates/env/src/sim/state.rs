//! What a simulated disk holds: what is seen, what is durable, and what is to go wrong.
//!
//! Invariant: the same seed and the same operations give the same bytes.

use super::{Fault, SECTOR_BYTES};
use crate::DiskError;
use crate::disk::{moved, taken};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Which file, whatever its name is at the moment.
pub(super) type FileId = u64;

/// Names that change together, or not at all.
#[derive(Clone, Debug)]
pub(super) struct Change {
    names: Vec<(PathBuf, Option<FileId>)>,
    /// A directory's old name and its new one.
    dir: Option<(PathBuf, PathBuf)>,
}

impl Change {
    /// Of files.
    pub(super) fn of(names: Vec<(PathBuf, Option<FileId>)>) -> Self {
        Self { names, dir: None }
    }

    /// Whether a sync of `dir` makes it durable.
    fn is_in(&self, dir: &Path) -> bool {
        match &self.dir {
            Some((_, to)) => to.parent() == Some(dir),
            None => self.names.iter().any(|(path, _)| path.parent() == Some(dir)),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct State {
    rng: Xoshiro256PlusPlus,
    pub(super) powered: bool,
    /// Counts power-ons: handles of an earlier one are dead.
    pub(super) generation: u64,
    pub(super) operation_count: u64,
    pub(super) power_off_at: Option<u64>,
    pub(super) faults: Vec<(Range<u64>, Fault)>,
    pub(super) reads_fail: bool,
    pub(super) capacity: Option<u64>,
    pub(super) live_names: BTreeMap<PathBuf, FileId>,
    durable_names: BTreeMap<PathBuf, FileId>,
    changes: Vec<Change>,
    pub(super) dirs: BTreeSet<PathBuf>,
    pub(super) locks: BTreeMap<PathBuf, String>,
    pub(super) files: BTreeMap<FileId, Bytes>,
    next_file: FileId,
}

/// A file's bytes.
#[derive(Clone, Debug, Default)]
pub(super) struct Bytes {
    pub(super) live: Vec<u8>,
    durable: Vec<u8>,
    /// Sectors whose live bytes may not be durable.
    dirty: BTreeSet<usize>,
    /// Sectors that a failed sync gave up: no later sync saves them.
    lost: BTreeSet<usize>,
}

/// How an operation ends.
#[derive(Debug)]
pub(super) enum Outcome {
    /// As it should.
    Done,
    /// With an error; a write may be made in part.
    Failed(DiskError),
    /// In the dark: it may be made in part.
    Dark(DiskError),
}

impl Outcome {
    /// For operations that are made whole or not at all.
    pub(super) fn done(self) -> Result<(), DiskError> {
        match self {
            Self::Done => Ok(()),
            Self::Failed(e) | Self::Dark(e) => Err(e),
        }
    }

    /// Changes names, which in the dark may have been changed.
    pub(super) fn change(self, state: &mut State, change: Change) -> Result<(), DiskError> {
        if !matches!(self, Self::Failed(_)) {
            state.change(change);
        }
        self.done()
    }
}

fn dark(path: &Path) -> DiskError {
    let path = path.display().to_string();
    DiskError::Io { what: "reach", path, why: "the power is off".to_owned() }
}

impl State {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            rng: Xoshiro256PlusPlus::seed_from_u64(seed),
            powered: true,
            generation: 0,
            operation_count: 0,
            power_off_at: None,
            faults: Vec::new(),
            reads_fail: false,
            capacity: None,
            live_names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            changes: Vec::new(),
            dirs: BTreeSet::from([PathBuf::from("/")]),
            locks: BTreeMap::new(),
            files: BTreeMap::new(),
            next_file: 0,
        }
    }

    pub(super) fn check_power(&self, path: &Path) -> Result<(), DiskError> {
        if self.powered { Ok(()) } else { Err(dark(path)) }
    }

    /// Counts an operation and says how it ends.
    pub(super) fn begin(&mut self, what: &'static str, path: &Path) -> Result<Outcome, DiskError> {
        self.check_power(path)?;
        let n = self.operation_count;
        self.operation_count += 1;
        if self.power_off_at == Some(n) {
            self.powered = false;
            return Ok(Outcome::Dark(dark(path)));
        }
        let fault = self.faults.iter().find(|(range, _)| range.contains(&n));
        let path = path.display().to_string();
        Ok(match fault.map(|(_, fault)| *fault) {
            None => Outcome::Done,
            Some(Fault::Full) => Outcome::Failed(DiskError::Full { what, path }),
            Some(Fault::Io) => {
                let why = "the device answers with an error".to_owned();
                Outcome::Failed(DiskError::Io { what, path, why })
            }
        })
    }

    pub(super) fn used_bytes(&self) -> u64 {
        self.live_names.values().map(|id| self.files[id].live.len() as u64).sum()
    }

    pub(super) fn create(&mut self, path: &Path) -> FileId {
        let id = self.next_file;
        self.next_file += 1;
        self.files.insert(id, Bytes::default());
        self.change(Change::of(vec![(path.to_owned(), Some(id))]));
        id
    }

    /// A directory under another name; only what was durable in it is durable there.
    pub(super) fn dir_renamed(&self, from: &Path, to: &Path) -> Result<Change, DiskError> {
        if self.dirs.contains(to) || self.live_names.contains_key(to) {
            return Err(taken(from, to));
        }
        Ok(Change { names: Vec::new(), dir: Some((from.to_owned(), to.to_owned())) })
    }

    fn change(&mut self, change: Change) {
        apply(&change, &mut self.live_names);
        if let Some((from, to)) = &change.dir {
            self.move_dirs(from, to);
        }
        self.changes.push(change);
    }

    fn move_dirs(&mut self, from: &Path, to: &Path) {
        let dirs = std::mem::take(&mut self.dirs).into_iter();
        self.dirs = dirs.map(|path| moved(path, from, to)).collect();
    }

    /// Makes the names in `dir` durable.
    pub(super) fn sync_names(&mut self, dir: &Path) {
        let (synced, rest) =
            std::mem::take(&mut self.changes).into_iter().partition(|change| change.is_in(dir));
        self.changes = rest;
        let synced: Vec<Change> = synced;
        for change in &synced {
            apply(change, &mut self.durable_names);
        }
    }

    /// Writes into what is seen. Of a write that fails, a part by the seed.
    pub(super) fn write(
        &mut self,
        id: FileId,
        bytes: &[u8],
        at: usize,
        outcome: &Outcome,
    ) -> Result<(), ()> {
        let failed = matches!(outcome, Outcome::Failed(_));
        let part = if failed { self.part_of(bytes.len(), at) } else { bytes.len() };
        let room = self.capacity.map_or(u64::MAX, |max| max.saturating_sub(self.used_bytes()));
        let file = self.files.get_mut(&id).expect("a handle is of a file that was made");
        let room = usize::try_from(room).unwrap_or(usize::MAX).saturating_add(file.live.len());
        let end = (at + part).min(room.max(at));
        let written = &bytes[..end - at];
        if !written.is_empty() {
            file.put(written, at);
        }
        if failed || written.len() == bytes.len() { Ok(()) } else { Err(()) }
    }

    /// How much of a write is made that fails: some of its sectors.
    fn part_of(&mut self, bytes: usize, at: usize) -> usize {
        let end = at + self.rng.random_range(0..=bytes);
        if end == at + bytes { bytes } else { (end - end % SECTOR_BYTES).saturating_sub(at) }
    }

    /// Makes all bytes of a file durable.
    pub(super) fn sync(&mut self, id: FileId, outcome: &Outcome) {
        let file = self.files.get_mut(&id).expect("a handle is of a file that was made");
        match outcome {
            Outcome::Done => file.sync_all(),
            // The system gives the bytes up and reports it once: a second sync succeeds, in vain.
            Outcome::Failed(_) => {
                let dirty = std::mem::take(&mut file.dirty);
                file.lost.extend(dirty);
            }
            Outcome::Dark(_) => {}
        }
    }

    /// Makes a range of a file durable.
    pub(super) fn sync_range(&mut self, id: FileId, range: Range<usize>) {
        let file = self.files.get_mut(&id).expect("a handle is of a file that was made");
        file.sync_sectors(range.start / SECTOR_BYTES..range.end.div_ceil(SECTOR_BYTES));
    }

    pub(super) fn set_len(&mut self, id: FileId, len: usize) {
        let file = self.files.get_mut(&id).expect("a handle is of a file that was made");
        let from = len.min(file.live.len()) / SECTOR_BYTES;
        let to = len.max(file.live.len()).div_ceil(SECTOR_BYTES);
        file.live.resize(len, 0);
        file.dirty.extend(from..to);
    }

    pub(super) fn put(&mut self, path: &Path, bytes: Vec<u8>) {
        let id = match self.live_names.get(path) {
            Some(id) => *id,
            None => self.create(path),
        };
        let file = Bytes { durable: bytes.clone(), live: bytes, ..Bytes::default() };
        self.files.insert(id, file);
        self.sync_names(path.parent().unwrap_or(Path::new("/")));
    }

    pub(super) fn take_away(&mut self, path: &Path) {
        self.change(Change::of(vec![(path.to_owned(), None)]));
        self.sync_names(path.parent().unwrap_or(Path::new("/")));
    }

    /// A new process sees what the old one wrote, synced or not.
    pub(super) fn restart(&mut self) {
        self.locks.clear();
        self.faults.clear();
        (self.powered, self.power_off_at, self.reads_fail) = (true, None, false);
        self.generation += 1;
    }

    /// What survives is seen again, and durable.
    pub(super) fn power_on(&mut self, seed: u64) {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        for file in self.files.values_mut() {
            let odds = odds(&mut rng);
            file.survive(&mut rng, odds);
        }
        let odds = odds(&mut rng);
        for change in std::mem::take(&mut self.changes) {
            if rng.random_bool(odds) {
                apply(&change, &mut self.durable_names);
            } else if let Some((from, to)) = &change.dir {
                self.move_dirs(to, from);
            }
        }
        self.live_names = self.durable_names.clone();
        let named: BTreeSet<_> = self.live_names.values().copied().collect();
        self.files.retain(|id, _| named.contains(id));
        self.restart();
    }
}

/// Often all or nothing, because that is where the mistakes are.
fn odds(rng: &mut Xoshiro256PlusPlus) -> f64 {
    match rng.random_range(0..4) {
        0 => 0.0,
        1 => 1.0,
        _ => rng.random_range(0.0..1.0),
    }
}

fn apply(change: &Change, names: &mut BTreeMap<PathBuf, FileId>) {
    for (path, id) in &change.names {
        match id {
            Some(id) => names.insert(path.clone(), *id),
            None => names.remove(path),
        };
    }
    if let Some((from, to)) = &change.dir {
        let all = std::mem::take(names).into_iter();
        *names = all.map(|(path, id)| (moved(path, from, to), id)).collect();
    }
}

impl Bytes {
    fn put(&mut self, bytes: &[u8], at: usize) {
        let end = at + bytes.len();
        // What is extended is dirty too: its zeros may be missing.
        let from = at.min(self.live.len()) / SECTOR_BYTES;
        if self.live.len() < end {
            self.live.resize(end, 0);
        }
        self.live[at..end].copy_from_slice(bytes);
        let sectors = from..end.div_ceil(SECTOR_BYTES);
        for sector in sectors.clone() {
            self.lost.remove(&sector);
        }
        self.dirty.extend(sectors);
    }

    fn sync_all(&mut self) {
        for sector in std::mem::take(&mut self.dirty) {
            self.save(sector);
        }
        // The length is saved with the bytes.
        self.durable.resize(self.live.len(), 0);
    }

    fn sync_sectors(&mut self, sectors: Range<usize>) {
        for sector in sectors {
            self.dirty.remove(&sector);
            self.lost.remove(&sector);
            self.save(sector);
        }
    }

    /// Copies a sector from what is seen to what is durable.
    fn save(&mut self, sector: usize) {
        let from = sector * SECTOR_BYTES;
        let to = (from + SECTOR_BYTES).min(self.live.len());
        if from >= to {
            return;
        }
        if self.durable.len() < to {
            self.durable.resize(to, 0);
        }
        self.durable[from..to].copy_from_slice(&self.live[from..to]);
    }

    fn survive(&mut self, rng: &mut Xoshiro256PlusPlus, odds: f64) {
        let mut unsynced = std::mem::take(&mut self.dirty);
        unsynced.append(&mut self.lost);
        if self.live.len() != self.durable.len() && rng.random_bool(odds) {
            self.durable.resize(self.live.len(), 0);
        }
        for sector in unsynced {
            if rng.random_bool(odds) {
                self.save(sector);
            }
        }
        self.live = self.durable.clone();
    }
}
