//! The store in memory as a candidate: opening it again finds what was there.

use headwater_conformance::Candidate;
use headwater_model::memory::MemoryContexts;
use headwater_model::{Contexts, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) struct InMemory {
    contexts: MemoryContexts,
    clock: Arc<AtomicU64>,
}

impl InMemory {
    pub(crate) fn new() -> Self {
        let clock = Arc::new(AtomicU64::new(0));
        let told = Arc::clone(&clock);
        let now = move || Timestamp::from_micros(told.load(Ordering::SeqCst));
        Self { contexts: MemoryContexts::new(Arc::new(now)), clock }
    }
}

impl Candidate for InMemory {
    async fn open(&mut self) -> Arc<dyn Contexts> {
        Arc::new(self.contexts.clone())
    }

    fn set_clock(&mut self, to: Timestamp) {
        self.clock.store(to.as_micros(), Ordering::SeqCst);
        self.contexts.clock_moved();
    }
}
