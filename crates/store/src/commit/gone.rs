//! What is left of events that were removed.
//!
//! Why: positions never move (A3), so something must stand for those that are gone. Neighbours that
//! are gone share one record. The last event of a stream keeps its names: where the stream goes on
//! must be known for ever.
//!
//! Picture:
//! ```text
//!   gap    length · crc · flags 16 · recorded-at 7 · how many positions, varint
//!   stub   length · crc · flags 32 · recorded-at 7 · id 16 · revision · stream · type
//! ```
//! Invariants: D1 the checksum covers the first position. Neither is ever shown to a reader.

use super::Malformed;
use super::header::{INSTANT_BYTES, instant_bytes};
use super::record::{CRC_BYTES, EventRef, Text, checksum};
use super::varint::{self, Cursor};
use headwater_model::{EventId, Position, Revision, Timestamp};
use uuid::Uuid;

const GAP: u8 = 16;
const STUB: u8 = 32;

/// A record of a commit, or what is left of some.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Item<'a> {
    /// An event.
    Event(EventRef<'a>),
    /// Events that were removed.
    Gone(Gone<'a>),
}

impl Item<'_> {
    /// How many positions it stands for.
    pub fn count(&self) -> u32 {
        match self {
            Self::Event(_) => 1,
            Self::Gone(gone) => gone.count,
        }
    }
}

/// What is left of events that were removed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Gone<'a> {
    /// Where the first of them stood.
    pub first: Position,
    /// How many they were, one behind the other; at least one.
    pub count: u32,
    /// When they were recorded.
    pub recorded_at: Timestamp,
    /// Of the last event of a stream, what is kept.
    pub stub: Option<Stub<'a>>,
}

/// What is kept of a removed event that is the last of its stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stub<'a> {
    /// Who it was.
    pub id: EventId,
    /// Its stream.
    pub stream: Text<'a>,
    /// Its place in the stream.
    pub revision: Revision,
    /// What had happened.
    pub event_type: Text<'a>,
}

/// Whether the content of a record, from its checksum on, says that something was removed.
#[inline]
pub(super) fn is_gone(content: &[u8]) -> bool {
    content.get(CRC_BYTES).is_some_and(|flags| flags & (GAP | STUB) != 0)
}

impl<'a> Gone<'a> {
    pub(super) fn read(content: &'a [u8], first: Position) -> Result<Self, Malformed> {
        let mut cursor = Cursor::at(content, CRC_BYTES);
        let front = u64::from_le_bytes(cursor.array()?);
        let recorded_at = Timestamp::from_micros(front >> 8);
        let gone = match front as u8 {
            GAP => {
                let count = u32::try_from(cursor.varint()?).ok().filter(|count| *count > 0);
                let count = count.ok_or_else(|| cursor.malformed("a gap of no positions"))?;
                Self { first, count, recorded_at, stub: None }
            }
            STUB => {
                let id = EventId(Uuid::from_bytes(cursor.array()?));
                let revision = Revision(cursor.varint()?);
                let stream = Text::next(&mut cursor)?;
                let event_type = Text::next(&mut cursor)?;
                let stub = Some(Stub { id, stream, revision, event_type });
                Self { first, count: 1, recorded_at, stub }
            }
            _ => return Err(cursor.malformed("a record of a kind unknown here")),
        };
        if cursor.is_empty() { Ok(gone) } else { Err(cursor.malformed("what is gone goes on")) }
    }
}

/// Writes that `count` positions from `first` on are gone.
pub(crate) fn put_gap(out: &mut Vec<u8>, first: Position, count: u32, recorded_at: Timestamp) {
    assert!(count > 0, "A3: a gap stands for positions");
    put(out, first, |content| {
        content.push(GAP);
        content.extend_from_slice(&instant_bytes(recorded_at));
        varint::put(content, u64::from(count));
    });
}

/// Writes what is left of the last event of a stream.
pub(crate) fn put_stub(
    out: &mut Vec<u8>,
    position: Position,
    recorded_at: Timestamp,
    stub: &Stub<'_>,
) {
    put(out, position, |content| {
        content.push(STUB);
        content.extend_from_slice(&instant_bytes(recorded_at));
        content.extend_from_slice(stub.id.0.as_bytes());
        varint::put(content, stub.revision.0);
        varint::put_bytes(content, stub.stream.as_str().as_bytes());
        varint::put_bytes(content, stub.event_type.as_str().as_bytes());
    });
}

fn put(out: &mut Vec<u8>, first: Position, write: impl FnOnce(&mut Vec<u8>)) {
    let mut content = Vec::with_capacity(64);
    write(&mut content);
    assert!(content.len() > INSTANT_BYTES, "D1: it says what it is");
    varint::put(out, (CRC_BYTES + content.len()) as u64);
    out.extend_from_slice(&checksum(first, &content).to_le_bytes());
    out.extend_from_slice(&content);
}
