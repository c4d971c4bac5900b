//! Parked inputs: set aside for a person, in the system stream `$parked-<reader>` of the service's
//! own context.
//!
//! Why: what was set aside must survive, be counted and be shown, and must be set aside exactly
//! when the reader passes it: it is an event of the same append as the checkpoint.

use super::session::Stop;
use crate::reader::Status;
use bytes::Bytes;
use headwater_model::{
    ContextName, EventId, EventStore, EventType, InvalidName, Metadata, NewEvent, Position,
    ReadStream, RecordedEvent, Revision, StreamName, Timestamp,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The type of the events that tell of parked inputs.
const INPUT_PARKED: &str = "$InputParked";

/// An input that a reaction set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedInput {
    /// The context it was read from.
    pub source: ContextName,
    /// Its event.
    pub event: EventId,
    /// The event's type.
    pub event_type: EventType,
    /// The event's stream.
    pub stream: StreamName,
    /// The event's place in its stream.
    pub revision: Revision,
    /// The event's place in its context.
    pub position: Position,
    /// The refusal's or error's code.
    pub code: String,
    /// In words.
    pub why: String,
    /// When it was set aside.
    pub parked_at: Timestamp,
}

/// Where the parked inputs of a reader stand.
pub(crate) fn stream(status: &Status) -> Result<StreamName, InvalidName> {
    StreamName::system(format!("$parked-{}", status.name))
}

/// The event that tells of a parked input.
pub(crate) fn event(
    status: &Status,
    input: &RecordedEvent,
    code: &str,
    why: &str,
    parked_at: Timestamp,
) -> Result<NewEvent, Stop> {
    let parked = ParkedInput {
        source: status.source.clone(),
        event: input.id,
        event_type: input.event_type.clone(),
        stream: input.stream.clone(),
        revision: input.revision,
        position: input.position,
        code: code.to_owned(),
        why: why.to_owned(),
        parked_at,
    };
    let payload = serde_json::to_vec(&parked).map_err(|error| Stop::ForGood(error.to_string()))?;
    let id = input.id.derive_named(&format!("parked by {status}"));
    let metadata = Metadata {
        correlation: input.metadata.correlation.clone(),
        causation: Some(input.id.to_string().into()),
        traceparent: input.metadata.traceparent.clone(),
        ..Metadata::default()
    };
    let event_type = EventType::new(bytestring::ByteString::from_static(INPUT_PARKED))?;
    Ok(NewEvent { metadata, ..NewEvent::json(id, event_type, Bytes::from(payload)) })
}

/// How many inputs of its source the reader has parked.
pub(crate) async fn count(own: &Arc<dyn EventStore>, status: &Status) -> Result<u64, Stop> {
    let parked = list(own, status.name).await?;
    Ok(parked.iter().filter(|parked| parked.source == status.source).count() as u64)
}

/// The parked inputs of the reader of this name, in the order in which they were parked.
pub(crate) async fn list(
    own: &Arc<dyn EventStore>,
    reader: &str,
) -> Result<Vec<ParkedInput>, headwater_model::ReadError> {
    let invalid = |why: String| headwater_model::ReadError::Invalid { why };
    let stream = StreamName::system(format!("$parked-{reader}"));
    let stream = stream.map_err(|error| invalid(error.to_string()))?;
    let mut parked = Vec::new();
    let mut read = ReadStream::forwards(stream);
    loop {
        let page = own.read_stream(read.clone()).await?;
        for event in &page.events {
            let input = serde_json::from_slice(&event.payload);
            parked.push(input.map_err(|error| invalid(error.to_string()))?);
        }
        match page.next {
            Some(next) => read.from = headwater_model::From::At(next),
            None => return Ok(parked),
        }
    }
}
