//! How much is held for a collector, and how long anything about it takes.

use std::time::Duration;

/// Spans that wait to be sent: some seconds of a busy server whose every request is traced, a few
/// megabytes. More would only make what is told after an outage older.
pub(crate) const QUEUE_COUNT_MAX: usize = 4_096;

/// Spans of one message: what collectors expect.
pub(crate) const BATCH_COUNT_MAX: usize = 512;

/// A span waits at most so long for others to be sent with it.
pub(crate) const BATCH_WITHIN: Duration = Duration::from_secs(1);

/// One message is taken within this, or is tried again.
pub(crate) const SEND_WITHIN: Duration = Duration::from_secs(10);

/// The wait before a message is tried again; it doubles.
pub(crate) const AGAIN_AFTER_MIN: Duration = Duration::from_secs(1);

/// And is never longer than this.
pub(crate) const AGAIN_AFTER_MAX: Duration = Duration::from_secs(30);

/// A message is given up when it was first tried so long ago: a collector that is started anew is
/// back before.
pub(crate) const GIVE_UP_AFTER: Duration = Duration::from_secs(60);

/// What was dropped is said no more often than this.
pub(crate) const SAY_EVERY: Duration = Duration::from_secs(5 * 60);

/// What is left may take so long to be sent when the process ends: an orchestrator gives it ten
/// seconds in all.
pub const CLOSE_WITHIN: Duration = Duration::from_secs(3);

/// Links of one span. OpenTelemetry's own bound.
pub(crate) const LINK_COUNT_MAX: u32 = 128;

/// An answer of a collector is a few bytes, and a sentence if it refuses something.
pub(crate) const ANSWER_BYTES_MAX: usize = 64 * 1_024;
