//! Records that were read singly a while ago, by position.
//!
//! Why: a stream is folded again for its next command, soon after the last one. Its events stand far
//! apart, so each costs a lookup in the index, a call of the system and a checksum: a microsecond
//! and more. Found here it costs a fifth of that. Neighbours that came with one read are not kept:
//! they come as cheaply again.
//!
//! Invariants: D1 only what matched its checksum and its position comes in. A3 a position never gets
//! another record, so nothing here is ever out of date. Never more than the bytes it was made for.

use bytes::Bytes;
use headwater_model::Position;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

/// What a record takes in memory besides its bytes: its two allocations, and its place in the table.
const OVERHEAD_BYTES: u64 = 160;

/// For the first guess of how large tables become.
const USUAL_BYTES: usize = 512;

/// The records of one context.
pub(crate) struct Records {
    by_position: Cache<u64, Bytes, Weight>,
}

#[derive(Clone)]
struct Weight;

impl Weighter<u64, Bytes> for Weight {
    fn weight(&self, _: &u64, record: &Bytes) -> u64 {
        record.len() as u64 + OVERHEAD_BYTES
    }
}

impl Records {
    /// Room for so many bytes; memory is taken only as records come in.
    pub(crate) fn new(bytes_max: usize) -> Self {
        let count = (bytes_max / USUAL_BYTES).max(16);
        Self { by_position: Cache::with_weighter(count, bytes_max as u64, Weight) }
    }

    /// The record of a position, if it is here.
    pub(crate) fn get(&self, position: Position) -> Option<Bytes> {
        self.by_position.get(&position.0)
    }

    /// Takes in a record that was checked.
    pub(crate) fn keep(&self, position: Position, record: Bytes) {
        self.by_position.insert(position.0, record);
    }
}
