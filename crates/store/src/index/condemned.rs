//! Condemned: the runs in which damage was met.
//!
//! Why: whoever meets damage is answered with an error, and has no time to mend it. The run is noted
//! here, in the one place that every damaged page passes, and built again by who keeps house.
//!
//! Invariant: D1, a run that was noted stays noted until it is replaced, or found to be beyond repair
//! because its segments are damaged too.

use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The noted runs of one index.
#[derive(Default)]
pub(crate) struct Condemned {
    runs: Mutex<Runs>,
    /// Whether there may be any: asked often, and nearly always answered with no.
    some: AtomicBool,
    healed_count: AtomicU64,
    wake: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

#[derive(Default)]
struct Runs {
    waiting: BTreeSet<u64>,
    hopeless: BTreeSet<u64>,
}

impl Condemned {
    /// Whom to wake when a run is noted; the first one that is given.
    pub(crate) fn wake_by(&self, wake: impl Fn() + Send + Sync + 'static) {
        // A second one would be of the same house.
        let _first = self.wake.set(Box::new(wake));
    }

    /// Damage was met in a run; whether that is news.
    pub(crate) fn note(&self, run: u64) -> bool {
        let mut runs = self.runs.lock();
        if runs.hopeless.contains(&run) || !runs.waiting.insert(run) {
            return false;
        }
        drop(runs);
        self.some.store(true, Ordering::Release);
        if let Some(wake) = self.wake.get() {
            wake();
        }
        true
    }

    /// The noted runs, in the order they were written.
    pub(crate) fn waiting(&self) -> Vec<u64> {
        if !self.some.load(Ordering::Acquire) {
            return Vec::new();
        }
        self.runs.lock().waiting.iter().copied().collect()
    }

    /// A run is no part of the index any more.
    pub(crate) fn forget(&self, run: u64) {
        let mut runs = self.runs.lock();
        runs.waiting.remove(&run);
        self.some.store(!runs.waiting.is_empty(), Ordering::Release);
    }

    /// A run was replaced.
    pub(crate) fn healed(&self, run: u64) {
        self.forget(run);
        self.healed_count.fetch_add(1, Ordering::Relaxed);
    }

    /// A run cannot be built again: it is not tried any more.
    pub(crate) fn give_up(&self, run: u64) {
        self.runs.lock().hopeless.insert(run);
        self.forget(run);
    }

    /// How many runs were replaced.
    pub(crate) fn healed_count(&self) -> u64 {
        self.healed_count.load(Ordering::Relaxed)
    }
}
