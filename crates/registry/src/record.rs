//! What the registry's streams hold.
//!
//! Picture:
//! ```text
//!   $schema-OrderCreated   $SchemaRegistered { version, schema }
//!   $schema.rules-context  $SchemaRulesSet { compatibility, enforce }
//! ```

use crate::compatible::Compatibility;
use crate::{RegistryError, Schema};
use headwater_model::{
    Append, ContentType, EventId, EventStore, EventType, ExpectedRevision, From, InvalidName,
    Metadata, NewEvent, ReadStream, RecordedEvent, Revision, StreamName,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the names of all streams of the registry begin with.
pub(crate) const PREFIX: &str = "$schema-";
const RULES: &str = "$schema.rules-context";
const REGISTERED: &str = "$SchemaRegistered";
const RULES_SET: &str = "$SchemaRulesSet";

/// The rules of a context.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// What a schema must be to what is registered.
    pub compatibility: Compatibility,
    /// What is appended only if it fits.
    pub enforce: Enforce,
}

/// What is appended only if it fits its schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Enforce {
    /// Nothing: schemas are for people and for tools.
    #[default]
    Off,
    /// Events with a registered type.
    Known,
    /// All: what is not registered is refused.
    All,
}

#[derive(Serialize, Deserialize)]
struct SchemaRegistered {
    version: u32,
    schema: Value,
}

/// The stream with the schemas of an event.
pub(crate) fn stream_of(event_type: &str) -> Result<StreamName, InvalidName> {
    StreamName::system(format!("{PREFIX}{event_type}"))
}

pub(crate) fn rules_stream() -> Result<StreamName, InvalidName> {
    StreamName::system(RULES)
}

/// Whether a stream is one of the registry's.
pub(crate) fn is_registry(stream: &StreamName) -> bool {
    stream.as_str().starts_with(PREFIX) || stream.as_str() == RULES
}

/// All events of a stream, and the revision of the last.
pub(crate) async fn read(
    store: &dyn EventStore,
    stream: StreamName,
) -> Result<(Vec<RecordedEvent>, Option<Revision>), RegistryError> {
    let (mut events, mut read) = (Vec::new(), ReadStream::forwards(stream));
    loop {
        let page = store.read_stream(read.clone()).await?;
        events.extend(page.events);
        match page.next {
            Some(next) => read.from = From::At(next),
            None => return Ok((events, page.last)),
        }
    }
}

pub(crate) fn schema(event_type: &str, event: &RecordedEvent) -> Result<Schema, RegistryError> {
    let SchemaRegistered { version, schema } = decode(event)?;
    let event_type = event_type.to_owned();
    Ok(Schema { event_type, version, schema, registered_at: event.recorded_at })
}

pub(crate) fn rules(event: &RecordedEvent) -> Result<Rules, RegistryError> {
    decode(event)
}

fn decode<T: DeserializeOwned>(event: &RecordedEvent) -> Result<T, RegistryError> {
    serde_json::from_slice(&event.payload).map_err(|error| RegistryError::Malformed {
        stream: event.stream.to_string(),
        why: error.to_string(),
    })
}

/// The append of a schema behind the last one.
pub(crate) fn registering(
    stream: StreamName,
    last: Option<Revision>,
    version: u32,
    schema: &Value,
) -> Result<Append, RegistryError> {
    appending(stream, last, REGISTERED, &SchemaRegistered { version, schema: schema.clone() })
}

pub(crate) fn setting(
    stream: StreamName,
    last: Option<Revision>,
    rules: Rules,
) -> Result<Append, RegistryError> {
    appending(stream, last, RULES_SET, &rules)
}

fn appending<T: Serialize>(
    stream: StreamName,
    last: Option<Revision>,
    event_type: &'static str,
    says: &T,
) -> Result<Append, RegistryError> {
    let payload = serde_json::to_vec(says).expect("schemas and rules are JSON");
    let event = NewEvent {
        id: EventId(uuid::Uuid::now_v7()),
        event_type: EventType::new(event_type)?,
        schema_version: 1,
        content_type: ContentType::Json,
        payload: payload.into(),
        metadata: Metadata::default(),
        tags: Vec::new(),
    };
    let expected = last.map_or(ExpectedRevision::NoStream, ExpectedRevision::At);
    Ok(Append::to(stream, expected, vec![event]))
}
