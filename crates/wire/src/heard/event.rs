//! One recorded event.

use super::Unheard;
use super::fields::{Fields, Source};
use crate::convert::{self, content_type, heard};
use crate::shape::Shaped;
use crate::v1;
use headwater_model::{EventType, Position, RecordedEvent, Revision, StreamName, Tag, Timestamp};
use prost::Message as _;

/// Parts of an event, where they lie in the message.
#[derive(Default)]
struct Parts<'a> {
    id: &'a [u8],
    event_type: &'a [u8],
    schema_version: u32,
    content_type: i32,
    payload: &'a [u8],
    metadata: Option<v1::Metadata>,
    tags: Vec<Tag>,
    stream: &'a [u8],
    revision: u64,
    position: u64,
    recorded_at_us: u64,
}

/// The event in these bytes. `before` is the one before it: names that are the same are shared and
/// not looked at again.
pub(super) fn event(
    source: &mut Source<'_>,
    bytes: &[u8],
    before: Option<&RecordedEvent>,
) -> Result<RecordedEvent, Unheard> {
    let parts = parts(source, bytes)?;
    Ok(RecordedEvent {
        id: convert::id(parts.id)?,
        stream: stream(source, parts.stream, before)?,
        revision: Revision(parts.revision),
        position: Position(parts.position),
        recorded_at: Timestamp::from_micros(parts.recorded_at_us),
        event_type: event_type(source, parts.event_type, before)?,
        schema_version: parts.schema_version,
        content_type: content_type(parts.content_type)?,
        payload: source.share(parts.payload),
        metadata: heard(parts.metadata)?,
        tags: parts.tags,
    })
}

#[expect(clippy::cast_possible_truncation, reason = "as protobuf has it: the low bits count")]
fn parts<'a>(source: &mut Source<'_>, bytes: &'a [u8]) -> Result<Parts<'a>, Unheard> {
    let mut parts = Parts::default();
    for field in Fields(bytes) {
        let (number, value) = field?;
        match number {
            1 => parts.id = value.bytes()?,
            2 => parts.event_type = value.bytes()?,
            3 => parts.schema_version = value.number()? as u32,
            4 => parts.content_type = value.number()? as i32,
            5 => parts.payload = value.bytes()?,
            6 => {
                let bytes = value.bytes()?;
                source.allocate_for(bytes, v1::Metadata::SHAPE)?;
                // Said twice, the second adds to the first.
                parts.metadata.get_or_insert_default().merge(source.share(bytes))?;
            }
            7 => {
                source.allocate(1, size_of::<Tag>())?;
                let text = convert::text("a tag", source.share(value.bytes()?))?;
                parts.tags.push(Tag::new(text).map_err(crate::Malformed::Name)?);
            }
            8 => parts.stream = value.bytes()?,
            9 => parts.revision = value.number()?,
            10 => parts.position = value.number()?,
            11 => parts.recorded_at_us = value.number()?,
            _ => {}
        }
    }
    Ok(parts)
}

fn stream(
    source: &Source<'_>,
    name: &[u8],
    before: Option<&RecordedEvent>,
) -> Result<StreamName, Unheard> {
    match before {
        Some(before) if before.stream.as_str().as_bytes() == name => Ok(before.stream.clone()),
        _ => Ok(convert::stream(source.share(name))?),
    }
}

fn event_type(
    source: &Source<'_>,
    name: &[u8],
    before: Option<&RecordedEvent>,
) -> Result<EventType, Unheard> {
    match before {
        Some(before) if before.event_type.as_str().as_bytes() == name => {
            Ok(before.event_type.clone())
        }
        _ => Ok(convert::event_type(source.share(name))?),
    }
}
