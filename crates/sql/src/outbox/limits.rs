//! The bounds of a relay, each with its reason.

use std::time::Duration;

/// Shares of our own table: as many relays can share it. Each row falls into one by its stream, so
/// that a stream has one relay. Part of the table's definition: it cannot change under rows.
pub(crate) const SHARE_COUNT: u16 = 16;

/// Rows of one fetch and one append: enough that a sync is shared by thousands, few enough that
/// doing it again after a crash costs little.
pub(crate) const BATCH_ROW_COUNT_MAX: usize = 4_000;

/// Rows of the first fetch, when nothing is known of how large they are.
pub(crate) const FIRST_FETCH_ROW_COUNT: usize = 256;

/// Bytes that a fetch should bring, going by the rows of the one before: what a relay holds in memory.
pub(crate) const FETCH_BYTES: usize = 16 * 1_024 * 1_024;

/// Bytes of one append, far below what an append may hold.
pub(crate) const BATCH_BYTES_MAX: usize = 4 * 1_024 * 1_024;

/// How long a relay that is gone keeps its shares: long enough for a pause that is none.
pub(crate) const LEASE: Duration = Duration::from_secs(10);

/// The first wait when there was nothing, doubled up to [`POLL_MAX`].
pub(crate) const POLL_MIN: Duration = Duration::from_millis(5);

/// The longest wait between two looks where nobody wakes the relay.
pub(crate) const POLL_MAX: Duration = Duration::from_millis(100);

/// The longest wait where the database wakes the relay: for what is written at the very moment in
/// which it falls asleep.
pub(crate) const LISTEN_MAX: Duration = Duration::from_millis(250);

/// Rows of one fetch from which a relay counts as awake, and writers spare the waking.
pub(crate) const AWAKE_ROW_COUNT: usize = 64;

/// How often the backlog is counted for health and metrics.
pub(crate) const COUNT_EVERY: Duration = Duration::from_secs(5);

/// Rows counted of a backlog: beyond it "many" says as much as a number.
pub(crate) const COUNT_MAX: u64 = 100_000;

/// Tries of an append whose reply was lost, before the relay begins its turn anew.
pub(crate) const LOST_REPLY_ATTEMPTS_MAX: u32 = 5;

/// Look-ups under way at once when it is asked which rows the store knows.
pub(crate) const LOOKUP_COUNT: usize = 64;

/// The wait before a failed relay tries again; doubles up to [`RESTART_WAIT_MAX`].
pub(crate) const RESTART_WAIT_MIN: Duration = Duration::from_millis(50);

/// The longest wait between tries of a failed relay.
pub(crate) const RESTART_WAIT_MAX: Duration = Duration::from_secs(10);
