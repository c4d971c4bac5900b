//! Streams and ids as this protocol names them.
//!
//! Why: a name says what kind of stream it is: an ordinary one, the settings of another, or one
//! that nobody writes because it is derived from the others.

use super::derived::Derived;
use super::persistent::Which;
use super::refusal::Refusal;
use ::uuid::Uuid;
use bytestring::ByteString;
use headwater_model::{EventId, StreamName};
use headwater_wire::kurrent::event_store::client::{StreamIdentifier, Uuid as WireUuid, uuid};

/// A stream that a client named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Named {
    /// A stream of the store.
    Plain(StreamName),
    /// The settings of another.
    Settings {
        /// Its own name.
        own: StreamName,
        /// Whose settings.
        subject: StreamName,
    },
    /// Read from the index, never written.
    Derived(Box<Derived>),
    /// What a group has parked.
    Parked(Box<Which>),
}

impl Named {
    pub(super) fn of(identifier: Option<StreamIdentifier>) -> Result<Self, Refusal> {
        let name = identifier.map(|identifier| identifier.stream_name).unwrap_or_default();
        let name = ByteString::try_from(name)
            .map_err(|_| Refusal::invalid("the stream name is not UTF-8"))?;
        Self::of_text(name)
    }

    pub(super) fn of_text(name: ByteString) -> Result<Self, Refusal> {
        if &*name == "$all" {
            return Err(Refusal::invalid("'$all' is not a stream; ask for all streams"));
        }
        if let Some(derived) = Derived::of(&name)? {
            return Ok(Self::Derived(Box::new(derived)));
        }
        if let Some(which) = Which::of_parked(&name) {
            return Ok(Self::Parked(Box::new(which)));
        }
        let own = StreamName::system(name)?;
        match own.settings_of() {
            Some(subject) => Ok(Self::Settings { own, subject }),
            None => Ok(Self::Plain(own)),
        }
    }

    /// A stream that can be written to, deleted, tombstoned.
    pub(super) fn of_subject(identifier: Option<StreamIdentifier>) -> Result<StreamName, Refusal> {
        match Self::of(identifier)? {
            Self::Plain(name) => Ok(name),
            Self::Settings { own, .. } => {
                Err(Refusal::invalid(format!("'{own}' holds settings and is not deleted")))
            }
            Self::Derived(derived) => Err(derived.is_not_written()),
            Self::Parked(which) => Err(is_not_written(&which)),
        }
    }
}

/// Nobody writes to the stream of what a group has parked.
pub(super) fn is_not_written(which: &Which) -> Refusal {
    let name = which.parked_stream();
    Refusal::invalid(format!("stream '{name}' shows what the group has parked and is not written"))
}

/// As a message.
pub(super) fn identifier(name: &ByteString) -> StreamIdentifier {
    StreamIdentifier { stream_name: name.clone().into_bytes() }
}

/// How a client wants ids to be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ids {
    /// As text.
    Text,
    /// As two halves.
    Halves,
}

impl Ids {
    /// An id in this form.
    pub(super) fn write(self, id: Uuid) -> WireUuid {
        let value = match self {
            Self::Text => uuid::Value::String(id.to_string()),
            Self::Halves => {
                let (first, second) = id.as_u64_pair();
                uuid::Value::Structured(uuid::Structured {
                    most_significant_bits: first.cast_signed(),
                    least_significant_bits: second.cast_signed(),
                })
            }
        };
        WireUuid { value: Some(value) }
    }
}

/// The id that a message holds.
pub(super) fn id(uuid: Option<WireUuid>) -> Result<EventId, Refusal> {
    let value = uuid.and_then(|uuid| uuid.value);
    let value = value.ok_or_else(|| Refusal::invalid("an id is missing"))?;
    match value {
        uuid::Value::String(text) => {
            let id = Uuid::parse_str(&text);
            id.map(EventId).map_err(|_| Refusal::invalid(format!("'{text}' is not a UUID")))
        }
        uuid::Value::Structured(halves) => {
            let first = halves.most_significant_bits.cast_unsigned();
            let second = halves.least_significant_bits.cast_unsigned();
            Ok(EventId(Uuid::from_u64_pair(first, second)))
        }
    }
}
