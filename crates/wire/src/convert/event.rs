//! Events.

use super::text::{id, id_bytes, shared, stream, text};
use crate::{Malformed, v1};
use bytes::Bytes;
use headwater_model::{
    ContentType, EventType, Metadata, NewEvent, Position, RecordedEvent, Revision, Tag, Timestamp,
};

impl From<ContentType> for v1::ContentType {
    fn from(content_type: ContentType) -> Self {
        match content_type {
            ContentType::Json => Self::Json,
            ContentType::Binary => Self::Binary,
        }
    }
}

pub(crate) fn content_type(number: i32) -> Result<ContentType, Malformed> {
    match v1::ContentType::try_from(number) {
        Ok(v1::ContentType::Json) => Ok(ContentType::Json),
        Ok(v1::ContentType::Binary) => Ok(ContentType::Binary),
        Err(_) => Err(Malformed::Unknown { field: "content type", number: number.into() }),
    }
}

impl From<&Metadata> for v1::Metadata {
    fn from(metadata: &Metadata) -> Self {
        let pair = |(key, value)| v1::Pair { key: shared(key), value: shared(value) };
        Self {
            correlation: metadata.correlation.as_ref().map(shared),
            causation: metadata.causation.as_ref().map(shared),
            traceparent: metadata.traceparent.as_ref().map(shared),
            actor: metadata.actor.as_ref().map(shared),
            free: metadata.free.iter().map(|(key, value)| pair((key, value))).collect(),
        }
    }
}

impl TryFrom<v1::Metadata> for Metadata {
    type Error = Malformed;
    fn try_from(metadata: v1::Metadata) -> Result<Self, Malformed> {
        let known = |bytes: Option<Bytes>| bytes.map(|b| text("metadata", b)).transpose();
        let pair = |pair: v1::Pair| {
            Ok::<_, Malformed>((text("metadata", pair.key)?, text("metadata", pair.value)?))
        };
        Ok(Self {
            correlation: known(metadata.correlation)?,
            causation: known(metadata.causation)?,
            traceparent: known(metadata.traceparent)?,
            actor: known(metadata.actor)?,
            free: metadata.free.into_iter().map(pair).collect::<Result<_, _>>()?,
        })
    }
}

/// Nothing on the wire if there is nothing to say.
fn said(metadata: &Metadata) -> Option<v1::Metadata> {
    event_said(metadata).then(|| metadata.into())
}

/// Whether there is anything to say.
pub(crate) fn event_said(metadata: &Metadata) -> bool {
    let Metadata { correlation, causation, traceparent, actor, free } = metadata;
    let known = [correlation, causation, traceparent, actor];
    known.iter().any(|text| text.is_some()) || !free.is_empty()
}

pub(crate) fn heard(metadata: Option<v1::Metadata>) -> Result<Metadata, Malformed> {
    metadata.map_or_else(|| Ok(Metadata::default()), Metadata::try_from)
}

fn tags(tags: Vec<Bytes>) -> Result<Vec<Tag>, Malformed> {
    tags.into_iter().map(|tag| Ok(Tag::new(text("a tag", tag)?)?)).collect()
}

pub(crate) fn event_type(bytes: Bytes) -> Result<EventType, Malformed> {
    Ok(EventType::new(text("an event's type", bytes)?)?)
}

impl From<&NewEvent> for v1::NewEvent {
    fn from(event: &NewEvent) -> Self {
        Self {
            id: id_bytes(event.id),
            event_type: shared(event.event_type.as_shared()),
            schema_version: event.schema_version,
            content_type: v1::ContentType::from(event.content_type).into(),
            payload: event.payload.clone(),
            metadata: said(&event.metadata),
            tags: event.tags.iter().map(|tag| shared(tag.as_shared())).collect(),
        }
    }
}

impl TryFrom<v1::NewEvent> for NewEvent {
    type Error = Malformed;
    fn try_from(event: v1::NewEvent) -> Result<Self, Malformed> {
        Ok(Self {
            id: id(&event.id)?,
            event_type: event_type(event.event_type)?,
            schema_version: event.schema_version,
            content_type: content_type(event.content_type)?,
            payload: event.payload,
            metadata: heard(event.metadata)?,
            tags: tags(event.tags)?,
        })
    }
}

impl From<&RecordedEvent> for v1::RecordedEvent {
    fn from(event: &RecordedEvent) -> Self {
        Self {
            id: id_bytes(event.id),
            event_type: shared(event.event_type.as_shared()),
            schema_version: event.schema_version,
            content_type: v1::ContentType::from(event.content_type).into(),
            payload: event.payload.clone(),
            metadata: said(&event.metadata),
            tags: event.tags.iter().map(|tag| shared(tag.as_shared())).collect(),
            stream: shared(event.stream.as_shared()),
            revision: event.revision.0,
            position: event.position.0,
            recorded_at_us: event.recorded_at.as_micros(),
        }
    }
}

impl TryFrom<v1::RecordedEvent> for RecordedEvent {
    type Error = Malformed;
    fn try_from(event: v1::RecordedEvent) -> Result<Self, Malformed> {
        Ok(Self {
            id: id(&event.id)?,
            stream: stream(event.stream)?,
            revision: Revision(event.revision),
            position: Position(event.position),
            recorded_at: Timestamp::from_micros(event.recorded_at_us),
            event_type: event_type(event.event_type)?,
            schema_version: event.schema_version,
            content_type: content_type(event.content_type)?,
            payload: event.payload,
            metadata: heard(event.metadata)?,
            tags: tags(event.tags)?,
        })
    }
}
