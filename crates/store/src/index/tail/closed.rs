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
        let streams = self.shards.iter().flat_map(|shard| shard.streams());
        let mut streams: Vec<_> = streams.map(|slot| (beginning(slot.name()), slot)).collect();
        streams.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.name().cmp(b.1.name())));
        streams.into_iter().map(|(_, slot)| slot).collect()
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

/// The first 16 bytes of a name, in an order that agrees with the names' own: most comparisons
/// of a million names then need no look at the names, which lie all over the memory.
fn beginning(name: &[u8]) -> u128 {
    let mut bytes = [0; 16];
    let count = name.len().min(16);
    bytes[..count].copy_from_slice(&name[..count]);
    u128::from_be_bytes(bytes)
}
