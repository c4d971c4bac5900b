//! Cached states: of streams that were used lately.
//!
//! Why: a command to a known stream needs no read. The append's expectation tells whether the
//! state was still right; if it was not, it is read anew.
//!
//! Picture: two generations. A full young one becomes the old one, and what was old is dropped:
//! ```text
//!   take ◀── young ∪ old        put ──▶ young ──full──▶ old ──▶ gone
//! ```
//! Invariant: a state is in one place only, because `evolve` consumes it: who takes it owns it.

use super::snapshot::Snapshots;
use super::state::Folded;
use crate::limits::CACHED_STATE_COUNT_MAX;
use headwater_model::StreamName;
use parking_lot::Mutex;
use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

/// The states of one decider.
pub(crate) struct StateCache<D> {
    generations: Mutex<Generations<D>>,
    generation_count_max: usize,
}

struct Generations<D> {
    young: HashMap<StreamName, Folded<D>>,
    old: HashMap<StreamName, Folded<D>>,
}

impl<D> StateCache<D> {
    fn new(count_max: usize) -> Self {
        let generations = Generations { young: HashMap::new(), old: HashMap::new() };
        Self { generations: Mutex::new(generations), generation_count_max: count_max / 2 }
    }

    /// Takes the state of `stream`, if it is here.
    pub(crate) fn take(&self, stream: &StreamName) -> Option<Folded<D>> {
        let mut generations = self.generations.lock();
        generations.young.remove(stream).or_else(|| generations.old.remove(stream))
    }

    /// Keeps a state; of two of one stream, the one that has read further.
    pub(crate) fn put(&self, stream: StreamName, folded: Folded<D>) {
        let mut generations = self.generations.lock();
        let held = generations.young.remove(&stream).or_else(|| generations.old.remove(&stream));
        let further = held.filter(|held| held.last > folded.last).unwrap_or(folded);
        if generations.young.len() >= self.generation_count_max {
            generations.old = std::mem::take(&mut generations.young);
        }
        generations.young.insert(stream, further);
    }
}

/// The caches of all deciders of a service, by type.
#[derive(Default)]
pub(crate) struct Caches {
    by_decider: Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
    snapshots: Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
}

impl Caches {
    /// The cache of one decider.
    pub(crate) fn of<D: Send + Sync + 'static>(&self) -> Arc<StateCache<D>> {
        let make =
            || Arc::new(StateCache::<D>::new(CACHED_STATE_COUNT_MAX)) as Arc<dyn Any + Send + Sync>;
        let mut caches = self.by_decider.lock();
        let cache = Arc::clone(caches.entry(TypeId::of::<D>()).or_insert_with(make));
        cache.downcast().expect("the map is keyed by the type that the cache is of")
    }

    /// Keeps snapshots of a decider's states from now on.
    pub(crate) fn keep_snapshots<D: Send + Sync + 'static>(&self, snapshots: Snapshots<D>) {
        self.snapshots.lock().insert(TypeId::of::<D>(), Arc::new(snapshots));
    }

    /// How snapshots of this decider are kept, if they are.
    pub(crate) fn snapshots<D: Send + Sync + 'static>(&self) -> Option<Arc<Snapshots<D>>> {
        Arc::clone(self.snapshots.lock().get(&TypeId::of::<D>())?).downcast().ok()
    }

    /// Drops all states, as a restart does.
    pub(crate) fn forget(&self) {
        self.by_decider.lock().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use headwater_model::Revision;

    fn folded(last: u64) -> Folded<()> {
        Folded { state: (), last: Some(Revision(last)), as_of: None }
    }

    fn stream(n: usize) -> StreamName {
        StreamName::of("a", &n.to_string()).unwrap()
    }

    #[test]
    fn the_cache_holds_what_was_used_lately_and_never_more_than_its_bound() {
        let cache = StateCache::new(4);
        for n in 0..100 {
            cache.put(stream(n), folded(0));
            let generations = cache.generations.lock();
            assert!(generations.young.len() + generations.old.len() <= 4);
        }
        assert!(cache.take(&stream(99)).is_some());
        assert!(cache.take(&stream(99)).is_none(), "who takes it owns it");
        assert!(cache.take(&stream(0)).is_none());
    }

    #[test]
    fn an_older_state_does_not_replace_a_newer_one() {
        let cache = StateCache::new(4);
        cache.put(stream(1), folded(7));
        cache.put(stream(1), folded(6));
        assert_eq!(cache.take(&stream(1)).unwrap().last, Some(Revision(7)));
    }
}
