//! Records that were read singly a while ago, by position.
//!
//! Why: a stream is folded again for its next command, soon after the last one. Its events stand far
//! apart, so each costs a lookup in the index, a call of the system and a checksum: a microsecond
//! and more. Found here it costs a fifth of that. Neighbours that came with one read are not kept:
//! they come as cheaply again. Nor is, once there is no room left, what is read for the first time in a
//! while: whoever reads more streams than there is room for pays neither for looking nor for keeping.
//!
//! Invariants: D1 only what matched its checksum and its position comes in. A3 a position never gets
//! another record, so nothing here is ever out of date. Never more than the bytes it was made for.

use super::seen::Seen;
use bytes::Bytes;
use headwater_model::Position;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What a record takes in memory besides its bytes: its two allocations, and its place in the table.
const OVERHEAD_BYTES: u64 = 160;

/// For the first guess of how large tables become.
const USUAL_BYTES: usize = 512;

/// The records of one context.
pub(crate) struct Records {
    by_position: Cache<u64, Bytes, Weight>,
    seen: Seen,
    /// Bytes that came in so far.
    kept_bytes: AtomicU64,
    bytes_max: u64,
}

/// What a record is worth that is not here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Worth {
    /// It was asked for a while ago, too.
    Keeping,
    /// It was not.
    Nothing,
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
        let by_position = Cache::with_weighter(count, bytes_max as u64, Weight);
        let (kept_bytes, bytes_max) = (AtomicU64::new(0), bytes_max as u64);
        Self { by_position, seen: Seen::new(count), kept_bytes, bytes_max }
    }

    /// The record of a position, if it is here; else whether it is worth keeping.
    pub(crate) fn get(&self, position: Position) -> Result<Bytes, Worth> {
        if !self.seen.again(position.0) && self.kept_bytes.load(Relaxed) >= self.bytes_max {
            return Err(Worth::Nothing);
        }
        self.by_position.get(&position.0).ok_or(Worth::Keeping)
    }

    /// Takes in a record that was checked.
    pub(crate) fn keep(&self, position: Position, record: Bytes) {
        self.kept_bytes.fetch_add(Weight.weight(&position.0, &record), Relaxed);
        self.by_position.insert(position.0, record);
    }
}
