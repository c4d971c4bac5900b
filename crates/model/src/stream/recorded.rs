//! A change to a stream, as the event of its `$$` stream that records it.
//!
//! Why: every store writes the same event for the same change, so that a settings stream can be
//! read, copied and compared like any other.
//!
//! Invariants: the id follows from the place, so that writing the change needs no source of
//! randomness. A commit carries decisions: a deletion says which revision is the first that shows.

use super::{StreamChange, StreamSettings};
use crate::{EventId, EventType, NewEvent, RecordedEvent, Revision, StreamName};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const SETTINGS: &str = "$StreamSettingsChanged";
const DELETED: &str = "$StreamDeleted";
const TOMBSTONED: &str = "$StreamTombstoned";

/// What a deletion decided.
#[derive(Serialize, Deserialize)]
struct Hidden {
    /// The first revision that shows again, once there is one.
    first: Revision,
}

impl StreamChange {
    /// The event that records this change of `stream` at `place` in its `$$` stream; `first` is
    /// the revision behind the stream's last.
    pub fn event(self, stream: &StreamName, place: Revision, first: Revision) -> NewEvent {
        let hidden = || serde_json::to_vec(&Hidden { first });
        let (event_type, payload) = match self {
            Self::Settings(settings) => (SETTINGS, serde_json::to_vec(&settings)),
            Self::Delete => (DELETED, hidden()),
            Self::Tombstone => (TOMBSTONED, hidden()),
        };
        let place = format!("{}@{place}", stream.settings_stream());
        NewEvent::json(
            EventId(Uuid::new_v5(&Uuid::NAMESPACE_URL, place.as_bytes())),
            EventType::new(event_type).expect("the three are names"),
            payload.expect("numbers in a struct are JSON"),
        )
    }

    /// The change that an event of a `$$` stream records; `None` for any other event.
    pub fn recorded_by(event: &RecordedEvent) -> Option<Self> {
        Self::said_by(&event.event_type, &event.payload)
    }

    /// The change that an event would record in a `$$` stream; `None` for any other event.
    pub fn asked_by(event: &NewEvent) -> Option<Self> {
        Self::said_by(&event.event_type, &event.payload)
    }

    fn said_by(event_type: &EventType, payload: &[u8]) -> Option<Self> {
        let settings = || serde_json::from_slice::<StreamSettings>(payload).ok();
        match event_type.as_str() {
            SETTINGS => settings().map(Self::Settings),
            DELETED => Some(Self::Delete),
            TOMBSTONED => Some(Self::Tombstone),
            _ => None,
        }
    }
}
