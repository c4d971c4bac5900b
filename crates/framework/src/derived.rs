//! What derived code is made of. Not an interface: it changes with the derives.
//!
//! Why: a derive writes as little as it can, and calls functions that are read and tested here.

pub use crate::{
    Command, DecodeError, Decoded, EncodeError, Event, Field, Input, InputType, Refusal,
    RefusalKind, Request, Source, StreamId, Timer,
};
pub use bytes::Bytes;
pub use headwater_model::{EventId, InvalidName, NewEvent, RecordedEvent};
pub use serde;

use crate::Personal;
use bytestring::ByteString;
use headwater_model::{ContentType, EventType, Metadata, Tag};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt::Display;
use std::str::FromStr;

/// The payload of an event or command that says nothing beyond its name: `{}`.
#[derive(Debug, Serialize)]
pub struct Empty {}

/// Whether `text` can be an `I`.
///
/// # Errors
/// [`InvalidName`] says why not.
pub fn check_id<I: StreamId>(text: &str) -> Result<(), InvalidName> {
    crate::stream_id::check_id(I::CATEGORY, text)
}

/// The text of an id of `I`.
///
/// # Errors
/// A text that could not be an id.
pub fn deserialize_id<'de, I: StreamId, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    check_id::<I>(&text).map_err(serde::de::Error::custom)?;
    Ok(text)
}

/// An event as it will be stored, without metadata.
///
/// # Errors
/// [`EncodeError`] for a payload that is no JSON, or a tag that is none.
pub fn new_event<P: Serialize>(
    id: EventId,
    name: &'static str,
    schema_version: u32,
    payload: &P,
    tags: &[(&str, &dyn Display)],
) -> Result<NewEvent, EncodeError> {
    let failed = |why: String| EncodeError { name, why };
    let event_type = EventType::new(ByteString::from_static(name));
    let tag = |(key, value): &(&str, &dyn Display)| Tag::new(format!("{key}:{value}"));
    Ok(NewEvent {
        id,
        event_type: event_type.map_err(|error| failed(error.to_string()))?,
        schema_version,
        content_type: ContentType::Json,
        payload: json(name, payload)?,
        metadata: Metadata::default(),
        tags: tags.iter().map(tag).collect::<Result<_, _>>().map_err(|e| failed(e.to_string()))?,
    })
}

/// A command's name and payload.
///
/// # Errors
/// [`EncodeError`] for a payload that is no JSON.
pub fn new_command<P: Serialize>(
    name: &'static str,
    payload: &P,
) -> Result<(&'static str, Bytes), EncodeError> {
    Ok((name, json(name, payload)?))
}

fn json<P: Serialize>(name: &'static str, payload: &P) -> Result<Bytes, EncodeError> {
    match serde_json::to_vec(payload) {
        Ok(json) => Ok(json.into()),
        Err(error) => Err(EncodeError { name, why: error.to_string() }),
    }
}

/// The payload of an event.
///
/// # Errors
/// [`DecodeError::Malformed`] with serde's reason.
pub fn read<P: DeserializeOwned>(event: &RecordedEvent) -> Result<P, DecodeError> {
    if event.content_type != ContentType::Json {
        return Err(malformed(event, "it is not JSON"));
    }
    serde_json::from_slice(&event.payload).map_err(|error| malformed(event, error))
}

/// The payload of a command.
///
/// # Errors
/// [`DecodeError::Malformed`] with serde's reason.
pub fn read_command<P: DeserializeOwned>(name: &str, payload: &[u8]) -> Result<P, DecodeError> {
    serde_json::from_slice(payload).map_err(|error| DecodeError::Malformed {
        name: name.to_owned(),
        schema_version: 1,
        why: error.to_string(),
    })
}

/// The id in the name of the event's stream.
///
/// # Errors
/// [`DecodeError::Malformed`] if it is none.
pub fn id_of_stream<I>(event: &RecordedEvent) -> Result<I, DecodeError>
where
    I: FromStr,
    I::Err: Display,
{
    event.stream.id().parse().map_err(|error| malformed(event, error))
}

/// Refuses a value that is about somebody else than its event says.
///
/// # Errors
/// [`EncodeError`] with both names.
pub fn check_subject<P: AboutSomebody>(
    name: &'static str,
    field: &str,
    value: &P,
    whom: &dyn Display,
) -> Result<(), EncodeError> {
    match value.whom() {
        Some(subject) if subject != whom.to_string() => {
            let why = format!("{field} is about {subject}, and the event says about {whom}");
            Err(EncodeError { name, why })
        }
        _ => Ok(()),
    }
}

/// What may be about somebody: a personal value, if there is one.
pub trait AboutSomebody {
    /// Whom.
    fn whom(&self) -> Option<&str>;
}

impl<T> AboutSomebody for Personal<T> {
    fn whom(&self) -> Option<&str> {
        Some(self.subject())
    }
}

impl<T> AboutSomebody for Option<Personal<T>> {
    fn whom(&self) -> Option<&str> {
        self.as_ref().map(Personal::subject)
    }
}

fn malformed(event: &RecordedEvent, why: impl Display) -> DecodeError {
    DecodeError::Malformed {
        name: event.event_type.to_string(),
        schema_version: event.schema_version,
        why: why.to_string(),
    }
}

/// An event whose name the code does not know.
pub fn unknown_type(event: &RecordedEvent) -> DecodeError {
    DecodeError::UnknownType {
        name: event.event_type.to_string(),
        schema_version: event.schema_version,
    }
}

/// A command whose name the code does not know.
pub fn unknown_command(name: &str) -> DecodeError {
    DecodeError::UnknownType { name: name.to_owned(), schema_version: 1 }
}

/// An event of a version that the code does not know.
pub fn newer_version(event: &RecordedEvent, known: u32) -> DecodeError {
    DecodeError::NewerVersion {
        name: event.event_type.to_string(),
        schema_version: event.schema_version,
        known,
    }
}
