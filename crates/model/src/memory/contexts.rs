//! All contexts of a store in memory, and the faults a test asks for.

use super::faults::{Faults, Loss};
use super::{MemoryClock, MemoryStore};
use crate::{Answer, ContextName, Contexts, EventStore, ReadError};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

type Stores = BTreeMap<ContextName, Arc<MemoryStore>>;

/// Contexts by name, in memory. Clones share everything.
#[derive(Clone)]
pub struct MemoryContexts {
    clock: MemoryClock,
    faults: Arc<Faults>,
    stores: Arc<Mutex<Stores>>,
}

impl MemoryContexts {
    /// No contexts yet; `clock` tells the time of every append.
    pub fn new(clock: MemoryClock) -> Self {
        Self { clock, faults: Arc::default(), stores: Arc::default() }
    }

    /// The context of this name; made if it is not there.
    pub fn store(&self, name: &ContextName) -> Arc<MemoryStore> {
        let make = || {
            let (clock, faults) = (Arc::clone(&self.clock), Arc::clone(&self.faults));
            Arc::new(MemoryStore::with_faults(name.clone(), clock, faults))
        };
        Arc::clone(self.stores().entry(name.clone()).or_insert_with(make))
    }

    /// Makes the `n`th append from now answer `Unknown`, in whichever context it is asked; 1 is
    /// the next. One fault at a time: a second call replaces the first.
    pub fn fail_append(&self, n: u64, loss: Loss) {
        self.faults.arm(n, loss);
    }

    /// Whether the fault that was asked for last has happened.
    pub fn crashed(&self) -> bool {
        self.faults.fired()
    }

    /// How many appends (and changes of streams) were asked so far, refused ones included: the
    /// number of places at which a run like this one can be broken.
    pub fn append_count(&self) -> u64 {
        self.faults.asked_count()
    }

    /// The clock was moved: wakes members of groups that wait for a time.
    pub fn clock_moved(&self) {
        let stores: Vec<_> = self.stores().values().cloned().collect();
        stores.iter().for_each(|store| store.shared().wake());
    }

    fn stores(&self) -> MutexGuard<'_, Stores> {
        self.stores.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Contexts for MemoryContexts {
    fn context(&self, name: ContextName) -> Answer<'_, Arc<dyn EventStore>, ReadError> {
        Box::pin(async move { Ok(self.store(&name) as Arc<dyn EventStore>) })
    }

    fn names(&self) -> Answer<'_, Vec<ContextName>, ReadError> {
        Box::pin(async move { Ok(self.stores().keys().cloned().collect()) })
    }
}

impl std::fmt::Debug for MemoryContexts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryContexts").field("names", &self.stores().keys()).finish()
    }
}
