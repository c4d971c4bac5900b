//! Streams as a whole: what is kept of them, and whether they live.
//!
//! Why: retention is a decision of the stream's owner, recorded like any other fact: as an event
//! of the stream `$$name`. A reader never sees what a setting hides; scavenging makes it space.
//! Invariant: A3, hiding events never renumbers those that stay.

mod recorded;

use crate::{Category, Revision, StreamName};
use serde::{Deserialize, Serialize};

/// What is kept of a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StreamSettings {
    /// At most so many of the newest events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count_max: Option<u64>,
    /// Events not older than so many milliseconds, by recorded-at against the head's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_max_ms: Option<u64>,
    /// Events from this revision on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncate_before: Option<Revision>,
}

/// Whether a stream takes events and shows them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StreamLife {
    /// As usual.
    #[default]
    Alive,
    /// Deleted: reads find nothing, `NoStream` holds, and a new event revives it at the next revision.
    Deleted,
    /// Tombstoned: reads find nothing and appends are refused, for ever.
    Tombstoned,
}

/// A change to a stream as a whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StreamChange {
    /// Replaces all settings.
    Settings(StreamSettings),
    /// Hides all events up to now.
    Delete,
    /// Hides all events and refuses new ones, for ever.
    Tombstone,
}

impl StreamChange {
    /// Whether it ends the stream, for now or for ever, rather than say what is kept of it.
    pub const fn is_of_life(self) -> bool {
        matches!(self, Self::Delete | Self::Tombstone)
    }
}

/// A stream at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StreamState {
    /// Its name.
    pub stream: StreamName,
    /// The last event's revision, hidden ones included; `None`: there never was one.
    pub last: Option<Revision>,
    /// The first revision that reads show by settings and life (age is applied at the read);
    /// past `last` when all are hidden.
    pub first: Revision,
    /// What is kept.
    pub settings: StreamSettings,
    /// Whether it lives.
    pub life: StreamLife,
}

impl StreamState {
    /// A stream that nobody has written to.
    pub fn unknown(stream: StreamName) -> Self {
        Self {
            stream,
            last: None,
            first: Revision::ZERO,
            settings: StreamSettings::default(),
            life: StreamLife::Alive,
        }
    }

    /// Its category, as a name.
    pub fn category(&self) -> Category {
        Category::new(self.stream.category()).unwrap_or_else(|_| {
            Category::new("-")
                .expect("a dash is a name: only a stream that begins with `-` gets here")
        })
    }
}
