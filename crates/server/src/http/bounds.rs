//! The bounds of what may be asked over HTTP, each with its reason.
//!
//! Why: D3, nothing is allocated by a length from the wire before that length is bounded.

use crate::limits::REQUEST_BYTES_MAX;
use std::time::Duration;

/// Bytes of one body: the largest append, with the quotes and the base64 that JSON adds to it.
pub(super) const BODY_BYTES_MAX: usize = REQUEST_BYTES_MAX;

/// Bytes of all bodies that are being read or appended: those behind wait for their turn.
pub(super) const BODIES_BYTES_MAX: usize = 256 * 1_024 * 1_024;

/// A body is admitted in units of this, so that an admission fits the counter of a semaphore.
pub(super) const BODY_UNIT_BYTES: usize = 1_024;

/// Bytes of a request's address: names and a filter, all of them percent-encoded.
pub(super) const ADDRESS_BYTES_MAX: usize = 16 * 1_024;

/// What stands behind the `?`: no page asks for more than a filter of many names.
pub(super) const QUERY_PAIR_COUNT_MAX: usize = 5 * NAME_COUNT_MAX + 16;

/// Events of a page, if the caller does not say.
pub(super) const PAGE_EVENT_COUNT: usize = 100;

/// Streams of a page, if the caller does not say.
pub(super) const PAGE_STREAM_COUNT: usize = 100;

/// Conditions of one append, and the bound of a search for each.
pub(super) const CONDITION_COUNT_MAX: usize = 64;

/// Names of one kind in a filter, or in an item of a query. With some of each other kind it stays
/// within what the store takes.
pub(super) const NAME_COUNT_MAX: usize = 60;

/// Free keys of an event's metadata, and attributes of a `CloudEvent`: their bytes are bounded too,
/// but a key of one byte costs eighty.
pub(super) const KEY_COUNT_MAX: usize = 256;

/// Tails at one time: each may hold a page of events for a reader that does not take them.
pub(super) const TAIL_COUNT_MAX: usize = 512;

/// Bytes of a tail that are handed over at once.
pub(super) const TAIL_CHUNK_BYTES: usize = 64 * 1_024;

/// A silent tail says that it lives: below the patience of common proxies (60 s), twice.
pub(super) const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);

/// How long a request may take: longer than any bounded wait within it, shorter than the patience
/// of common proxies (60 s).
pub(super) const REQUEST_WITHIN: Duration = Duration::from_secs(30);

/// How long a fetch of a member may wait, and does if nothing is said: within what a request may take.
pub(super) const FETCH_WAIT_MS_MAX: u64 = 20_000;

/// Deliveries of one fetch, at most …
pub(super) const FETCH_COUNT_MAX: usize = 1_000;

/// … and if nothing is said: what a script handles before it asks again.
pub(super) const FETCH_COUNT: usize = 10;

/// A fetch takes no more once its events have so many bytes …
pub(super) const FETCH_BYTES: usize = 8 * 1_024 * 1_024;

/// … which it looks at behind so many deliveries.
pub(super) const FETCH_STEP_COUNT: usize = 16;

/// Members that are kept for callers of HTTP, all groups together.
pub(super) const MEMBER_COUNT_MAX: usize = 4_096;

/// Places are shown as JSON numbers, which many languages read as signed.
pub(super) const PLACE_MAX: u64 = i64::MAX as u64;

/// An idempotency key. A UUID has 36 bytes; nobody needs a page.
pub(super) const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;
