//! One event as one line, and back.
//!
//! Invariants: a payload comes back as the very bytes it was: JSON is put into the line as it
//! stands, and what would not survive that (binary, line breaks, what is no JSON after all) is
//! base64. D3 a line that is no event is an error that says what does not fit.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use bytestring::ByteString;
use headwater_model::limits::METADATA_BYTES_MAX;
use headwater_model::{
    Append, ContentType, EventId, EventType, ExpectedRevision, Metadata, NewEvent, Position,
    RecordedEvent, Revision, StreamName, Tag, Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The key under which an imported event keeps the position that it had.
pub const IMPORTED_POSITION: &str = "imported-position";

/// The key under which an imported event keeps when it was first recorded.
pub const IMPORTED_RECORDED_AT: &str = "imported-recorded-at";

/// A line, as it is written and read. Its keys are those of events over HTTP.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<Position>,
    stream: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<Revision>,
    id: EventId,
    #[serde(rename = "type")]
    event_type: Cow<'a, str>,
    #[serde(default = "first")]
    schema_version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    recorded_at: Option<Timestamp>,
    #[serde(default)]
    content_type: ContentType,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<ByteString>,
    #[serde(default, skip_serializing_if = "is_empty")]
    metadata: Metadata,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    payload: Option<&'a RawValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload_base64: Option<Cow<'a, str>>,
}

const fn first() -> u32 {
    1
}

fn is_empty(metadata: &Metadata) -> bool {
    *metadata == Metadata::default()
}

/// Writes an event as a line, its end included.
pub(super) fn put(out: &mut Vec<u8>, event: &RecordedEvent) {
    let raw = match event.content_type {
        ContentType::Json => as_it_stands(&event.payload),
        ContentType::Binary => None,
    };
    let base64 = raw.is_none().then(|| Cow::Owned(BASE64.encode(&event.payload)));
    let line = Line {
        position: Some(event.position),
        stream: Cow::Borrowed(event.stream.as_str()),
        revision: Some(event.revision),
        id: event.id,
        event_type: Cow::Borrowed(event.event_type.as_str()),
        schema_version: event.schema_version,
        recorded_at: Some(event.recorded_at),
        content_type: event.content_type,
        tags: event.tags.iter().map(|tag| tag.as_shared().clone()).collect(),
        metadata: event.metadata.clone(),
        payload: raw,
        payload_base64: base64,
    };
    serde_json::to_writer(&mut *out, &line).expect("names and numbers have a JSON form");
    out.push(b'\n');
}

/// JSON that comes back as it is from within a line.
fn as_it_stands(payload: &[u8]) -> Option<&RawValue> {
    if payload.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
        return None;
    }
    let raw: &RawValue = serde_json::from_slice(payload).ok()?;
    // What stands around it would be lost; and `null` is nothing at all.
    (raw.get().len() == payload.len() && raw.get() != "null").then_some(raw)
}

/// An event to be appended, and where.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) stream: StreamName,
    pub(super) event: NewEvent,
}

impl Asked {
    /// As an append of its own.
    pub(super) fn append(&self) -> Append {
        Append::to(self.stream.clone(), ExpectedRevision::Any, vec![self.event.clone()])
    }
}

/// The event in a line.
pub(super) fn read(line: &[u8]) -> Result<Asked, String> {
    let text = std::str::from_utf8(line)
        .map_err(|error| format!("it is not UTF-8 at byte {}", error.valid_up_to()))?;
    let line: Line<'_> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let stream = StreamName::system(line.stream.into_owned()).map_err(|why| why.to_string())?;
    let event_type = EventType::new(line.event_type.into_owned()).map_err(|why| why.to_string())?;
    let tags = line.tags.into_iter().map(Tag::new).collect::<Result<Vec<_>, _>>();
    let payload = match (line.payload, line.payload_base64) {
        (Some(raw), None) => Bytes::copy_from_slice(raw.get().as_bytes()),
        (None, Some(text)) => {
            let bytes = BASE64.decode(text.as_bytes());
            Bytes::from(bytes.map_err(|why| format!("payload_base64 is not base64: {why}"))?)
        }
        (None, None) => return Err("it has neither payload nor payload_base64".to_owned()),
        (Some(_), Some(_)) => return Err("it has both payload and payload_base64".to_owned()),
    };
    let event = NewEvent {
        id: line.id,
        event_type,
        schema_version: line.schema_version,
        content_type: line.content_type,
        payload,
        metadata: with_origin(line.metadata, line.position, line.recorded_at),
        tags: tags.map_err(|why| why.to_string())?,
    };
    let asked = Asked { stream, event };
    asked.append().check().map_err(|why| why.to_string())?;
    Ok(asked)
}

/// Keeps where and when the event was first recorded. What was imported before keeps the first; and
/// metadata that is full stays as it is.
fn with_origin(
    mut metadata: Metadata,
    position: Option<Position>,
    recorded_at: Option<Timestamp>,
) -> Metadata {
    let position = position.map(|position| (IMPORTED_POSITION, position.to_string()));
    let recorded_at = recorded_at.map(|instant| (IMPORTED_RECORDED_AT, instant.to_string()));
    for (key, value) in position.into_iter().chain(recorded_at) {
        let fits = metadata.bytes() + key.len() + value.len() <= METADATA_BYTES_MAX;
        if fits && metadata.get(key).is_none() {
            metadata.free.push((ByteString::from_static(key), ByteString::from(value)));
        }
    }
    metadata
}
