//! Texts, names and ids: slices of the message, checked.

use crate::Malformed;
use bytes::Bytes;
use bytestring::ByteString;
use headwater_model::{EventId, StreamName};
use uuid::Uuid;

/// A text, as the slice it is.
pub(crate) fn text(field: &'static str, bytes: Bytes) -> Result<ByteString, Malformed> {
    ByteString::try_from(bytes).map_err(|_| Malformed::Text { field })
}

/// A text of its own, for errors.
pub(crate) fn words(field: &'static str, bytes: Bytes) -> Result<String, Malformed> {
    Ok(text(field, bytes)?.to_string())
}

/// A stream's name, the system's included.
pub(crate) fn stream(bytes: Bytes) -> Result<StreamName, Malformed> {
    Ok(StreamName::system(text("a stream's name", bytes)?)?)
}

/// The bytes of a shared text.
pub(crate) fn shared(text: &ByteString) -> Bytes {
    text.as_bytes().clone()
}

pub(crate) fn id(bytes: &[u8]) -> Result<EventId, Malformed> {
    let id = Uuid::from_slice(bytes).map_err(|_| Malformed::Id { bytes: bytes.len() })?;
    Ok(EventId(id))
}

pub(crate) fn id_bytes(id: EventId) -> Bytes {
    Bytes::copy_from_slice(id.0.as_bytes())
}

/// What must be there.
pub(crate) fn required<T>(field: &'static str, value: Option<T>) -> Result<T, Malformed> {
    value.ok_or(Malformed::Missing { field })
}
