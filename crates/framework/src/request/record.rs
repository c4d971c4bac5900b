//! How requests and what came of them are recorded.
//!
//! Picture:
//! ```text
//!   context orders     $requests-customers   ReserveCredit { … }   metadata: target, saga, instance
//!                                │ pulled, in order
//!   context customers  $outcomes-orders      $RequestDone | $RequestRefused { code, why }
//! ```

use crate::planted::{Bug, planted};
use crate::react::session::Stop;
use crate::saga::Refused;
use bytes::Bytes;
use bytestring::ByteString;
use headwater_model::{
    ContextName, EventId, EventType, InvalidName, Metadata, NewEvent, RecordedEvent, StreamName,
};
use serde::{Deserialize, Serialize};

/// What the names of streams of requests begin with.
pub(crate) const REQUESTS_PREFIX: &str = "$requests-";

const DONE: &str = "$RequestDone";
const REFUSED: &str = "$RequestRefused";

/// The metadata of a request.
const TARGET_KEY: &str = "target";
const SAGA_KEY: &str = "saga";
const INSTANCE_KEY: &str = "instance";
const UNDER_KEY: &str = "under";

/// Where requests to a service stand, in their sender's context.
pub(crate) fn requests_stream(to: &ContextName) -> Result<StreamName, InvalidName> {
    StreamName::system(format!("{REQUESTS_PREFIX}{to}"))
}

/// Where it stands what came of a sender's requests, in their receiver's context.
pub(crate) fn outcomes_stream(from: &ContextName) -> Result<StreamName, InvalidName> {
    StreamName::system(format!("$outcomes-{from}"))
}

/// Who has sent a request: the answer goes to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sender {
    pub(crate) saga: String,
    pub(crate) instance: String,
}

/// What is known of a request besides what it asks.
pub(crate) struct About<'a> {
    /// The id of what it is about, at its receiver.
    pub(crate) target: &'a str,
    pub(crate) sender: Option<&'a Sender>,
    /// Locks of the receiver that its sender must hold.
    pub(crate) under: &'a [String],
}

/// A request as it is recorded. `part_of` tells what it belongs to and what led to it.
pub(crate) fn request(
    id: EventId,
    name: &'static str,
    payload: Bytes,
    about: &About<'_>,
    part_of: Metadata,
) -> Result<NewEvent, InvalidName> {
    let mut free = vec![(ByteString::from_static(TARGET_KEY), ByteString::from(about.target))];
    if !about.under.is_empty() {
        let keys = serde_json::Value::from(about.under).to_string();
        free.push((ByteString::from_static(UNDER_KEY), ByteString::from(keys)));
    }
    if let Some(sender) = about.sender {
        free.push((ByteString::from_static(SAGA_KEY), ByteString::from(&*sender.saga)));
        free.push((ByteString::from_static(INSTANCE_KEY), ByteString::from(&*sender.instance)));
    }
    let event_type = EventType::new(ByteString::from_static(name))?;
    Ok(NewEvent {
        metadata: Metadata { free, ..part_of },
        ..NewEvent::json(id, event_type, payload)
    })
}

/// What a recorded request is about.
pub(crate) fn target_of(request: &RecordedEvent) -> Option<&str> {
    request.metadata.get(TARGET_KEY)
}

/// Who has sent a recorded request.
pub(crate) fn sender_of(request: &RecordedEvent) -> Option<Sender> {
    let saga = request.metadata.get(SAGA_KEY)?.to_owned();
    Some(Sender { saga, instance: request.metadata.get(INSTANCE_KEY)?.to_owned() })
}

/// The locks that a recorded request's sender must hold.
pub(crate) fn under_of(request: &RecordedEvent) -> serde_json::Result<Vec<String>> {
    request.metadata.get(UNDER_KEY).map_or_else(|| Ok(Vec::new()), serde_json::from_str)
}

/// What came of a request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) request: EventId,
    pub(crate) saga: String,
    pub(crate) instance: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refused: Option<Refused>,
}

impl Outcome {
    /// The event that tells of it. `part_of` is what the request belongs to.
    pub(crate) fn event(&self, part_of: Metadata) -> Result<NewEvent, Stop> {
        let name = if self.refused.is_some() { REFUSED } else { DONE };
        let payload = serde_json::to_vec(self).map_err(|error| Stop::ForGood(error.to_string()))?;
        let event_type = EventType::new(ByteString::from_static(name))?;
        let metadata = Metadata {
            causation: Some(self.request.to_string().into()),
            free: Vec::new(),
            ..part_of
        };
        let id = match planted(Bug::RequestTwice) {
            true => crate::decide::state::drawn(),
            false => self.request.derive_named("outcome"),
        };
        Ok(NewEvent { metadata, ..NewEvent::json(id, event_type, payload) })
    }

    /// Reads an event of a stream of outcomes.
    pub(crate) fn decode(event: &RecordedEvent) -> serde_json::Result<Self> {
        serde_json::from_slice(&event.payload)
    }
}
