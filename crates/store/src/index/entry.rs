//! Entries: what the index is told of an event.
//!
//! Why: the index never reads a record; whoever appends or rebuilds has the parts at hand.
//! Invariants: A3, positions come without a gap, and so do the revisions of each stream.

use headwater_journal_file::Place;
use headwater_model::{EventId, Position, Revision, Timestamp};

/// One event, as the index is told of it.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Its place in the context: the one behind the last entry's.
    pub position: Position,
    /// Where its record stands: never before the last entry's.
    pub place: Place,
    /// Its stream; empty if the event was removed: then nothing is known but its place and time.
    pub stream: &'a str,
    /// Its place in the stream.
    pub revision: Revision,
    /// Who it is.
    pub id: EventId,
    /// What has happened.
    pub event_type: &'a str,
    /// The marks by which it is found. A tag said twice counts once.
    pub tags: &'a [&'a str],
    /// When it was recorded. A6: never before the last entry's.
    pub recorded_at: Timestamp,
}

impl Entry<'_> {
    /// Whether nothing is left of the event but its position.
    pub(crate) fn is_gone(&self) -> bool {
        self.stream.is_empty()
    }
}

/// What stands before the first `-` of a stream's name; the whole name if there is none.
pub(crate) fn category(stream: &str) -> &str {
    stream.split_once('-').map_or(stream, |(category, _)| category)
}
