//! Stored events as clients of this protocol are shown them.
//!
//! Picture:
//! ```text
//!   $$order-1  $StreamSettingsChanged  ─▶ $$order-1  $metadata       the document
//!   $$order-1  $StreamDeleted          ─▶ $$order-1  $metadata       the document, with $tb
//!   $$order-1  $StreamTombstoned       ─▶ order-1    $streamDeleted  at the largest revision
//! ```
//! Every other event is shown as it is.

use super::answer::Answer;
use super::document;
use super::event::custom_of;
use super::name::Ids;
use bytes::Bytes;
use bytestring::ByteString;
use headwater_model::{
    ContentType, EventId, Incarnation, Position, RecordedEvent, Revision, StreamChange, Timestamp,
};

/// What an event that changes a stream's settings is called.
pub(super) const METADATA_TYPE: &str = "$metadata";

/// What the event that ends a stream for ever is called.
const TOMBSTONE_TYPE: &str = "$streamDeleted";

/// The revision that it is shown at.
const TOMBSTONE_REVISION: u64 = i64::MAX as u64;

/// An event as it is shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Shown {
    pub(super) id: EventId,
    pub(super) stream: ByteString,
    pub(super) revision: u64,
    pub(super) position: Position,
    pub(super) recorded_at: Timestamp,
    pub(super) event_type: ByteString,
    pub(super) content_type: ContentType,
    pub(super) data: Bytes,
    pub(super) custom: Bytes,
}

impl From<RecordedEvent> for Shown {
    fn from(event: RecordedEvent) -> Self {
        let shown = Self {
            id: event.id,
            stream: event.stream.as_shared().clone(),
            revision: event.revision.0,
            position: event.position,
            recorded_at: event.recorded_at,
            event_type: event.event_type.as_shared().clone(),
            content_type: event.content_type,
            data: event.payload.clone(),
            custom: custom_of(&event.metadata),
        };
        match event.stream.settings_of() {
            Some(subject) => shown.of_settings(&event, subject.as_shared()),
            None => shown,
        }
    }
}

impl Shown {
    fn of_settings(mut self, event: &RecordedEvent, subject: &ByteString) -> Self {
        let Some(change) = StreamChange::recorded_by(event) else { return self };
        let kept = document::kept(&event.metadata);
        let text = match change {
            StreamChange::Settings(settings) => kept.unwrap_or_else(|| document::shown(settings)),
            StreamChange::Delete => kept.unwrap_or_else(|| document::deleted(None)),
            StreamChange::Tombstone => {
                self.stream = subject.clone();
                self.revision = TOMBSTONE_REVISION;
                self.event_type = ByteString::from_static(TOMBSTONE_TYPE);
                self.data = Bytes::new();
                return self;
            }
        };
        self.event_type = ByteString::from_static(METADATA_TYPE);
        self.data = text.into_bytes();
        self
    }

    /// Whether it ends its stream for ever.
    pub(super) fn is_tombstone(&self) -> bool {
        self.revision == TOMBSTONE_REVISION && &*self.event_type == TOMBSTONE_TYPE
    }

    /// The settings of a stream that was deleted and revived, so that they can be written back.
    #[must_use]
    pub(super) fn revived(mut self, first: Revision) -> Self {
        if let Ok(text) = ByteString::try_from(self.data.clone()) {
            self.data = document::revived(text, first).into_bytes();
        }
        self
    }
}

/// How events are written into an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Form {
    /// How ids are written.
    pub(super) ids: Ids,
    /// The history that positions belong to.
    pub(super) incarnation: Incarnation,
}

impl Form {
    /// One event, by itself.
    pub(super) const fn event(self, event: Shown) -> Answer {
        Answer::Event { event: Some(event), link: None, form: self }
    }

    /// An event that came by a link; without one the link leads to nothing.
    pub(super) fn resolved(self, event: Option<Shown>, link: Shown) -> Answer {
        Answer::Event { event, link: Some(Box::new(link)), form: self }
    }
}
