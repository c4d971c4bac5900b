//! A recorded event inside a page, written as it is.
//!
//! Why: pages are most of what a server sends. Turning each event into a message of its own first
//! would share, count and drop every part of it once more.
//!
//! Invariant: byte for byte what [`v1::RecordedEvent`] would be; tests hold them together.

use crate::convert::event_said;
use crate::{Malformed, v1};
use bytes::{Buf, BufMut};
use headwater_model::{Metadata, RecordedEvent};
use prost::DecodeError;
use prost::encoding::{DecodeContext, WireType, encode_varint, encoded_len_varint};

/// A [`v1::RecordedEvent`] of a page.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all are the large one: a box for each would be an allocation for each event"
)]
pub enum Recorded {
    /// As the store has it; to be written.
    Said(Said),
    /// As it was sent.
    Heard(Box<v1::RecordedEvent>),
}

/// An event, and how long it is when it is written: the messages around it ask again and again.
#[derive(Clone, Debug)]
pub struct Said {
    event: RecordedEvent,
    length: usize,
}

impl Default for Recorded {
    fn default() -> Self {
        Self::Heard(Box::default())
    }
}

/// Equal on the wire.
impl PartialEq for Recorded {
    fn eq(&self, other: &Self) -> bool {
        use prost::Message as _;
        self.encode_to_vec() == other.encode_to_vec()
    }
}

impl From<RecordedEvent> for Recorded {
    fn from(event: RecordedEvent) -> Self {
        Self::Said(Said { length: length(&event), event })
    }
}

impl TryFrom<Recorded> for RecordedEvent {
    type Error = Malformed;
    fn try_from(event: Recorded) -> Result<Self, Malformed> {
        match event {
            Recorded::Said(said) => Ok(said.event),
            Recorded::Heard(event) => (*event).try_into(),
        }
    }
}

impl prost::Message for Recorded {
    fn encode_raw(&self, buf: &mut impl BufMut) {
        match self {
            Self::Said(said) => put(&said.event, buf),
            Self::Heard(event) => event.encode_raw(buf),
        }
    }

