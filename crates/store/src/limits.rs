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

/// The writer's buffer is given back when one large commit made it larger than this.
pub(crate) const BUFFER_BYTES_MAX: usize = 4 * 1_024 * 1_024;

/// Appends waiting for the writer, in bytes; those behind are told to come later.
pub(crate) const WAITING_BYTES_MAX: usize = 256 * 1_024 * 1_024;
