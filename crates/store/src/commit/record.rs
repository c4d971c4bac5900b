//! Event records: one event as bytes, and the view that reads it without copying anything.
//!
//! Picture:
//! ```text
//!   length varint   bytes behind it
//!   crc u32         CRC-32C of the position (8 bytes) and of everything behind it
//!   flags u8        1 binary payload · 2 schema version · 4 metadata · 8 tags; others halt
//!   recorded-at 7 · id 16 · revision varint · stream counted · type counted
//!   [schema version varint] · [metadata counted] · [tags counted, each tag counted]
//!   payload         the rest
//! ```
//! What was removed leaves a record that stands for one or more positions (`gone.rs`).
//! With a stream name of 20 bytes and a type of 12 a record costs 65 bytes besides its payload.
//!
//! Invariants: D1 the checksum covers where the record belongs. D3 every length is checked
//! against the bytes that are there, and a record's against [`RECORD_BYTES_MAX`].

use super::gone::{Gone, Item, is_gone};
use super::header::{INSTANT_BYTES, instant_bytes};
use super::varint::{self, Cursor};
use super::{Malformed, metadata};
use crate::planted::{Bug, planted};
use bytes::Bytes;
use headwater_model::query::Queryable;
use headwater_model::{
    ContentType, EventId, EventType, Metadata, NewEvent, Position, RecordedEvent, Revision,
    StreamName, Tag, Timestamp,
};
use std::fmt;
use uuid::Uuid;

/// Bytes of which the length of a record is always known.
pub const RECORD_PREFIX_BYTES_MAX: usize = 10;

/// No record is longer than a commit may be: what claims to be is damage.
pub(crate) const RECORD_BYTES_MAX: usize = crate::limits::COMMIT_BYTES_MAX;

const BINARY: u8 = 1;
const SCHEMA_VERSION: u8 = 2;
const METADATA: u8 = 4;
const TAGS: u8 = 8;
const KNOWN: u8 = BINARY | SCHEMA_VERSION | METADATA | TAGS;

pub(super) const CRC_BYTES: usize = 4;
const _: () = assert!(1 + INSTANT_BYTES == 8, "flags and instant are read as one word");
const ID_BYTES: usize = 16;

/// Bytes of a position in a checksum.
const PLACE_BYTES: usize = 8;

fn place_bytes(position: Position) -> [u8; PLACE_BYTES] {
    let place = if planted(Bug::SkipPositionInChecksum) { 0 } else { position.0 };
    place.to_le_bytes()
}

/// CRC-32C of the position's eight bytes and the record's.
pub(super) fn checksum(position: Position, bytes: &[u8]) -> u32 {
    let mut digest = crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc32Iscsi);
    digest.update(&place_bytes(position));
    digest.update(bytes);
    digest.finalize() as u32
}

/// What the plan decided about an event; the rest is as it was asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Decided<'a> {
    pub(super) stream: &'a StreamName,
    pub(super) revision: Revision,
    pub(super) position: Position,
    pub(super) recorded_at: Timestamp,
}

/// Bytes of the tags' region.
fn tags_len(tags: &[Tag]) -> usize {
    tags.iter().map(|tag| varint::len(tag.as_str().len() as u64) + tag.as_str().len()).sum()
}

/// Bytes behind the length.
fn content_len(event: &NewEvent, decided: Decided<'_>) -> usize {
    let counted = |bytes: usize| varint::len(bytes as u64) + bytes;
    let mut len = CRC_BYTES + 1 + INSTANT_BYTES + ID_BYTES;
    len += varint::len(decided.revision.0);
    len += counted(decided.stream.as_str().len()) + counted(event.event_type.as_str().len());
    if event.schema_version != 1 {
        len += varint::len(u64::from(event.schema_version));
    }
    if !metadata::is_empty(&event.metadata) {
        len += counted(metadata::len(&event.metadata));
    }
    if !event.tags.is_empty() {
        len += counted(tags_len(&event.tags));
    }
    len + event.payload.len()
}

