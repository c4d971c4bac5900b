//! The bounds of the file journal, each with its reason.

use headwater_env::BLOCK_BYTES;
use headwater_model::limits::APPEND_BYTES_MAX;

/// Bytes of one commit's body.
///
/// The largest append, and as much again for what encoding adds and for the appends that are
/// committed together with it.
pub const COMMIT_BYTES_MAX: usize = 2 * APPEND_BYTES_MAX;

/// The usual size of a segment: small enough to be zeroed in a moment and scanned at every open,
/// large enough that a terabyte is some thousands of files.
pub const SEGMENT_BYTES: u32 = 64 * 1_024 * 1_024;

/// The smallest segment, for tests: one block.
pub const SEGMENT_BYTES_MIN: u32 = BLOCK_BYTES as u32;

/// The largest segment. Places in a segment are 32 bits, and opening reads the last one.
pub const SEGMENT_BYTES_MAX: u32 = 1_024 * 1_024 * 1_024;

/// The last part of a segment, which ordinary commits use only when the next segment is ready (D2).
///
/// On a full disk it takes some two hundred commits that are to make room: deletions and settings
/// of streams. An eighth of segments that are smaller than half a mebibyte.
pub const RESERVE_BYTES: u32 = 64 * 1_024;

/// Bytes of the newest commits that are read from memory: a direct write leaves nothing in the
/// page cache, and those who follow the end read what was written a moment ago.
pub const RECENT_BYTES: usize = 4 * 1_024 * 1_024;

/// How much is read at once by those who read everything: enough to forget the call, and little
/// enough that it is still in the nearest cache of the processor when it is checked and looked at.
pub const CHUNK_BYTES: usize = 256 * 1_024;

/// Sealed segments whose files are kept open: enough for sixteen gigabytes without opening one
/// again, few enough that several journals stay below what a process may open.
pub const OPEN_FILE_COUNT_MAX: usize = 256;

/// The highest slot, epoch or count that is believed. What is beyond was never written.
pub(crate) const COUNTER_MAX: u64 = 1 << 62;

const _: () = assert!(COMMIT_BYTES_MAX < SEGMENT_BYTES_MAX as usize / 2);
const _: () = assert!(COMMIT_BYTES_MAX < 1 << 28, "a frame has 28 bits for its length");
