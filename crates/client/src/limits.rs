//! The bounds of a client, each with its reason.

use std::time::Duration;

/// The largest message of an answer: a page's 8 MiB, its names and framing, and one event more than
/// fits.
pub const ANSWER_BYTES_MAX: usize = 32 * 1_024 * 1_024;

/// Appends of one client that are asked and not answered, in bytes; more callers wait.
pub const UNANSWERED_BYTES_MAX: u32 = 64 * 1_024 * 1_024;

/// What an append counts at least: so many small ones are also bounded.
pub const UNANSWERED_BYTES_EACH_MIN: u32 = 1_024;

/// What the server may send on one stream before it is read: a slow subscriber holds this much.
pub const STREAM_WINDOW_BYTES: u32 = 2 * 1_024 * 1_024;

/// What a frame of an answer may hold: a delivery in two or three instead of in twenty.
pub const FRAME_BYTES_MAX: u32 = 128 * 1_024;

/// What the server may send on all streams together: as much as the protocol allows, so that slow
/// subscribers, which are bounded each, never hold up anybody else's answers.
pub const CONNECTION_WINDOW_BYTES: u32 = (1 << 31) - 1;

/// All headers and trailers of one answer: an error says at most some kilobytes.
pub const HEADER_LIST_BYTES_MAX: u32 = 64 * 1_024;

/// A silent connection is asked so often whether it is still there …
pub const KEEPALIVE_EVERY: Duration = Duration::from_secs(15);

/// … and is given up when it has not answered for so long.
pub const KEEPALIVE_ANSWER_WITHIN: Duration = Duration::from_secs(10);