pub(super) fn put(out: &mut Vec<u8>, event: &NewEvent, decided: Decided<'_>) {
    let len = content_len(event, decided);
    out.reserve(varint::len(len as u64) + len);
    varint::put(out, len as u64);
    let from = out.len();
    out.extend_from_slice(&[0; CRC_BYTES]);

    let flag = |bit: u8, set: bool| if set { bit } else { 0 };
    let has_metadata = !metadata::is_empty(&event.metadata);
    out.push(
        flag(BINARY, event.content_type == ContentType::Binary)
            | flag(SCHEMA_VERSION, event.schema_version != 1)
            | flag(METADATA, has_metadata)
            | flag(TAGS, !event.tags.is_empty()),
    );
    out.extend_from_slice(&instant_bytes(decided.recorded_at));
    out.extend_from_slice(event.id.0.as_bytes());
    varint::put(out, decided.revision.0);
    varint::put_bytes(out, decided.stream.as_str().as_bytes());
    varint::put_bytes(out, event.event_type.as_str().as_bytes());
    if event.schema_version != 1 {
        varint::put(out, u64::from(event.schema_version));
    }
    if has_metadata {
        varint::put(out, metadata::len(&event.metadata) as u64);
        metadata::put(out, &event.metadata);
    }
    if !event.tags.is_empty() {
        varint::put(out, tags_len(&event.tags) as u64);
        event.tags.iter().for_each(|tag| varint::put_bytes(out, tag.as_str().as_bytes()));
    }
    out.extend_from_slice(&event.payload);

    assert_eq!(out.len() - from, len, "D1: a record is as long as it says");
    let crc = checksum_behind(out, from + CRC_BYTES, decided.position);
    out[from..from + CRC_BYTES].copy_from_slice(&crc.to_le_bytes());
}

/// As [`checksum`] of what stands in `out` behind `from`, in one pass: the position is put before it
/// for a moment, where the checksum and the end of what comes before the record stand.
fn checksum_behind(out: &mut [u8], from: usize, position: Position) -> u32 {
    let Some(at) = from.checked_sub(PLACE_BYTES) else { return checksum(position, &out[from..]) };
    let mut before = place_bytes(position);
    out[at..from].swap_with_slice(&mut before);
    let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, &out[at..]) as u32;
    out[at..from].copy_from_slice(&before);
    crc
}

/// A name in a record, seen in place. That it is UTF-8 was found when the view was made, by its words
/// alone where it is ASCII; it becomes a `str` when it is asked for. A scan asks for few of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    #[inline]
    pub(super) fn next(cursor: &mut Cursor<'a>) -> Result<Self, Malformed> {
        let bytes = cursor.counted()?;
        if is_ascii(bytes) || std::str::from_utf8(bytes).is_ok() {
            return Ok(Self(bytes));
        }
        Err(cursor.malformed("a text is not UTF-8"))
    }

    /// The text.
    pub fn as_str(self) -> &'a str {
        std::str::from_utf8(self.0).expect("checked when the view was made")
    }
}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl PartialEq<&str> for Text<'_> {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// Whether all bytes are below 128, eight at a time: a tenth of what a decoder of UTF-8 costs for
/// a name.
#[inline]
fn is_ascii(bytes: &[u8]) -> bool {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let Some(last) = bytes.last_chunk() else {
        return bytes.iter().fold(0, |all, byte| all | byte) < 0x80;
    };
    let (words, _) = bytes.as_chunks();
    let last = u64::from_le_bytes(*last);
    words.iter().fold(last, |all, word| all | u64::from_le_bytes(*word)) & HIGH == 0
}

/// A stored event, seen in place. Names and tags are checked UTF-8; metadata is read when asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EventRef<'a> {
    /// Who it is.
    pub id: EventId,
    /// Its stream.
    pub stream: Text<'a>,
    /// Its place in the stream.
    pub revision: Revision,
    /// Its place in the context.
    pub position: Position,
    /// When its commit was planned.
    pub recorded_at: Timestamp,
    /// What has happened.
    pub event_type: Text<'a>,
    /// Which shape of the payload this is.
    pub schema_version: u32,
    /// How the payload is written.
    pub content_type: ContentType,
    /// What it says.
    pub payload: &'a [u8],
    /// The marks by which it is found.
    pub tags: Tags<'a>,
    metadata: &'a [u8],
}

