//! The bounds of everything a caller may ask, each with its reason.
//!
//! Why: a bound that is stated can be tested, shown in an error and raised on purpose.

/// A stream's name: long enough for any URL-like id, short enough to stand in every index entry.
pub const STREAM_NAME_BYTES_MAX: usize = 512;

/// A stream's name as a user gives it: the name of its settings stream, with `$$` in front, must be
/// a name too, or the stream could never be deleted.
pub const STREAM_NAME_GIVEN_BYTES_MAX: usize = STREAM_NAME_BYTES_MAX - 2;

/// An event's type is a word of a language, not a document.
pub const EVENT_TYPE_BYTES_MAX: usize = 256;

/// A tag is `key:value` with a value like an id.
pub const TAG_BYTES_MAX: usize = 256;

/// A context's name is also the name of its directory.
pub const CONTEXT_NAME_BYTES_MAX: usize = 64;

/// A checkpoint is named after a reader, a context and perhaps a key, which may be a stream.
pub const CHECKPOINT_NAME_BYTES_MAX: usize = 1_024;

/// Tags of one event: each costs an index entry.
pub const TAG_COUNT_MAX: usize = 64;

/// The payload of one event. Larger things belong in an object store, with their address in the event.
pub const PAYLOAD_BYTES_MAX: usize = 4 * 1_024 * 1_024;

/// The metadata of one event, all keys and values together.
pub const METADATA_BYTES_MAX: usize = 64 * 1_024;

/// One append, all streams together: it must fit one frame of the journal, held whole in memory.
pub const APPEND_BYTES_MAX: usize = 16 * 1_024 * 1_024;

/// Events of one append.
pub const APPEND_EVENT_COUNT_MAX: usize = 10_000;

/// Checkpoints saved by one append: one reader's keys in one batch.
pub const APPEND_CHECKPOINT_COUNT_MAX: usize = 1_024;

/// Events of one page of a read.
pub const PAGE_EVENT_COUNT_MAX: usize = 10_000;

/// What an event of a bounded delivery counts at least: what holding one costs besides its payload.
pub const DELIVERED_EVENT_BYTES: usize = 256;

/// Bytes of one page: a slow reader holds no more than this.
pub const PAGE_BYTES_MAX: usize = 8 * 1_024 * 1_024;

/// Items of a query, and names within one item: a decision's boundary is small.
pub const QUERY_ITEM_COUNT_MAX: usize = 64;

/// A group's name, as long as a tag.
pub const GROUP_NAME_BYTES_MAX: usize = 256;

/// Groups of one context: each is held whole.
pub const GROUP_COUNT_MAX: usize = 1_024;

/// Members of one group at a time.
pub const GROUP_MEMBER_COUNT_MAX: u32 = 1_024;

/// Deliveries that one member may hold: what a crash delivers again is no more than this of each.
pub const GROUP_IN_FLIGHT_COUNT_MAX: u32 = 4_096;

/// Steps of a backoff that is given as a list.
pub const GROUP_BACKOFF_COUNT_MAX: usize = 64;

/// `ack_wait` and lease: a week. What takes longer is a saga, not a delivery.
pub const GROUP_WAIT_MS_MAX: u64 = 7 * 24 * 60 * 60 * 1_000;

/// Why an event was parked: a message, not a core dump.
pub const GROUP_REASON_BYTES_MAX: usize = 4_096;

/// What a group's owner keeps with it: a filter and some numbers, not a document.
pub const GROUP_NOTE_BYTES_MAX: usize = 32 * 1_024;

/// Parked events of one page: each is read with its event.
pub const GROUP_PARKED_PAGE_COUNT_MAX: usize = 256;
