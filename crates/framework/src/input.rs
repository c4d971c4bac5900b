//! Inputs: what a reader understands of the events it reads.
//!
//! Why: a service reads another through its *own* enum, which names the context, the events and
//! the fields it needs, and nothing more. It never depends on the other's crate.
//!
//! Invariant: R4 what cannot be decoded is an error with its reason, never nothing.

use headwater_model::{EventType, RecordedEvent, Timestamp};
use std::fmt;
use std::ops::Deref;

/// A reader's own type for events, of its own context or of others. Derived.
pub trait Input: Sized + Send + Sync + 'static {
    /// The events it asks for.
    const TYPES: &'static [InputType];

    /// Reads an event that came from `source`.
    ///
    /// # Errors
    /// [`DecodeError`] for an event of another type, of a newer version, or with other fields.
    fn decode(source: Source<'_>, event: &RecordedEvent) -> Result<Decoded<Self>, DecodeError>;
}

/// One kind of event, as its reader or its writer knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputType {
    /// The context it comes from; `None`: the service's own.
    pub context: Option<&'static str>,
    /// Its name, as stored.
    pub name: &'static str,
    /// The shape that this code writes, or the newest it reads; 1 for the first.
    pub schema_version: u32,
    /// Whether other services may read it.
    pub public: bool,
    /// Its payload.
    pub fields: &'static [Field],
}

/// A field of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name, as stored.
    pub name: &'static str,
    /// Its type, as written in the code.
    pub kind: &'static str,
    /// Whether a payload without it can be read.
    pub optional: bool,
    /// Whether it is about a person, and sealed with their key.
    pub personal: bool,
}

impl InputType {
    /// Whether any field of it is about a person.
    pub fn is_personal(&self) -> bool {
        self.fields.iter().any(|field| field.personal)
    }
}

/// Where an event was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source<'a> {
    /// The context.
    pub context: &'a str,
    /// Whether that is the reading service's own.
    pub own: bool,
}

impl Source<'_> {
    /// Whether an input declared `from` this context (`None`: the own one) means this source.
    pub fn is(&self, from: Option<&str>) -> bool {
        match from {
            None => self.own,
            Some(context) => context == self.context,
        }
    }
}

/// What an event comes to in the words of its reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded<E> {
    /// As usual.
    One(E),
    /// An old event that today would be several, in this order.
    Many(Vec<E>),
    /// An event that means nothing any more.
    Retired,
}

impl<E> Decoded<E> {
    /// The inputs, in order.
    pub fn into_vec(self) -> Vec<E> {
        match self {
            Self::One(event) => vec![event],
            Self::Many(events) => events,
            Self::Retired => Vec::new(),
        }
    }
}

/// Why an event or a command could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Nothing here knows this name. A decider does not decide on a past it cannot read.
    #[error("nothing here reads {name} (schema version {schema_version})")]
    UnknownType {
        /// The name, as stored.
        name: String,
        /// Its schema version.
        schema_version: u32,
    },
    /// Written by a newer version of the code.
    #[error("{name} has schema version {schema_version}, this code reads up to {known}")]
    NewerVersion {
        /// The name, as stored.
        name: String,
        /// Its schema version.
        schema_version: u32,
        /// The newest this code reads.
        known: u32,
    },
    /// The payload has other fields, or is no JSON.
    #[error("the payload of {name} (schema version {schema_version}) does not fit: {why}")]
    Malformed {
        /// The name, as stored.
        name: String,
        /// Its schema version.
        schema_version: u32,
        /// What does not fit.
        why: String,
    },
}

impl DecodeError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownType { .. } => "decode.unknown_type",
            Self::NewerVersion { .. } => "decode.newer_version",
            Self::Malformed { .. } => "decode.malformed",
        }
    }
}

/// An input with what is known about its event: id, stream, places, time, metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded<E> {
    /// What it says.
    pub event: E,
    envelope: RecordedEvent,
}

impl<E> Recorded<E> {
    /// An input and the stored event that it was read from.
    pub fn new(event: E, envelope: RecordedEvent) -> Self {
        Self { event, envelope }
    }

    /// The stored event.
    pub fn envelope(&self) -> &RecordedEvent {
        &self.envelope
    }

    /// How old the event is at `now`.
    pub fn age(&self, now: Timestamp) -> std::time::Duration {
        now.since(self.envelope.recorded_at)
    }
}

impl<E> Deref for Recorded<E> {
    type Target = RecordedEvent;
    fn deref(&self) -> &RecordedEvent {
        &self.envelope
    }
}

impl fmt::Display for InputType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.context {
            Some(context) => write!(f, "{context}/{}", self.name),
            None => f.write_str(self.name),
        }
    }
}

/// The names that `I` asks for of `source`.
///
/// # Errors
/// A name that no event can have.
pub(crate) fn names_of<I: Input>(
    source: Source<'_>,
) -> Result<Vec<EventType>, headwater_model::InvalidName> {
    let wanted = I::TYPES.iter().filter(|kind| source.is(kind.context));
    wanted.map(|kind| EventType::new(bytestring::ByteString::from_static(kind.name))).collect()
}
