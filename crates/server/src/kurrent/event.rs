//! Events as clients of this protocol propose them.
//!
//! Why: there an event has bytes and two texts; ours have names, and metadata by key. What a client
//! wrote as metadata is kept to the byte, and what we know of it is lifted out for our own readers.
//!
//! Invariant: the metadata that a client reads is the metadata that a client wrote.

use super::name::id;
use super::refusal::Refusal;
use bytes::Bytes;
use bytestring::ByteString;
use headwater_model::limits::PAYLOAD_BYTES_MAX;
use headwater_model::{ContentType, EventId, EventType, Metadata, NewEvent, Timestamp};
use headwater_wire::kurrent::event_store::client::Uuid as WireUuid;
use headwater_wire::kurrent::event_store::client::streams as pb;
use std::collections::HashMap;

/// The free key that holds a client's metadata, as text.
const TEXT_KEY: &str = "kurrent.metadata";

/// The free key that holds a client's metadata that is no text, in hexadecimal.
const HEX_KEY: &str = "kurrent.metadata.hex";

/// What JSON is called.
pub(super) const JSON: &str = "application/json";

/// What anything else is called.
pub(super) const BYTES: &str = "application/octet-stream";

/// An event as a client proposes it.
pub(super) struct Proposed {
    pub(super) id: EventId,
    pub(super) event_type: String,
    pub(super) content_type: ContentType,
    pub(super) custom: Bytes,
    pub(super) data: Bytes,
}

impl Proposed {
    fn new(
        uuid: Option<WireUuid>,
        mut metadata: HashMap<String, String>,
        (custom, data): (Bytes, Bytes),
    ) -> Result<Self, Refusal> {
        let mut take = |property: &'static str| {
            metadata.remove(property).ok_or(Refusal::MissingProperty { property })
        };
        let (event_type, content_type) = (take("type")?, take("content-type")?);
        let content_type =
            if content_type == JSON { ContentType::Json } else { ContentType::Binary };
        Ok(Self { id: id(uuid)?, event_type, content_type, custom, data })
    }

    /// The event, for the stream of this name.
    pub(super) fn for_stream(self, stream: &str) -> Result<NewEvent, Refusal> {
        let (size, size_max) = (self.data.len() as u64, PAYLOAD_BYTES_MAX as u64);
        if size > size_max {
            let (stream, id) = (stream.to_owned(), self.id.0);
            return Err(Refusal::EventTooLarge { stream, id, size, size_max });
        }
        Ok(NewEvent {
            id: self.id,
            event_type: EventType::new(self.event_type)?,
            schema_version: 1,
            content_type: self.content_type,
            payload: self.data,
            metadata: metadata_of(self.custom),
            tags: Vec::new(),
        })
    }

    /// Bytes that it holds.
    pub(super) fn bytes(&self) -> usize {
        self.data.len() + self.custom.len() + self.event_type.len()
    }
}

impl TryFrom<pb::append_req::ProposedMessage> for Proposed {
    type Error = Refusal;
    fn try_from(message: pb::append_req::ProposedMessage) -> Result<Self, Refusal> {
        Self::new(message.id, message.metadata, (message.custom_metadata, message.data))
    }
}

impl TryFrom<pb::batch_append_req::ProposedMessage> for Proposed {
    type Error = Refusal;
    fn try_from(message: pb::batch_append_req::ProposedMessage) -> Result<Self, Refusal> {
        Self::new(message.id, message.metadata, (message.custom_metadata, message.data))
    }
}

/// A client's metadata, kept to the byte.
pub(super) fn metadata_of(custom: Bytes) -> Metadata {
    if custom.is_empty() {
        return Metadata::default();
    }
    let Ok(text) = ByteString::try_from(custom.clone()) else {
        let hex = hex::encode(custom).into();
        return Metadata { free: vec![(HEX_KEY.into(), hex)], ..Metadata::default() };
    };
    let mut metadata = known(&text);
    metadata.free.push((TEXT_KEY.into(), text));
    metadata
}

/// What we know by name of a client's metadata.
fn known(text: &str) -> Metadata {
    #[derive(serde::Deserialize)]
    struct Known {
        #[serde(rename = "$correlationId")]
        correlation: Option<String>,
        #[serde(rename = "$causationId")]
        causation: Option<String>,
        traceparent: Option<String>,
    }
    // No JSON, or JSON of another shape: then nothing is known.
    let Ok(known) = serde_json::from_str::<Known>(text) else { return Metadata::default() };
    Metadata {
        correlation: known.correlation.map(ByteString::from),
        causation: known.causation.map(ByteString::from),
        traceparent: known.traceparent.map(ByteString::from),
        ..Metadata::default()
    }
}

/// What a client is shown as metadata: what a client wrote, or else what is known, as JSON.
pub(super) fn custom_of(metadata: &Metadata) -> Bytes {
    if *metadata == Metadata::default() {
        return Bytes::new();
    }
    if let Some((_, text)) = metadata.free.iter().find(|(key, _)| key == TEXT_KEY) {
        return text.clone().into_bytes();
    }
    if let Some(bytes) = metadata.get(HEX_KEY).and_then(|text| hex::decode(text).ok()) {
        return bytes.into();
    }
    let known = [
        ("$correlationId", &metadata.correlation),
        ("$causationId", &metadata.causation),
        ("traceparent", &metadata.traceparent),
        ("actor", &metadata.actor),
    ];
    let known = known.into_iter().filter_map(|(key, value)| Some((key, &**value.as_ref()?)));
    let free = metadata.free.iter().map(|(key, value)| (&**key, &**value));
    let free = free.filter(|(key, _)| *key != super::document::KEY);
    let all: serde_json::Map<_, _> =
        known.chain(free).map(|(key, value)| (key.to_owned(), value.into())).collect();
    if all.is_empty() {
        return Bytes::new();
    }
    serde_json::Value::Object(all).to_string().into()
}

/// The properties that every event of this protocol has.
pub(super) fn properties(
    event_type: &str,
    content_type: ContentType,
    recorded_at: Timestamp,
) -> HashMap<String, String> {
    let content_type = match content_type {
        ContentType::Json => JSON,
        ContentType::Binary => BYTES,
    };
    HashMap::from([
        ("type".to_owned(), event_type.to_owned()),
        ("content-type".to_owned(), content_type.to_owned()),
        ("created".to_owned(), super::place::ticks(recorded_at).to_string()),
    ])
}