    fn encoded_len(&self) -> usize {
        match self {
            Self::Said(said) => said.length,
            Self::Heard(event) => event.encoded_len(),
        }
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        context: DecodeContext,
    ) -> Result<(), DecodeError> {
        if let Self::Said(said) = self {
            *self = Self::Heard(Box::new((&said.event).into()));
        }
        match self {
            Self::Heard(event) => event.merge_field(tag, wire_type, buf, context),
            Self::Said(_) => unreachable!("it was made a heard one just now"),
        }
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

/// Bytes of a field that is left out when it is empty.
fn some_bytes(bytes: usize) -> usize {
    if bytes == 0 { 0 } else { any_bytes(bytes) }
}

/// Bytes of a field that is always there.
fn any_bytes(bytes: usize) -> usize {
    1 + encoded_len_varint(bytes as u64) + bytes
}

fn some_number(number: u64) -> usize {
    if number == 0 { 0 } else { 1 + encoded_len_varint(number) }
}

fn put_some_bytes(key: u8, bytes: &[u8], buf: &mut impl BufMut) {
    if !bytes.is_empty() {
        put_any_bytes(key, bytes, buf);
    }
}

fn put_any_bytes(key: u8, bytes: &[u8], buf: &mut impl BufMut) {
    buf.put_u8(key);
    encode_varint(bytes.len() as u64, buf);
    buf.put_slice(bytes);
}

/// The key of a field whose length stands before it.
const fn bytes_key(number: u8) -> u8 {
    number << 3 | 2
}

/// The key of a field that is a number.
const fn number_key(number: u8) -> u8 {
    number << 3
}

fn length(event: &RecordedEvent) -> usize {
    let tags: usize = event.tags.iter().map(|tag| any_bytes(tag.as_str().len())).sum();
    any_bytes(event.id.0.as_bytes().len())
        + some_bytes(event.event_type.as_str().len())
        + some_number(event.schema_version.into())
        + some_number(content_type(event))
        + some_bytes(event.payload.len())
        + said(&event.metadata).map_or(0, |metadata| any_bytes(metadata_length(metadata)))
        + tags
        + some_bytes(event.stream.as_str().len())
        + some_number(event.revision.0)
        + some_number(event.position.0)
        + some_number(event.recorded_at.as_micros())
}

fn put(event: &RecordedEvent, buf: &mut impl BufMut) {
    let mut small = Small::new();
    small.key_and_length(bytes_key(1), event.id.0.as_bytes().len());
    small.bytes(event.id.0.as_bytes());
    small.some_bytes(bytes_key(2), event.event_type.as_str().as_bytes(), buf);
    small.some_number(number_key(3), event.schema_version.into());
    small.some_number(number_key(4), content_type(event));
    small.some_bytes(bytes_key(5), &event.payload, buf);
    if let Some(metadata) = said(&event.metadata) {
        small.key_and_length(bytes_key(6), metadata_length(metadata));
        small.flush(buf);
        put_metadata(metadata, buf);
    }
    for tag in &event.tags {
        small.key_and_length(bytes_key(7), tag.as_str().len());
        small.flush(buf);
        buf.put_slice(tag.as_str().as_bytes());
    }
    small.some_bytes(bytes_key(8), event.stream.as_str().as_bytes(), buf);
    small.some_number(number_key(9), event.revision.0);
    small.some_number(number_key(10), event.position.0);
    small.some_number(number_key(11), event.recorded_at.as_micros());
    small.flush(buf);
}

/// Keys, lengths and numbers that stand side by side, put down at once: a buffer is asked for room each
/// time.
struct Small {
    bytes: [u8; SMALL_BYTES],
    len: usize,
}

/// The most that is gathered: an id, and three numbers with their keys and some lengths.
const SMALL_BYTES: usize = 64;

/// A number, at most.
const VARINT_BYTES: usize = 10;

impl Small {
    const fn new() -> Self {
        Self { bytes: [0; SMALL_BYTES], len: 0 }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    fn key_and_length(&mut self, key: u8, length: usize) {
        self.number(key, length as u64);
    }

    fn some_number(&mut self, key: u8, number: u64) {
        if number != 0 {
            self.number(key, number);
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "seven bits at a time")]
    fn number(&mut self, key: u8, mut number: u64) {
        assert!(self.len + 1 + VARINT_BYTES <= SMALL_BYTES, "what is gathered was counted");
        self.bytes[self.len] = key;
        self.len += 1;
        while number >= 0x80 {
            self.bytes[self.len] = number as u8 | 0x80;
            self.len += 1;
            number >>= 7;
        }
        self.bytes[self.len] = number as u8;
        self.len += 1;
    }

    fn some_bytes(&mut self, key: u8, bytes: &[u8], buf: &mut impl BufMut) {
        if !bytes.is_empty() {
            self.key_and_length(key, bytes.len());
            self.flush(buf);
            buf.put_slice(bytes);
        }
    }

    fn flush(&mut self, buf: &mut impl BufMut) {
        buf.put_slice(&self.bytes[..self.len]);
        self.len = 0;
    }
}

fn content_type(event: &RecordedEvent) -> u64 {
    let number = i32::from(v1::ContentType::from(event.content_type));
    u64::try_from(number).expect("the numbers of content types are not negative")
}

/// Nothing on the wire if there is nothing to say.
fn said(metadata: &Metadata) -> Option<&Metadata> {
    event_said(metadata).then_some(metadata)
}

fn known(metadata: &Metadata) -> [Option<&str>; 4] {
    let Metadata { correlation, causation, traceparent, actor, free: _ } = metadata;
    [correlation, causation, traceparent, actor].map(|text| text.as_ref().map(AsRef::as_ref))
}

fn metadata_length(metadata: &Metadata) -> usize {
    let known: usize = known(metadata).iter().flatten().map(|text| any_bytes(text.len())).sum();
    let free: usize = metadata.free.iter().map(|pair| any_bytes(pair_length(pair))).sum();
    known + free
}

fn pair_length((key, value): &(bytestring::ByteString, bytestring::ByteString)) -> usize {
    some_bytes(key.len()) + some_bytes(value.len())
}

fn put_metadata(metadata: &Metadata, buf: &mut impl BufMut) {
    for (number, text) in (1..).zip(known(metadata)) {
        if let Some(text) = text {
            put_any_bytes(bytes_key(number), text.as_bytes(), buf);
        }
    }
    for pair in &metadata.free {
        buf.put_u8(bytes_key(5));
        encode_varint(pair_length(pair) as u64, buf);
        put_some_bytes(bytes_key(1), pair.0.as_bytes(), buf);
        put_some_bytes(bytes_key(2), pair.1.as_bytes(), buf);
    }
}
