//! Events: the facts that a service's own deciders record.
//!
//! Why: the name and the schema version stand in the envelope, and the payload holds the
//! variant's fields alone, so that another language reads it without knowing our enum.

use crate::Input;
use headwater_model::{EventId, NewEvent};

/// What own deciders record. Derived; usable as a reader's [`Input`], too.
///
/// ```
/// # extern crate headwater_framework as headwater;
/// use headwater::prelude::*;
///
/// #[derive(Event, Debug, PartialEq)]
/// #[event(prefix = "Order", public)]
/// pub enum OrderEvent {
///     Created { customer: String, total: u64 },
///     Approved,
/// }
///
/// let created = OrderEvent::Created { customer: "ann".into(), total: 1_500 };
/// let stored = created.encode(Cause::keyed("k").id())?;
/// assert_eq!(stored.event_type.as_str(), "OrderCreated");
/// assert_eq!(stored.payload, r#"{"customer":"ann","total":1500}"#);
/// # Ok::<(), EncodeError>(())
/// ```
pub trait Event: Input {
    /// Names that were recorded once and mean nothing any more.
    const RETIRED: &'static [&'static str] = &[];

    /// The event as it will be stored, without metadata.
    ///
    /// # Errors
    /// [`EncodeError`] for a value that cannot be written as JSON, or a tag that is no tag.
    fn encode(&self, id: EventId) -> Result<NewEvent, EncodeError>;
}

/// Why an event or a command could not be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} cannot be written: {why}")]
pub struct EncodeError {
    /// The event's or command's name.
    pub name: &'static str,
    /// What does not fit.
    pub why: String,
}

impl EncodeError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        "encode.malformed"
    }
}
