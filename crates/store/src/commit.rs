//! Commits: what the store writes into one slot of its journal, byte by byte.
//!
//! Why: an event must be readable from its place alone (a random read takes one small read and
//! checks only its own bytes), while a scan must run at the speed of memory. So every record is
//! self-contained and carries its own checksum, and the frame around the commit carries another:
//! a scan trusts the frame, a random read trusts the record.
//!
//! Picture:
//! ```text
//!   commit  = header · record* · control*
//!   header  = format u8 · recorded-at 7 · first position 8 · events 4 · controls 4        (24 bytes)
//!   record  = length · crc 4 · flags 1 · recorded-at 7 · id 16 · revision · stream · type
//!             · [schema version] · [metadata] · [tags] · payload
//!   control = kind u8 · length · content
//! ```
//! The whole page is in `docs/formats/commit.md`.
//!
//! Invariants: A3 positions are not stored with the records: they are dense from the header's
//! first. D1 a record's checksum covers its position, so a record read at the wrong place
//! does not pass. D3 bytes that do not fit give [`Malformed`]; nothing is allocated by their word.
//! A kind or flag that this version does not know halts the reader instead of being skipped.

mod body;
mod builder;
mod control;
mod gone;
mod header;
mod left;
mod metadata;
mod record;
pub(crate) mod varint;

#[cfg(test)]
mod tests;

pub use body::{Commit, Records};
pub use builder::CommitBuilder;
pub(crate) use builder::event_bytes_max;
pub use control::Control;
pub use gone::{Gone, Item, Stub};
pub(crate) use header::INSTANT_MAX;
pub use header::{HEADER_BYTES, Header};
pub(crate) use left::{Fate, Fates, Left};
pub use record::{EventRef, RECORD_PREFIX_BYTES_MAX, RecordRead, Tags, Text};
pub(crate) use record::{RECORD_BYTES_MAX, read_owned};

use std::borrow::Cow;

/// Bytes that are not a commit, or not one that this version can read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("byte {at}: {why}")]
pub struct Malformed {
    /// Where, from the start of what was being read.
    pub at: usize,
    /// What does not fit.
    pub why: Cow<'static, str>,
}

impl Malformed {
    pub(crate) fn new(at: usize, why: impl Into<Cow<'static, str>>) -> Self {
        Self { at, why: why.into() }
    }
}
