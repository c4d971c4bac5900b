//! Events as JSON shows them.

use super::form;
use super::json::to_base64;
use super::metadata::MetadataJson;
use headwater_model::{
    ContentType, EventId, EventType, Position, RecordedEvent, Revision, StreamName, Tag, Timestamp,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;

/// An event as it is stored.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RecordedEvent")]
pub(super) struct ShownEvent<'a> {
    /// Who it is.
    #[schemars(schema_with = "form::id")]
    id: EventId,
    /// Its stream.
    #[schemars(schema_with = "form::stream_shown")]
    stream: &'a StreamName,
    /// Its place in the stream.
    #[schemars(schema_with = "form::place")]
    revision: Revision,
    /// Its place in the context.
    #[schemars(schema_with = "form::place")]
    position: Position,
    /// When it was recorded.
    #[schemars(schema_with = "form::time")]
    recorded_at: Timestamp,
    /// What has happened.
    #[serde(rename = "type")]
    #[schemars(schema_with = "form::name")]
    event_type: &'a EventType,
    /// Which shape of the payload this is.
    schema_version: u32,
    /// `json` or `binary`.
    #[schemars(with = "String")]
    content_type: ContentType,
    /// What it says, if it is JSON.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schemars(schema_with = "form::anything")]
    payload: Option<&'a RawValue>,
    /// What it says, if it is not.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    payload_base64: Option<String>,
    /// What is known about it.
    metadata: MetadataJson,
    /// The marks by which it is found.
    #[schemars(schema_with = "form::tags")]
    tags: &'a [Tag],
}

impl<'a> From<&'a RecordedEvent> for ShownEvent<'a> {
    fn from(event: &'a RecordedEvent) -> Self {
        let payload = json_of(event);
        Self {
            id: event.id,
            stream: &event.stream,
            revision: event.revision,
            position: event.position,
            recorded_at: event.recorded_at,
            event_type: &event.event_type,
            schema_version: event.schema_version,
            content_type: event.content_type,
            payload,
            payload_base64: payload.is_none().then(|| to_base64(&event.payload)),
            metadata: (&event.metadata).into(),
            tags: &event.tags,
        }
    }
}

/// The payload, if it is JSON and not only said to be: a store in process takes any bytes.
pub(super) fn json_of(event: &RecordedEvent) -> Option<&RawValue> {
    match event.content_type {
        ContentType::Json => serde_json::from_slice(&event.payload).ok(),
        ContentType::Binary => None,
    }
}
