//! The bounds of the store, each with its reason. What callers may ask is in `model::limits`.

/// Bytes of one commit's body, all appends of the group together.
///
/// The largest append and what encoding adds to it; a group stops growing much earlier.
pub(crate) const COMMIT_BYTES_MAX: usize = 28 * 1_024 * 1_024;

/// Bytes of a group of appends.
///
/// About where a durable write stops being bound by its latency: more would only make the first
/// append of the group wait for the last.
pub(crate) const GROUP_BYTES: usize = 1_024 * 1_024;

/// Appends of one group: their planning delays the first of them.
pub(crate) const GROUP_COUNT_MAX: usize = 1_024;

/// Memory of a context for index pages.
///
/// The places of 100 million events take 210 MB, and the names of the streams that are in use go
/// on top; with less, reads at random in such a store wait for the disk, or for the system's copy.
pub(crate) const INDEX_CACHE_BYTES: usize = 256 * 1_024 * 1_024;

/// Memory of a context for events that were read singly.
///
/// Some ten thousand streams of ten events: those that commands come for in the same minutes.
pub(crate) const RECORD_CACHE_BYTES: usize = 64 * 1_024 * 1_024;

/// Work that is worth doing while the device works, counted in events to index: a write on its way
/// beside it takes some six microseconds longer, which is what indexing half as many events takes.
pub(crate) const OVERLAP_WORK_MIN: usize = 64;

/// An answer wakes somebody: about the work of so many events.
pub(crate) const ANSWER_WORK: usize = 8;

/// The writer's buffer is given back when one large commit made it larger than this.
pub(crate) const BUFFER_BYTES_MAX: usize = 4 * 1_024 * 1_024;

/// Events looked at for the conditions of one append, on its caller's own thread: about a second.
/// Postings that are passed over in search of an event that has all of a query's terms count too.
pub(crate) const CONDITION_LOOK_COUNT_MAX: u64 = 1_024 * 1_024;

/// Events that the writer itself looks at for the conditions of one append: those that came since
/// its caller looked. All other writers wait meanwhile: some tens of milliseconds.
pub(crate) const RECHECK_LOOK_COUNT_MAX: u64 = 65_536;

/// So few events may have come since the caller looked: it looks again before it queues if there
/// are more of them, so that the writer need not.
pub(crate) const UNCHECKED_COUNT_MAX: u64 = 1_024;

/// How often a caller looks again before it queues, under writers who are faster than its look.
pub(crate) const LOOK_AGAIN_COUNT_MAX: usize = 8;

/// Appends waiting for the writer, in bytes; those behind are told to come later.
pub(crate) const WAITING_BYTES_MAX: usize = 256 * 1_024 * 1_024;
