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
use crate::Key;
use crate::parked::ParkedInput;
use crate::reader::Status;
use bytes::Bytes;
use bytestring::ByteString;
use headwater_model::{
    ContextName, EventId, EventStore, EventType, InvalidName, Metadata, NewEvent, Position,
    ReadError, ReadStream, RecordedEvent, Revision, StreamName, Timestamp,
};
use serde::{Deserialize, Deserializer, Serialize};
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
    #[serde(deserialize_with = "any_stream")]
    stream: StreamName,
    revision: Revision,
    position: Position,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    code: String,
    why: String,
    parked_at: Timestamp,
}

/// A stream's name, also of the system: schedules' ticks, requests and sagas are parked as well.
fn any_stream<'de, D: Deserializer<'de>>(deserializer: D) -> Result<StreamName, D::Error> {
    let name = ByteString::deserialize(deserializer)?;
    StreamName::system(name).map_err(serde::de::Error::custom)
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
pub(crate) enum Release<'a> {
    Retried,
    Discarded { why: &'a str },
}

/// What a reader has set aside and not released, and up to where that was read.
#[derive(Debug)]
pub(crate) struct Shelf {
    /// By their place in the source, which is the order in which they were set aside.
    pub(crate) inputs: BTreeMap<(Position, EventId), ParkedInput>,
    /// The shelf's last event, of any source.
    pub(crate) last: Option<Revision>,
}

/// Where the parked inputs of a reader stand.
pub(crate) fn stream(status: &Status) -> Result<StreamName, InvalidName> {
    StreamName::system(format!("$parked-{}", status.name))
}

/// What is set aside.
pub(crate) struct What {
    /// Under which id.
    pub(crate) event: EventId,
    pub(crate) event_type: EventType,
    pub(crate) stream: StreamName,
    pub(crate) revision: Revision,
    pub(crate) position: Position,
    /// What is held up by it.
    pub(crate) key: Option<Key>,
    /// What it belongs to.
    pub(crate) part_of: Metadata,
}

impl What {
    /// An input of a reaction, which holds nothing up.
    pub(super) fn of(input: &RecordedEvent) -> Self {
        Self {
            event: input.id,
            event_type: input.event_type.clone(),
            stream: input.stream.clone(),
            revision: input.revision,
            position: input.position,
            key: None,
            part_of: input.metadata.clone(),
        }
    }

    /// The event that tells that it is set aside.
    pub(crate) fn event(
        self,
        status: &Status,
        code: &str,
        why: &str,
        parked_at: Timestamp,
    ) -> Result<NewEvent, Stop> {
        let parked = Parked {
            source: status.source.clone(),
            event: self.event,
            event_type: self.event_type,
            stream: self.stream,
            revision: self.revision,
            position: self.position,
            key: self.key.map(|key| key.as_str().to_owned()),
            code: code.to_owned(),
            why: why.to_owned(),
            parked_at,
        };
        let id = self.event.derive_named(&format!("parked by {status}"));
        let told = told(id, INPUT_PARKED, &parked, self.event)?;
        let (correlation, traceparent) = (self.part_of.correlation, self.part_of.traceparent);
        Ok(NewEvent { metadata: Metadata { correlation, traceparent, ..told.metadata }, ..told })
    }
}

/// The event that tells of a released input.
pub(crate) fn released(
    status: &Status,
    input: &ParkedInput,
    release: &Release<'_>,
) -> Result<NewEvent, Stop> {
    let (source, event, position) = (status.source.clone(), input.event, input.position);
    Label { reader: status.name, source, event, position }.released(release)
}

/// How a parked input is named when it is released.
pub(crate) struct Label {
    pub(crate) reader: &'static str,
    pub(crate) source: ContextName,
    pub(crate) event: EventId,
    pub(crate) position: Position,
}

impl Label {
    /// The event that tells that it is released.
    pub(crate) fn released(self, release: &Release<'_>) -> Result<NewEvent, Stop> {
        let (kind, why) = match release {
            Release::Retried => (INPUT_RETRIED, None),
            Release::Discarded { why } => (INPUT_DISCARDED, Some((*why).to_owned())),
        };
        let Self { reader, source, event, position } = self;
        // An input is parked once and released once, so its id and the way are enough.
        let id = event.derive_named(&format!("{kind} by {reader}/{source}"));
        told(id, kind, &Released { source, event, position, why }, event)
    }
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
    pub(crate) async fn read(own: &dyn EventStore, status: &Status) -> Result<Self, ReadError> {
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
                    let at = (parked.position, parked.event);
                    self.inputs.insert(at, parked.by(status));
                }
            }
            _ => {
                let released: Released = serde_json::from_slice(&event.payload)?;
                if released.source == status.source {
                    self.inputs.remove(&(released.position, released.event));
                }
            }
        }
        Ok(())
    }

    /// What is on it, in order.
    pub(crate) fn list(&self) -> Vec<ParkedInput> {
        self.inputs.values().cloned().collect()
    }

    /// The release of this input was stored, right behind what was read.
    pub(crate) fn release(&mut self, input: &ParkedInput) {
        self.inputs.remove(&(input.position, input.event));
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
            key: self.key.map(Key::from),
            code: self.code,
            why: self.why,
            parked_at: Some(self.parked_at),
        }
    }
}
