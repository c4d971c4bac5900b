//! Events: as asked ([`NewEvent`]) and as stored ([`RecordedEvent`]).
//!
//! Why: an event is a past fact; once recorded, nothing about it changes.
//! Invariants: the id is the event's for ever (A4); revision and position are dense (A3).

use crate::{EventType, Position, Revision, StreamName, Tag, Timestamp};
use bytes::Bytes;
use bytestring::ByteString;
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// Who an event is, in every store it is ever copied to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(pub Uuid);

impl EventId {
    /// The id of the `n`th event that the command `self` leads to: the same every time it is asked.
    pub fn derive(self, n: u32) -> Self {
        Self(Uuid::new_v5(&self.0, &n.to_be_bytes()))
    }

    /// The id that `name` has below `self`: the same every time it is asked.
    pub fn derive_named(self, name: &str) -> Self {
        Self(Uuid::new_v5(&self.0, name.as_bytes()))
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How the payload is written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ContentType {
    /// UTF-8 JSON.
    #[default]
    Json,
    /// Bytes that only their reader understands.
    Binary,
}

/// What is known about an event besides what it says.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Metadata {
    /// The business transaction that this belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation: Option<ByteString>,
    /// The command or event that led to this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub causation: Option<ByteString>,
    /// W3C trace context of the work that recorded this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<ByteString>,
    /// On whose behalf.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<ByteString>,
    /// Free keys, in the order given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub free: Vec<(ByteString, ByteString)>,
}

impl Metadata {
    /// The value of a free key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.free.iter().find(|(k, _)| k == key).map(|(_, value)| &**value)
    }

    /// Keeps a value under a key: one of the four that are known, or a free one behind those there are.
    pub fn put(&mut self, key: ByteString, value: ByteString) {
        match &*key {
            "correlation" => self.correlation = Some(value),
            "causation" => self.causation = Some(value),
            "traceparent" => self.traceparent = Some(value),
            "actor" => self.actor = Some(value),
            _ => self.free.push((key, value)),
        }
    }

    /// Bytes of all keys and values.
    pub fn bytes(&self) -> usize {
        let known = [&self.correlation, &self.causation, &self.traceparent, &self.actor];
        known.into_iter().flatten().map(|text| text.len()).sum::<usize>()
            + self.free.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>()
    }
}

/// An event as it is asked to be stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewEvent {
    /// Who it will be.
    pub id: EventId,
    /// What has happened.
    pub event_type: EventType,
    /// Which shape of the payload this is; 1 for the first.
    pub schema_version: u32,
    /// How the payload is written.
    pub content_type: ContentType,
    /// What it says.
    pub payload: Bytes,
    /// What is known about it.
    pub metadata: Metadata,
    /// The marks by which it is found.
    pub tags: Vec<Tag>,
}

impl NewEvent {
    /// A JSON event of schema version 1 without metadata or tags.
    pub fn json(id: EventId, event_type: EventType, payload: impl Into<Bytes>) -> Self {
        Self {
            id,
            event_type,
            schema_version: 1,
            content_type: ContentType::Json,
            payload: payload.into(),
            metadata: Metadata::default(),
            tags: Vec::new(),
        }
    }

    /// A4's "same content": what was said, not when or under which trace.
    pub fn same_content(&self, recorded: &RecordedEvent) -> bool {
        self.event_type == recorded.event_type
            && self.schema_version == recorded.schema_version
            && self.content_type == recorded.content_type
            && self.payload == recorded.payload
            && self.tags == recorded.tags
    }
}

/// An event as it is stored. All its texts and its payload are slices of the page it came in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordedEvent {
    /// Who it is.
    pub id: EventId,
    /// Its stream.
    pub stream: StreamName,
    /// Its place in the stream.
    pub revision: Revision,
    /// Its place in the context.
    pub position: Position,
    /// When its commit was planned. A6: never goes back within a context.
    pub recorded_at: Timestamp,
    /// What has happened.
    pub event_type: EventType,
    /// Which shape of the payload this is.
    pub schema_version: u32,
    /// How the payload is written.
    pub content_type: ContentType,
    /// What it says.
    pub payload: Bytes,
    /// What is known about it.
    pub metadata: Metadata,
    /// The marks by which it is found.
    pub tags: Vec<Tag>,
}
