//! The shelf of a reaction: its parked inputs, as events of the system stream `$parked-<reader>` of
//! the service's own context.
//!
//! Why: what was set aside must survive, be counted and be shown, and must be set aside exactly
//! when the reader passes it: it is an event of the same append as the checkpoint. What was
//! released is an event as well, of the same append as what follows from it.
//!
//! Picture:
//! ```text
//!   $InputParked a · $InputParked b · $InputRetried a · $InputDiscarded b …   ─ fold ─▶ what stands
//! ```

use super::session::Stop;
use crate::parked::ParkedInput;
use crate::reader::Status;
use bytes::Bytes;
use bytestring::ByteString;
use headwater_model::{
    ContextName, EventId, EventStore, EventType, InvalidName, Metadata, NewEvent, Position,
    ReadError, ReadStream, RecordedEvent, Revision, StreamName, Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The types of the events of a shelf.
const INPUT_PARKED: &str = "$InputParked";
const INPUT_RETRIED: &str = "$InputRetried";
const INPUT_DISCARDED: &str = "$InputDiscarded";

/// What an event says of a parked input.
#[derive(Serialize, Deserialize)]
struct Parked {
    source: ContextName,
    event: EventId,
    event_type: EventType,
    stream: StreamName,
    revision: Revision,
    position: Position,
    code: String,
    why: String,
    parked_at: Timestamp,
}

/// What an event says of an input that is parked no longer.
#[derive(Serialize, Deserialize)]
struct Released {
    source: ContextName,
    event: EventId,
    position: Position,
    /// Why it was discarded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// How an input is released.
pub(super) enum Release<'a> {
    Retried,
    Discarded { why: &'a str },
}

/// What a reader has set aside and not released, and up to where that was read.
#[derive(Debug)]
pub(super) struct Shelf {
    /// By their place in the source, which is the order in which they were set aside.
    pub(super) inputs: BTreeMap<Position, ParkedInput>,
    /// The shelf's last event, of any source.
    pub(super) last: Option<Revision>,
}

/// Where the parked inputs of a reader stand.
pub(super) fn stream(status: &Status) -> Result<StreamName, InvalidName> {
    StreamName::system(format!("$parked-{}", status.name))
}

/// The event that tells of a parked input.
pub(super) fn event(
    status: &Status,
    input: &RecordedEvent,
    code: &str,
    why: &str,
    parked_at: Timestamp,
) -> Result<NewEvent, Stop> {
    let parked = Parked {
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
    let id = input.id.derive_named(&format!("parked by {status}"));
    let told = told(id, INPUT_PARKED, &parked, input.id)?;
    let (correlation, traceparent) =
        (input.metadata.correlation.clone(), input.metadata.traceparent.clone());
    Ok(NewEvent { metadata: Metadata { correlation, traceparent, ..told.metadata }, ..told })
}

/// The event that tells of a released input.
pub(super) fn released(
    status: &Status,
    input: &ParkedInput,
    release: &Release<'_>,
) -> Result<NewEvent, Stop> {
    let (kind, why) = match release {
        Release::Retried => (INPUT_RETRIED, None),
        Release::Discarded { why } => (INPUT_DISCARDED, Some((*why).to_owned())),
    };
    // An input is parked once and released once, so its id and the way are enough.
    let id = input.event.derive_named(&format!("{kind} by {status}"));
    let (source, event, position) = (status.source.clone(), input.event, input.position);
    told(id, kind, &Released { source, event, position, why }, event)
}

fn told(
    id: EventId,
    kind: &'static str,
    what: &impl Serialize,
    cause: EventId,
) -> Result<NewEvent, Stop> {
    let payload = serde_json::to_vec(what).map_err(|error| Stop::ForGood(error.to_string()))?;
    let event_type = EventType::new(ByteString::from_static(kind))?;
    let metadata = Metadata { causation: Some(cause.to_string().into()), ..Metadata::default() };
    Ok(NewEvent { metadata, ..NewEvent::json(id, event_type, Bytes::from(payload)) })
}

impl Shelf {
    /// Reads what the reader has set aside, in order.
    pub(super) async fn read(own: &dyn EventStore, status: &Status) -> Result<Self, ReadError> {
        let invalid = |why: String| ReadError::Invalid { why };
        let stream = stream(status).map_err(|error| invalid(error.to_string()))?;
        let mut shelf = Self { inputs: BTreeMap::new(), last: None };
        let mut read = ReadStream::forwards(stream);
        loop {
            let page = own.read_stream(read.clone()).await?;
            for event in &page.events {
                let applied = shelf.apply(status, event);
                applied.map_err(|error| invalid(error.to_string()))?;
            }
            match page.next {
                Some(next) => read.from = headwater_model::From::At(next),
                None => return Ok(shelf),
            }
        }
    }

    fn apply(&mut self, status: &Status, event: &RecordedEvent) -> serde_json::Result<()> {
        self.last = Some(event.revision);
        match event.event_type.as_str() {
            INPUT_PARKED => {
                let parked: Parked = serde_json::from_slice(&event.payload)?;
                if parked.source == status.source {
                    self.inputs.insert(parked.position, parked.by(status));
                }
            }
            _ => {
                let released: Released = serde_json::from_slice(&event.payload)?;
                if released.source == status.source {
                    self.inputs.remove(&released.position);
                }
            }
        }
        Ok(())
    }

    /// What is on it, in order.
    pub(super) fn list(&self) -> Vec<ParkedInput> {
        self.inputs.values().cloned().collect()
    }

    /// The release of this input was stored, right behind what was read.
    pub(super) fn release(&mut self, input: &ParkedInput) {
        self.inputs.remove(&input.position);
        self.last = Some(self.last.map_or(Revision::ZERO, Revision::next));
    }
}

impl Parked {
    fn by(self, status: &Status) -> ParkedInput {
        ParkedInput {
            reader: status.name.to_owned(),
            source: self.source,
            event: self.event,
            event_type: self.event_type,
            stream: self.stream,
            revision: self.revision,
            position: self.position,
            key: None,
            code: self.code,
            why: self.why,
            parked_at: Some(self.parked_at),
        }
    }
}
