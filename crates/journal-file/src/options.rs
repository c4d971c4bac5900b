//! How a journal is kept.

use crate::limits::{RECENT_BYTES, SEGMENT_BYTES, SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN};
use headwater_env::BLOCK_BYTES;

/// When what was appended becomes durable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Durability {
    /// Before the append returns (A2): a journal.
    EachCommit,
    /// When a segment is sealed: the local copy of a journal that is durable elsewhere.
    AtSeal,
}

/// Who prepares the next segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Preparing {
    /// A thread, so that appends do not wait for it.
    Background,
    /// The writer, so that the order of disk operations is the same each time: simulation.
    Inline,
}

/// What a commit may take on a full disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Room {
    /// What is left when the reserve is kept.
    Ordinary,
    /// The reserve too: it is to make room, or must not wait for some.
    Reserve,
}

/// When an append does what else its caller has to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Overlap {
    /// Before the device is asked: for a few microseconds of work, which is what overlapping costs.
    InTurn,
    /// While the device is at work, where the disk can do that.
    IfPossible,
}

/// How a journal is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// Bytes of a segment; rounded up to whole blocks. A larger commit gets a larger segment.
    pub segment_bytes: u32,
    /// Bytes of the newest commits kept in memory.
    pub recent_bytes: usize,
    /// Who prepares segments.
    pub preparing: Preparing,
    /// When commits are durable.
    pub durability: Durability,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segment_bytes: SEGMENT_BYTES,
            recent_bytes: RECENT_BYTES,
            preparing: Preparing::Background,
            durability: Durability::EachCommit,
        }
    }
}

impl Options {
    /// The size within its bounds, in whole blocks.
    pub(crate) fn segment_bytes(&self) -> u32 {
        let bytes = self.segment_bytes.clamp(SEGMENT_BYTES_MIN, SEGMENT_BYTES_MAX);
        bytes.next_multiple_of(BLOCK_BYTES as u32)
    }
}
