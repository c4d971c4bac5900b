//! Forgetting: the key first, then everything that was made with it.
//!
//! Picture:
//! ```text
//!   forget(customer-7) ─▶ destroy the key ─▶ lose what is in memory ─▶ append `$Forgotten` to `$personal`
//!                          (from here on nothing is read again)              │
//!                        views of this and other services, in their order ◀──┘  forget, or are built anew
//! ```
//! Why an event: a view that was filled with readable values must hear of it, wherever it is, exactly once
//! and in order (C1); and a key store that was restored from an old copy is told again.
//! After a crash between two steps: forgetting again goes on where it was, and records nothing twice (A4).

use super::{KeysError, Subject, SubjectKeys};
use crate::{DecodeError, Service};
use bytestring::ByteString;
use headwater_model::{
    Append, AppendError, EventId, EventStore, EventType, ExpectedRevision, InvalidName, NewEvent,
    Position, ReadError, ReadStream, RecordedEvent, Retry, StreamName,
};
use serde::{Deserialize, Serialize};

/// The type of the event that says that a subject was forgotten.
pub const FORGOTTEN: &str = "$Forgotten";

/// The stream of these events, in the context of the service that forgot.
const STREAM: &str = "$personal";

/// A subject that was forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forgetting {
    /// Whom.
    pub subject: Subject,
    /// Where that is recorded: views that have handled it hold nothing of them any more.
    pub position: Option<Position>,
}

/// Why a subject may not be forgotten yet. Asking again goes on where it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForgetError {
    /// The service was wired without keys.
    #[error("this service keeps no keys of subjects; wire it with `.personal(…)`")]
    NoKeys,
    /// The key could not be destroyed: everything can still be read.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The key is destroyed, but views have not been told.
    #[error("the key is destroyed, but views were not told: {0}")]
    Append(#[from] AppendError),
    /// The store could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl ForgetError {
    /// What the caller can do.
    pub fn retry(&self) -> Retry {
        match self {
            Self::NoKeys => Retry::Never,
            Self::Keys(error) => error.retry(),
            Self::Append(error) => error.retry(),
            Self::Read(error) => error.retry(),
        }
    }

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoKeys => "personal.no_keys",
            Self::Keys(error) => error.code(),
            Self::Append(error) => error.code(),
            Self::Read(error) => error.code(),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Payload {
    subject: ByteString,
}

impl Service {
    /// Forgets a subject, for ever: their key is destroyed, so that nothing personal of them in streams,
    /// snapshots, parked events and backups is ever read again; and views are told.
    ///
    /// # Errors
    /// [`ForgetError`]. Asking again goes on where it was.
    pub async fn forget(&self, subject: &Subject) -> Result<Forgetting, ForgetError> {
        let keys = self.subject_keys().ok_or(ForgetError::NoKeys)?;
        keys.destroy(subject.clone()).await?;
        self.lose_memory();
        let own = self.own().await?;
        let appended = own.append(announcement(subject)).await?;
        Ok(Forgetting { subject: subject.clone(), position: appended.position })
    }
}

/// Destroys the key of every subject that a context has recorded as forgotten.
pub(crate) async fn destroy_again(
    keys: &dyn SubjectKeys,
    own: &dyn EventStore,
) -> Result<(), ForgetError> {
    let mut read = ReadStream::forwards(forgettings());
    loop {
        let page = own.read_stream(read.clone()).await?;
        for event in &page.events {
            let subject = subject_of(event).map_err(|error| ReadError::Invalid {
                why: format!("{STREAM} at revision {}: {error}", event.revision),
            })?;
            keys.destroy(subject).await?;
        }
        let Some(next) = page.next else { return Ok(()) };
        read.from = headwater_model::From::At(next);
    }
}

/// Whom an event of type [`FORGOTTEN`] is about.
pub(crate) fn subject_of(event: &RecordedEvent) -> Result<Subject, DecodeError> {
    let malformed = |why: String| DecodeError::Malformed {
        name: event.event_type.to_string(),
        schema_version: event.schema_version,
        why,
    };
    let Payload { subject } =
        serde_json::from_slice(&event.payload).map_err(|error| malformed(error.to_string()))?;
    Subject::new(subject).map_err(|error| malformed(error.to_string()))
}

/// Recorded once for each subject, however often it is asked.
fn announcement(subject: &Subject) -> Append {
    let payload = Payload { subject: subject.as_str().into() };
    let payload = serde_json::to_vec(&payload).expect("a text is JSON");
    let id = EventId(uuid::Uuid::NAMESPACE_URL).derive_named(STREAM).derive_named(subject.as_str());
    let name = EventType::new(ByteString::from_static(FORGOTTEN)).expect("it is a type's name");
    let event = NewEvent::json(id, name, payload);
    Append::to(forgettings(), ExpectedRevision::Any, vec![event])
}

/// The stream that readers of personal data read besides their own inputs.
pub(crate) fn forgettings() -> StreamName {
    let name: Result<StreamName, InvalidName> = StreamName::system(STREAM);
    name.expect("it is a stream's name")
}