/// What bytes at a record's place hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RecordRead<'a> {
    /// The record, and how many bytes it takes with its length.
    Whole(EventRef<'a>, usize),
    /// So many bytes are needed from the same place to see all of it.
    Needs(usize),
    /// What was removed, from this position on, and how many bytes say so.
    Gone(Gone<'a>, usize),
}

impl<'a> EventRef<'a> {
    /// Reads the record at the front of `bytes`, which may be cut off behind, and checks that it
    /// is the one of `position`.
    ///
    /// # Errors
    /// [`Malformed`]: these bytes are not that record.
    pub fn read_alone(bytes: &'a [u8], position: Position) -> Result<RecordRead<'a>, Malformed> {
        let mut cursor = Cursor::new(bytes);
        let len = match cursor.varint() {
            Ok(len) => Self::checked_len(len)?,
            Err(_) if bytes.len() < RECORD_PREFIX_BYTES_MAX => {
                return Ok(RecordRead::Needs(RECORD_PREFIX_BYTES_MAX));
            }
            Err(cause) => return Err(cause),
        };
        let whole = cursor.place() + len;
        if bytes.len() < whole {
            return Ok(RecordRead::Needs(whole));
        }
        let content = cursor.take(len)?;
        Self::check(content, position)?;
        if is_gone(content) {
            return Ok(RecordRead::Gone(Gone::read(content, position)?, whole));
        }
        Ok(RecordRead::Whole(Self::read_content(content, position)?, whole))
    }

    /// Reads the record that `bytes` are, which [`Self::read_alone`] found to be that of `position`.
    pub(crate) fn read_kept(bytes: &'a [u8], position: Position) -> Result<Self, Malformed> {
        Self::read(&mut Cursor::new(bytes), position)
    }

    /// Reads the record at the cursor, whose bytes were verified.
    #[inline]
    fn read(cursor: &mut Cursor<'a>, position: Position) -> Result<Self, Malformed> {
        let at = cursor.place();
        let len = Self::checked_len(cursor.varint()?)?;
        Self::read_content(cursor.take(len)?, position)
            .map_err(|cause| Malformed::new(at, format!("in the record of {position}, {cause}")))
    }

    /// Reads the next record of a commit whose frame was verified, or what is left of some.
    #[inline]
    pub(super) fn read_item(
        cursor: &mut Cursor<'a>,
        position: Position,
    ) -> Result<Item<'a>, Malformed> {
        let at = cursor.place();
        let len = Self::checked_len(cursor.varint()?)?;
        let content = cursor.take(len)?;
        let within = |cause| Malformed::new(at, format!("in the record of {position}, {cause}"));
        if is_gone(content) {
            return Gone::read(content, position).map(Item::Gone).map_err(within);
        }
        Self::read_content(content, position).map(Item::Event).map_err(within)
    }

    /// As [`Self::read_item`], and the record's own checksum too.
    pub(super) fn read_item_checked(
        cursor: &mut Cursor<'a>,
        position: Position,
    ) -> Result<Item<'a>, Malformed> {
        let mut ahead = *cursor;
        let len = Self::checked_len(ahead.varint()?)?;
        Self::check(ahead.take(len)?, position)?;
        Self::read_item(cursor, position)
    }

    #[inline]
    fn checked_len(len: u64) -> Result<usize, Malformed> {
        match usize::try_from(len) {
            Ok(len) if (CRC_BYTES..=RECORD_BYTES_MAX).contains(&len) => Ok(len),
            _ => Err(Malformed::new(0, format!("{len} bytes are no record's length"))),
        }
    }

    fn check(content: &[u8], position: Position) -> Result<(), Malformed> {
        let (stored, covered) = content
            .split_first_chunk::<CRC_BYTES>()
            .ok_or_else(|| Malformed::new(0, "a record is shorter than its checksum"))?;
        if checksum(position, covered) == u32::from_le_bytes(*stored) {
            Ok(())
        } else {
            let why = format!("the checksum is not that of the event at position {position}");
            Err(Malformed::new(0, why))
        }
    }

    #[inline]
    fn read_content(content: &'a [u8], position: Position) -> Result<Self, Malformed> {
        let mut cursor = Cursor::at(content, CRC_BYTES);
        // Flags in the lowest byte, the instant in the others.
        let front = u64::from_le_bytes(cursor.array()?);
        let flags = front as u8;
        if flags & !KNOWN != 0 {
            return Err(cursor.malformed("a record of a kind unknown here"));
        }
        let recorded_at = Timestamp::from_micros(front >> 8);
        let id = EventId(Uuid::from_bytes(cursor.array()?));
        let revision = Revision(cursor.varint()?);
        let stream = Text::next(&mut cursor)?;
        let event_type = Text::next(&mut cursor)?;
        let schema_version = match flags & SCHEMA_VERSION {
            0 => 1,
            _ => u32::try_from(cursor.varint()?)
                .map_err(|_| cursor.malformed("a schema version is out of range"))?,
        };
        let metadata = if flags & METADATA == 0 { &[] } else { cursor.counted()? };
        let tags = match flags & TAGS {
            0 => Tags::default(),
            _ => Tags::checked(cursor.counted()?)?,
        };
        let content_type =
            if flags & BINARY == 0 { ContentType::Json } else { ContentType::Binary };
        let payload = cursor.rest();
        Ok(Self {
            id,
            stream,
            revision,
            position,
            recorded_at,
            event_type,
            schema_version,
            content_type,
            payload,
            tags,
            metadata,
        })
    }

    /// The event with all its parts as slices of `page`, which this view must have been read from.
    ///
    /// # Errors
    /// [`Malformed`]: a name or a metadata key is none.
    pub fn to_recorded(&self, page: &Bytes) -> Result<RecordedEvent, Malformed> {
        let bad = |why: headwater_model::InvalidName| Malformed::new(0, why.to_string());
        let tag = |tag: &str| Tag::new(metadata::share(tag.as_bytes(), page)?).map_err(bad);
        Ok(RecordedEvent {
            id: self.id,
            stream: StreamName::system(metadata::share(self.stream.0, page)?).map_err(bad)?,
            revision: self.revision,
            position: self.position,
            recorded_at: self.recorded_at,
            event_type: EventType::new(metadata::share(self.event_type.0, page)?).map_err(bad)?,
            schema_version: self.schema_version,
            content_type: self.content_type,
            payload: page.slice_ref(self.payload),
            metadata: match self.metadata {
                [] => Metadata::default(),
                bytes => metadata::read(bytes, page)?,
            },
            tags: self.tags.iter().map(tag).collect::<Result<_, _>>()?,
        })
    }
}

