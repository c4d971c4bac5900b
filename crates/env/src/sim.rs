//! A disk that has bad days, by seed.
//!
//! Why: a store is as good as what it does when the power goes at the worst moment, when a sync
//! fails, when there is no room. Here each moment can be chosen and each outcome repeated.
//!
//! Picture:
//! ```text
//!   write ──▶ live bytes ──sync──▶ durable bytes        names: the same, with sync_dir
//!                 │ power_off, then power_on(seed):
//!                 └─ each sector and each name that was not synced survives, or does not
//! ```
//! What is modelled: sectors of 512 bytes are written whole or not at all, in any order; a failed
//! sync leaves bytes that no later sync saves; a name that was not synced may be lost or come
//! back; handles and locks end with the power. What is not: a device that lies about a sync.
//! Use [`SimDisk::flip`] for bits that rot.

mod file;
mod state;

use crate::{Access, DirLock, Disk, DiskError, File};
use file::SimFile;
use parking_lot::Mutex;
use state::{Change, Outcome, State};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is written whole or not at all.
pub const SECTOR_BYTES: usize = 512;

/// What an operation is made to answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The device says no (`EIO`). A write may have been made in part; what a sync should have
    /// saved is not saved, and will not be.
    Io,
    /// There is no room (`ENOSPC`). A write may have been made in part.
    Full,
}

/// A disk whose faults are chosen. Clones are the same disk; see [`SimDisk::fork`] for a copy.
#[derive(Clone, Debug)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

impl SimDisk {
    /// An empty disk. The seed decides how much of a failed write is made.
    pub fn new(seed: u64) -> Self {
        Self { state: Arc::new(Mutex::new(State::new(seed))) }
    }

    /// A copy with the same bytes, names and faults to come; from here on they go separate ways.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self { state: Arc::new(Mutex::new(self.state.lock().clone())) }
    }

    /// How many operations were asked that change something, syncs included. Each is a moment to
    /// crash at or to fail.
    pub fn operation_count(&self) -> u64 {
        self.state.lock().operation_count
    }

    /// The power goes in the middle of operation `n` (counted from 0).
    pub fn power_off_at(&self, n: u64) {
        self.state.lock().power_off_at = Some(n);
    }

    /// The operations of this range fail.
    pub fn fail(&self, operations: Range<u64>, fault: Fault) {
        self.state.lock().faults.push((operations, fault));
    }

    /// All reads fail, or none.
    pub fn fail_reads(&self, fail: Option<Fault>) {
        self.state.lock().reads_fail = fail.is_some();
    }

    /// No faults are to come.
    pub fn heal(&self) {
        let mut state = self.state.lock();
        (state.power_off_at, state.reads_fail) = (None, false);
        state.faults.clear();
    }

    /// Files take no more than so many bytes together; `None`: as many as they like.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.state.lock().capacity = bytes;
    }

    /// Bytes that all files take together.
    pub fn used_bytes(&self) -> u64 {
        self.state.lock().used_bytes()
    }

    /// The power goes now.
    pub fn power_off(&self) {
        self.state.lock().powered = false;
    }

    /// Whether the power is on.
    pub fn is_powered(&self) -> bool {
        self.state.lock().powered
    }

    /// The power comes back. Of what was not synced, the seed says what survived. Handles and
    /// locks of before are dead.
    pub fn power_on(&self, seed: u64) {
        self.state.lock().power_on(seed);
    }

    /// As if only the process had died: all that it wrote is still seen, but what it did not sync
    /// is not durable yet. Handles and locks of before are dead.
    pub fn kill_process(&self) {
        self.state.lock().restart();
    }

    /// Flips the bits of `mask` in one byte, for good.
    ///
    /// # Panics
    /// If there is no such byte.
    pub fn flip(&self, path: &Path, at: u64, mask: u8) {
        let mut bytes = self.bytes(path).expect("the file is there");
        bytes[usize::try_from(at).expect("it fits memory")] ^= mask;
        self.put(path, bytes);
    }

    /// A file's bytes.
    pub fn bytes(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.state.lock();
        let id = state.live_names.get(path)?;
        Some(state.files[id].live.clone())
    }

    /// Puts a file there with these bytes, durably.
    pub fn put(&self, path: &Path, bytes: Vec<u8>) {
        self.state.lock().put(path, bytes);
    }

    /// Takes a file away, durably.
    pub fn take_away(&self, path: &Path) {
        self.state.lock().take_away(path);
    }

    /// The paths of all files.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.state.lock().live_names.keys().cloned().collect()
    }
}

