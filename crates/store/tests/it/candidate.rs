//! The embedded store as a candidate of the exam, on a disk in memory and on this machine's.

use headwater_conformance::Candidate;
use headwater_env::{Disk, MemDisk, OsDisk, SeededEntropy, VirtualClock};
use headwater_model::{Contexts, Timestamp};
use headwater_store::{Background, EmbeddedStore, Environment, Options};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

/// Small enough that most cases seal some segments.
const SEGMENT_BYTES: u32 = 64 * 1_024;

pub(crate) struct Embedded {
    environment: Environment,
    clock: VirtualClock,
    root: PathBuf,
    options: Options,
    open: Option<EmbeddedStore>,
    _dir: Option<TempDir>,
}

impl Embedded {
    /// In memory, everything on the caller's thread.
    pub(crate) fn in_memory() -> Self {
        Self::new(Arc::new(MemDisk::new()), PathBuf::from("/store"), None)
    }

    /// In memory, with segments of one block: every few appends are sealed and indexed.
    pub(crate) fn of_tiny_segments() -> Self {
        let mut tiny = Self::in_memory();
        tiny.options = Options::inline(4_096);
        tiny
    }

    /// In memory, with the threads that a service has.
    pub(crate) fn with_threads() -> Self {
        let mut threaded = Self::in_memory();
        threaded.options.background = Background::Threads;
        threaded
    }

    /// In a directory of this machine, with threads.
    pub(crate) fn on_disk() -> Self {
        let dir = tempfile::tempdir().expect("a directory for the exam");
        let root = dir.path().to_owned();
        let mut on_disk = Self::new(Arc::new(OsDisk::new()), root, Some(dir));
        on_disk.options.background = Background::Threads;
        on_disk
    }

    fn new(disk: Arc<dyn Disk>, root: PathBuf, dir: Option<TempDir>) -> Self {
        let clock = VirtualClock::default();
        let environment = Environment {
            disk,
            clock: Arc::new(clock.clone()),
            entropy: Arc::new(SeededEntropy::new(1)),
        };
        let options = Options::inline(SEGMENT_BYTES);
        Self { environment, clock, root, options, open: None, _dir: dir }
    }
}

impl Candidate for Embedded {
    async fn open(&mut self) -> Arc<dyn Contexts> {
        self.open = None;
        let opened = EmbeddedStore::open_in(self.environment.clone(), &self.root, self.options);
        let store = opened.expect("the store opens again");
        self.open = Some(store.clone());
        Arc::new(store)
    }

    fn set_clock(&mut self, to: Timestamp) {
        self.clock.set(to);
    }
}
