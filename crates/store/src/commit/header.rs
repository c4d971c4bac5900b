//! The front of a commit: its format, its instant, its positions.
//!
//! Invariants: fixed at 24 bytes, so that it can be written last, in front of records whose
//! number is known only when the group is planned.

use super::Malformed;
use super::varint::Cursor;
use headwater_model::{Position, Timestamp};

/// The only format so far.
const FORMAT: u8 = 1;

/// Bytes of every header.
pub const HEADER_BYTES: usize = 24;

/// Where the number of control items stands.
pub(super) const CONTROL_COUNT_AT: std::ops::Range<usize> = 20..24;

/// Bytes of an instant: 56 bits of microseconds last until the year 4253.
pub(super) const INSTANT_BYTES: usize = 7;

/// What a commit says about itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// When it was planned; every one of its events carries this instant (A6).
    pub recorded_at: Timestamp,
    /// The position of its first event, or, without events, of the first event to come.
    pub first: Position,
    /// How many events.
    pub event_count: u32,
    /// How many control items.
    pub control_count: u32,
}

impl Header {
    pub(super) fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[0] = FORMAT;
        bytes[1..8].copy_from_slice(&instant_bytes(self.recorded_at));
        bytes[8..16].copy_from_slice(&self.first.0.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.event_count.to_le_bytes());
        bytes[20..24].copy_from_slice(&self.control_count.to_le_bytes());
        bytes
    }

    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, Malformed> {
        let format = cursor.byte()?;
        if format != FORMAT {
            let why = format!("commit format {format} is unknown here, {FORMAT} is the newest");
            return Err(Malformed::new(cursor.place(), why));
        }
        let header = Self {
            recorded_at: read_instant(cursor)?,
            first: Position(u64::from_le_bytes(cursor.array()?)),
            event_count: u32::from_le_bytes(cursor.array()?),
            control_count: u32::from_le_bytes(cursor.array()?),
        };
        match header.first.0.checked_add(u64::from(header.event_count)) {
            Some(_) => Ok(header),
            None => Err(cursor.malformed("positions overflow")),
        }
    }

    /// The position behind its last event.
    pub fn next(&self) -> Position {
        Position(self.first.0 + u64::from(self.event_count))
    }
}

/// The latest instant that can be stored.
pub(crate) const INSTANT_MAX: Timestamp = Timestamp::from_micros((1 << 56) - 1);

pub(super) fn instant_bytes(instant: Timestamp) -> [u8; INSTANT_BYTES] {
    assert!(instant <= INSTANT_MAX, "A6: the clock was checked against the last instant");
    let [low @ .., _] = instant.as_micros().to_le_bytes();
    low
}

fn read_instant(cursor: &mut Cursor<'_>) -> Result<Timestamp, Malformed> {
    let low: [u8; INSTANT_BYTES] = cursor.array()?;
    let mut bytes = [0; 8];
    bytes[..INSTANT_BYTES].copy_from_slice(&low);
    Ok(Timestamp::from_micros(u64::from_le_bytes(bytes)))
}