fn not_found(path: &Path) -> DiskError {
    DiskError::NotFound { path: path.display().to_string() }
}

impl Disk for SimDisk {
    fn open(&self, path: &Path, access: Access) -> Result<Arc<dyn File>, DiskError> {
        let mut state = self.state.lock();
        state.check_power(path)?;
        let id = match (state.live_names.get(path).copied(), access) {
            (Some(id), Access::Read | Access::Write) => id,
            (None, Access::Read | Access::Write) => return Err(not_found(path)),
            (Some(id), Access::Create) => {
                state.begin("empty", path)?.done()?;
                state.set_len(id, 0);
                id
            }
            (None, Access::Create) => {
                let outcome = state.begin("create", path)?;
                if let Outcome::Failed(e) = outcome {
                    return Err(e);
                }
                let id = state.create(path);
                outcome.done()?;
                id
            }
        };
        let generation = state.generation;
        let (state, path) = (Arc::clone(&self.state), path.to_owned());
        Ok(Arc::new(SimFile { state, path, id, generation }))
    }

    fn list(&self, dir: &Path) -> Result<Vec<String>, DiskError> {
        let state = self.state.lock();
        state.check_power(dir)?;
        if !state.dirs.contains(dir) {
            return Err(not_found(dir));
        }
        let children = state.live_names.keys().chain(&state.dirs);
        let children = children.filter(|path| path.parent() == Some(dir));
        let named = children.filter_map(|path| path.file_name());
        let mut list: Vec<_> = named.map(|name| name.to_string_lossy().into_owned()).collect();
        list.sort();
        Ok(list)
    }

    fn create_dir_all(&self, dir: &Path) -> Result<(), DiskError> {
        let mut state = self.state.lock();
        state.check_power(dir)?;
        if !state.dirs.contains(dir) {
            state.begin("make directory", dir)?.done()?;
            state.dirs.extend(dir.ancestors().map(Path::to_owned));
        }
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        let mut state = self.state.lock();
        state.check_power(from)?;
        if state.dirs.contains(from) {
            let change = state.dir_renamed(from, to)?;
            return state.begin("rename", from)?.change(&mut state, change);
        }
        let id = *state.live_names.get(from).ok_or_else(|| not_found(from))?;
        let change = Change::of(vec![(from.to_owned(), None), (to.to_owned(), Some(id))]);
        state.begin("rename", from)?.change(&mut state, change)
    }

    fn remove(&self, path: &Path) -> Result<(), DiskError> {
        let mut state = self.state.lock();
        state.check_power(path)?;
        if !state.live_names.contains_key(path) {
            return Err(not_found(path));
        }
        let change = Change::of(vec![(path.to_owned(), None)]);
        state.begin("remove", path)?.change(&mut state, change)
    }

    fn sync_dir(&self, dir: &Path) -> Result<(), DiskError> {
        let mut state = self.state.lock();
        state.check_power(dir)?;
        state.begin("sync", dir)?.done()?;
        state.sync_names(dir);
        Ok(())
    }

    fn lock(&self, path: &Path, owner: &str) -> Result<DirLock, DiskError> {
        let mut state = self.state.lock();
        state.check_power(path)?;
        if let Some(owner) = state.locks.get(path) {
            let path = path.display().to_string();
            return Err(DiskError::Locked { path, owner: owner.clone() });
        }
        state.locks.insert(path.to_owned(), owner.to_owned());
        let generation = state.generation;
        let (state, path) = (Arc::clone(&self.state), path.to_owned());
        Ok(DirLock::new(SimLock { state, path, generation }))
    }
}

/// Gives the lock back when it is dropped, unless the power went in between.
struct SimLock {
    state: Arc<Mutex<State>>,
    path: PathBuf,
    generation: u64,
}

impl Drop for SimLock {
    fn drop(&mut self) {
        let mut state = self.state.lock();
        if state.generation == self.generation {
            state.locks.remove(&self.path);
        }
    }
}
