//! Copies of a context's journal, taken while it is written to.
//!
//! Why: a backup must not stop anybody, and must be a prefix of the order all the same. What is
//! before the durable end never changes, so it is enough to fix that end and to read up to it.
//!
//! Picture:
//! ```text
//!   point ─▶ end of the journal, fixed │ copy(until that end, what is known) ─▶ Known 0 · Known 1
//!                                      │      ─▶ Begins 2, from byte 4096 ─▶ Bytes … ─▶ end
//! ```
//! Invariants: R1 a copy ends at the point that it was asked for, between two commits. What is
//! handed out is not checked here: whoever keeps it checks every frame.

use crate::{Answer, Incarnation, Position, ReadError};
use bytes::Bytes;
use uuid::Uuid;

/// Where a copy ends, and whose it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CopyPoint {
    /// The context's id: the same in every copy of it.
    pub context: Uuid,
    /// Each history and its first position, the newest last.
    pub incarnations: Vec<(Incarnation, Position)>,
    /// The segment that was written to.
    pub segment: u32,
    /// The byte of it behind the last durable frame.
    pub at: u32,
}

/// The front part of a segment that whoever asks has already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KnownSegment {
    /// Which.
    pub segment: u32,
    /// So many bytes of it.
    pub bytes: u32,
    /// The checksum of the last frame in them.
    pub chain: u32,
}

/// What is to be copied.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CopyAsked {
    /// Up to where.
    pub until: CopyPoint,
    /// What is not needed again, by segment, rising.
    pub known: Vec<KnownSegment>,
}

/// A step of a copy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CopyStep {
    /// Of this segment nothing is new: what is known is all of it, up to the point.
    Known {
        /// Which.
        segment: u32,
    },
    /// The bytes of this segment follow.
    Begins {
        /// Which.
        segment: u32,
        /// From this byte on; what is before it is known.
        from: u32,
        /// Up to this one, exclusive.
        to: u32,
        /// Whether no frame follows in it.
        sealed: bool,
    },
    /// The next bytes of the segment that was begun.
    Bytes(Bytes),
}

/// Copies of one context's journal.
pub trait JournalCopies: Send + Sync {
    /// Where the durable part of the journal ends now.
    fn point(&self) -> Answer<'_, CopyPoint, ReadError>;

    /// Begins a copy up to a point that was given by [`JournalCopies::point`].
    fn copy(&self, asked: CopyAsked) -> Answer<'_, Box<dyn CopyReader>, ReadError>;
}

/// One copy on its way. A segment is held as it was when its copying began, whatever happens to
/// its file meanwhile.
pub trait CopyReader: Send {
    /// The next step; `None` at the end.
    fn next(&mut self) -> Answer<'_, Option<CopyStep>, ReadError>;
}
