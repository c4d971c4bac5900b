//! Timers: what wakes a saga when nothing else does.
//!
//! Why: a timer is data of the domain like a command: it has a name, perhaps fields, and is recorded
//! with the step that sets it.

use crate::{DecodeError, EncodeError};
use bytes::Bytes;

/// What a saga wakes itself with. Derived, on an enum; a variant may have fields.
///
/// Two timers are the same timer if they say the same: `Remind { times: 1 }` and `Remind { times: 2 }`
/// can be set side by side.
///
/// ```
/// # extern crate headwater_framework as headwater;
/// use headwater::prelude::*;
///
/// #[derive(Timer, Debug, PartialEq)]
/// pub enum CheckoutTimer { Unanswered, Remind { times: u32 } }
///
/// let (name, payload) = CheckoutTimer::Remind { times: 2 }.encode()?;
/// assert_eq!((name, &payload[..]), ("Remind", &br#"{"times":2}"#[..]));
/// # Ok::<(), EncodeError>(())
/// ```
pub trait Timer: Sized + Send + Sync + 'static {
    /// The timer's name and payload.
    ///
    /// # Errors
    /// [`EncodeError`] for a value that cannot be written as JSON.
    fn encode(&self) -> Result<(&'static str, Bytes), EncodeError>;

    /// Reads a timer.
    ///
    /// # Errors
    /// [`DecodeError`] for another name or other fields.
    fn decode(name: &str, payload: &[u8]) -> Result<Self, DecodeError>;
}

/// No timer: of reactions, and of sagas that set none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoTimer {}

impl Timer for NoTimer {
    fn encode(&self) -> Result<(&'static str, Bytes), EncodeError> {
        match *self {}
    }

    fn decode(name: &str, _: &[u8]) -> Result<Self, DecodeError> {
        Err(DecodeError::UnknownType { name: name.to_owned(), schema_version: 1 })
    }
}
