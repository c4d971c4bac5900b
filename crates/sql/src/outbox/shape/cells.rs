//! A fetched row: the cells that every shape selects, in one order, and how they are read.

use crate::outbox::session::Value;
use crate::outbox::shape::RowKey;
use bytes::Bytes;
use bytestring::ByteString;
use headwater_model::{
    AppendError, ContentType, EventId, EventType, ExpectedRevision, Metadata, NewEvent, StreamName,
    Tag,
};
use serde::de::IgnoredAny;
use serde_json::{Map, Value as Json};

/// A row as it was fetched. What a shape has no column for is `Null`.
#[derive(Debug)]
pub(crate) struct Cells {
    /// Whose it is.
    pub(crate) share: u16,
    /// What names the row.
    pub(crate) key: RowKey,
    /// The event's id.
    pub(crate) id: Value,
    /// The stream, or what comes before the dash of it.
    pub(crate) stream: Value,
    /// What comes behind the dash.
    pub(crate) stream_id: Value,
    /// The event's type.
    pub(crate) event_type: Value,
    /// Which shape of the payload.
    pub(crate) schema_version: Value,
    /// The payload, if it is a text.
    pub(crate) payload: Value,
    /// The payload, if it is bytes.
    pub(crate) payload_bytes: Value,
    /// What is known about the event, as a JSON object.
    pub(crate) metadata: Value,
    /// Its tags, as a JSON list.
    pub(crate) tags: Value,
}

/// A row that is no event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unfit {
    /// What it holds up: its stream, as far as that can be read.
    pub(crate) stream: String,
    /// What is wrong with it.
    pub(crate) why: String,
}

impl Cells {
    /// A row of a fetch; `None` if it is not of so many columns, or nothing names it.
    pub(crate) fn of(row: Vec<Value>) -> Option<Self> {
        let [share, key, id, stream, stream_id, event_type, schema_version, rest @ ..]: [Value;
            11] = row.try_into().ok()?;
        let [payload, payload_bytes, metadata, tags] = rest;
        let (share, key) = (u16::try_from(share.as_number()?).ok()?, RowKey::of(key)?);
        Some(Self {
            share,
            key,
            id,
            stream,
            stream_id,
            event_type,
            schema_version,
            payload,
            payload_bytes,
            metadata,
            tags,
        })
    }
}

/// A text that must be there.
pub(crate) fn text(cell: Value, what: &str) -> Result<String, String> {
    cell.into_text().ok_or_else(|| format!("{what} is null or no UTF-8"))
}

/// A JSON payload, which must be one: no reader could ever read it otherwise.
pub(crate) fn json(text: String) -> Result<(ContentType, Bytes), String> {
    match is_json(&text) {
        Ok(()) => Ok((ContentType::Json, Bytes::from(text))),
        Err(error) => Err(format!("the payload is no JSON: {error}")),
    }
}

/// A payload that is JSON if it can be read as such.
pub(crate) fn json_or_binary(text: String) -> (ContentType, Bytes) {
    let kind = match is_json(&text) {
        Ok(()) => ContentType::Json,
        Err(_) => ContentType::Binary,
    };
    (kind, Bytes::from(text))
}

fn is_json(text: &str) -> Result<(), serde_json::Error> {
    serde_json::from_str::<IgnoredAny>(text).map(drop)
}

/// A JSON object of texts.
pub(crate) fn object(text: &str, what: &str) -> Result<Map<String, Json>, String> {
    serde_json::from_str(text).map_err(|error| format!("{what} is no JSON object: {error}"))
}

/// Metadata of a JSON object: four keys are known, others are free; what is no text is kept as JSON.
pub(crate) fn metadata(object: Map<String, Json>) -> Metadata {
    let mut metadata = Metadata::default();
    for (key, value) in object {
        let value: ByteString = match value {
            Json::Null => continue,
            Json::String(text) => text.into(),
            other => other.to_string().into(),
        };
        metadata.put(key.into(), value);
    }
    metadata
}

/// Tags of a JSON list of texts.
pub(crate) fn tags(text: &str) -> Result<Vec<Tag>, String> {
    let texts: Vec<String> = serde_json::from_str(text)
        .map_err(|error| format!("the tags are no JSON list of texts: {error}"))?;
    texts.into_iter().map(|tag| Tag::new(tag).map_err(|error| error.to_string())).collect()
}

/// An id that is a UUID.
pub(crate) fn uuid(text: &str) -> Result<EventId, String> {
    let id = uuid::Uuid::parse_str(text);
    id.map(EventId).map_err(|error| format!("the id {text:?} is no UUID: {error}"))
}

/// A type's name.
pub(crate) fn event_type(text: String) -> Result<EventType, String> {
    EventType::new(text).map_err(|error| error.to_string())
}

/// `category-id`. A category ends at the first dash, so its own dashes become `_`.
pub(crate) fn stream_of(category: &str, id: &str) -> String {
    format!("{}-{id}", category.replace('-', "_"))
}

/// What no store would take, whatever stands in it: too large, too many tags, a system stream.
pub(crate) fn check(stream: &StreamName, events: &[NewEvent]) -> Result<(), AppendError> {
    let any = ExpectedRevision::Any;
    for event in events {
        headwater_model::Append::to(stream.clone(), any, vec![event.clone()]).check()?;
    }
    Ok(())
}
