//! What was read of runs and is kept in memory: pages, and the values of streams that are in use.
//!
//! Why: every append to a stream asks each run that has events of it whether it knows the ids. To find
//! the stream in the run's tree and to take its value apart costs ten times what the answer does.
//!
//! Invariants: D1 only what was checked comes in. A run's number is never used again, so nothing here
//! is ever out of date. Never more than the bytes, and the values, that it was made for.

use super::page::{PAGE_BYTES, Page};
use super::value::Value;
use crate::index::key::{Key, Kind};
use quick_cache::sync::Cache;
use std::sync::Arc;

/// Values that are kept: as many streams as records are kept of. Most take a few hundred bytes.
const VALUE_COUNT_MAX: usize = 16 * 1_024;

/// What was read of all runs of an index.
pub(crate) struct Kept {
    /// By run and page.
    pub(super) pages: Cache<(u64, u32), Page>,
    /// By run and hash of the stream.
    values: Cache<(u64, u64), Named>,
}

/// A value, and whose it is: hashes may meet.
#[derive(Clone)]
struct Named {
    name: Arc<[u8]>,
    value: Arc<Value>,
}

impl Kept {
    /// Room for so many bytes of pages; memory is taken only as they come in.
    pub(crate) fn new(page_bytes_max: usize) -> Self {
        let pages = Cache::new((page_bytes_max / PAGE_BYTES).max(16));
        let value_count_max = VALUE_COUNT_MAX.min((page_bytes_max / 512).max(16));
        Self { pages, values: Cache::new(value_count_max) }
    }

    /// What a run says of a stream, if that is here.
    pub(super) fn value(&self, run: u64, key: Key<'_>) -> Option<Arc<Value>> {
        let found = self.values.get(&(run, key.hash))?;
        (key.kind == Kind::Stream && *found.name == *key.name).then_some(found.value)
    }

    /// Takes in what a run says of a key: of others than streams nobody asks often.
    pub(super) fn keep(&self, run: u64, key: Key<'_>, value: &Arc<Value>) {
        if key.kind == Kind::Stream {
            let named = Named { name: Arc::from(key.name), value: Arc::clone(value) };
            self.values.insert((run, key.hash), named);
        }
    }
}