impl Queryable for EventRef<'_> {
    fn stream(&self) -> &str {
        self.stream.as_str()
    }
    fn event_type(&self) -> &str {
        self.event_type.as_str()
    }
    fn has_tag(&self, tag: &str) -> bool {
        self.tags.iter().any(|own| own == tag)
    }
}

/// The tags of a stored event, in the order given.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tags<'a> {
    bytes: &'a [u8],
}

impl<'a> Tags<'a> {
    fn checked(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(bytes);
        while !cursor.is_empty() {
            Text::next(&mut cursor)?;
        }
        Ok(Self { bytes })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Each tag.
    pub fn iter(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let mut cursor = Cursor::new(self.bytes);
        std::iter::from_fn(move || {
            (!cursor.is_empty()).then(|| cursor.text().expect("checked when the view was made"))
        })
    }
}

/// The event whose record stands at the front of `bytes`, with bytes of its own.
pub(crate) fn read_owned(bytes: &[u8], position: Position) -> Result<RecordedEvent, Malformed> {
    let RecordRead::Whole(_, len) = EventRef::read_alone(bytes, position)? else {
        return Err(Malformed::new(bytes.len(), "the record ends early"));
    };
    let page = Bytes::copy_from_slice(&bytes[..len]);
    match EventRef::read_alone(&page, position)? {
        RecordRead::Whole(event, _) => event.to_recorded(&page),
        _ => Err(Malformed::new(len, "the record ends early")),
    }
}
