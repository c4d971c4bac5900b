//! A closed part, whole and in order: what sealing reads.

use super::log::Log;
use super::shard::{Shard, StreamSlot, TermSlot};
use headwater_model::Timestamp;
use parking_lot::RwLockReadGuard;

/// All that a part knows. Other readers are not kept out.
pub(crate) struct Closed<'a> {
    pub(super) shards: Vec<RwLockReadGuard<'a, Shard>>,
    pub(super) log: RwLockReadGuard<'a, Log>,
}

impl Closed<'_> {
    /// Categories, tags and types, in order of kind and name.
    pub(crate) fn terms(&self) -> Vec<&TermSlot> {
        let mut terms: Vec<_> = self.shards.iter().flat_map(|shard| shard.terms()).collect();
        terms.sort_unstable_by_key(|slot| (slot.kind(), slot.name()));
        terms
    }

    /// Streams, in order of name.
    pub(crate) fn streams(&self) -> Vec<&StreamSlot> {
        let mut streams: Vec<_> = self.shards.iter().flat_map(|shard| shard.streams()).collect();
        streams.sort_unstable_by_key(|slot| slot.name());
        streams
    }

    /// Where records begin, by ordinal.
    pub(crate) fn places(&self) -> &[u32] {
        self.log.places()
    }

    /// The first event of each time.
    pub(crate) fn times(&self) -> &[(u32, Timestamp)] {
        self.log.times()
    }
}
