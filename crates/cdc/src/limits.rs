//! The bounds of mining, each with its reason.

use std::time::Duration;

/// Columns of one table: PostgreSQL's own bound is 1,600, and 1,664 in a result.
pub(crate) const COLUMN_COUNT_MAX: usize = 1_664;

/// Bytes of one message of the server. A row arrives as one message and PostgreSQL's own bound is a
/// gigabyte; of a row this large nothing could be stored, but columns may be left out of the event.
pub(crate) const MESSAGE_BYTES_MAX: usize = 256 * 1_024 * 1_024;

/// Bytes of all rows of one answer to a query of ours: a chunk of the copy is the largest.
pub(crate) const ANSWER_BYTES_MAX: usize = 512 * 1_024 * 1_024;

/// Nesting of an array in text; PostgreSQL allows six dimensions.
pub(crate) const ARRAY_DEPTH_MAX: usize = 6;

/// Events at which a batch of whole transactions is closed: enough that the disk's sync is shared by
/// thousands, far below what an append may hold.
pub(crate) const BATCH_EVENT_COUNT_MAX: usize = 4_096;

/// Bytes at which a batch of whole transactions is closed.
pub(crate) const BATCH_BYTES_MAX: usize = 4 * 1_024 * 1_024;

/// Events of one transaction that are one append; a larger transaction is stored in parts.
pub(crate) const PART_EVENT_COUNT_MAX: usize = 9_000;

/// Bytes of one transaction that are one append. One more event of the largest size still fits.
pub(crate) const PART_BYTES_MAX: usize = 10 * 1_024 * 1_024;

/// Appends that are under way at once: each waits for the checkpoint of the one before, so a store
/// that commits in groups takes all of them with one sync.
pub(crate) const IN_FLIGHT_COUNT_MAX: usize = 16;

/// Appends under way below which a batch is closed as soon as no more log is here: two, so that one is
/// made while the other is synced. An append costs the store about as much as a dozen events.
pub(crate) const EAGER_IN_FLIGHT_COUNT: usize = 2;

/// Events from which on a batch is worth an append of its own, whatever is under way.
pub(crate) const EAGER_EVENT_COUNT: usize = 512;

/// Rows that are fetched at once while tables are copied, and are one append.
pub(crate) const COPY_ROW_COUNT: usize = 2_000;

/// How often the server is told how far the log was mined, at least. Its own patience
/// (`wal_sender_timeout`) is a minute unless it was set lower.
pub(crate) const FEEDBACK_EVERY: Duration = Duration::from_secs(2);

/// How often the replication slot is looked at.
pub(crate) const WATCH_EVERY: Duration = Duration::from_secs(5);

/// Bytes of log that did not concern us and may be read again after a restart, before the place is
/// saved for their sake alone.
pub(crate) const UNSAVED_LOG_BYTES_MAX: u64 = 16 * 1_024 * 1_024;

/// How long a connection may take to be made.
pub(crate) const CONNECT_WAIT_MAX: Duration = Duration::from_secs(10);

/// The wait before a miner that failed is tried again; doubles up to [`RESTART_WAIT_MAX`].
pub(crate) const RESTART_WAIT_MIN: Duration = Duration::from_millis(100);

/// The longest wait between tries: a database that comes back is noticed within it.
pub(crate) const RESTART_WAIT_MAX: Duration = Duration::from_secs(10);

/// How long a server of a binary log may say nothing at all: it gives a sign of life four times as
/// often. Beyond it the connection is dead, whatever the network says.
pub(crate) const SILENCE_MAX: Duration = Duration::from_secs(20);
