//! Parked inputs: what readers have set aside, and how a person lets it go on.
//!
//! Why: an input that was set aside waits for somebody to mend its cause: deploy code that can read
//! it, correct what it was refused for, or say that it does not matter. Then it is retried, or
//! discarded with the reason; both are recorded, and neither is silent.
//!
//! Picture:
//! ```text
//!             ┌─ retry ──▶ effect + "no longer parked", together ─▶ its followers, in order
//!   parked ───┤      └───▶ it fails again: it stays parked, with what is wrong now
//!             └─ discard ▶ "no longer parked", with who-knows-why written down
//! ```
//! Invariants: C1 a retried input's effect and its release are one append, or one transaction of the
//! database: it counts once, whatever crashes. C3 inputs of one key are released in the order in
//! which they came; the first that fails again keeps those behind it where they are.

use crate::projection::Key;
use crate::react::session::Stop;
use crate::reader::Reader;
use crate::saga::End;
use crate::{Failed, Service};
use headwater_model::{
    ContextName, EventId, EventType, InvalidName, Position, ReadError, Retry, Revision, StreamName,
    Timestamp,
};
use std::fmt;

/// An input that a reader has set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedInput {
    /// The reaction or projection that set it aside.
    pub reader: String,
    /// The context it was read from.
    pub source: ContextName,
    /// Its event.
    pub event: EventId,
    /// The event's type.
    pub event_type: EventType,
    /// The event's stream.
    pub stream: StreamName,
    /// The event's place in its stream.
    pub revision: Revision,
    /// The event's place in its context.
    pub position: Position,
    /// What it holds up, in a projection. A reaction's inputs stand each by itself.
    pub key: Option<Key>,
    /// The refusal's or error's code.
    pub code: String,
    /// In words.
    pub why: String,
    /// When it was set aside, as far as that is recorded.
    pub parked_at: Option<Timestamp>,
}

/// A parked input that was tried again, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retried {
    /// The input, as it was parked.
    pub input: ParkedInput,
    /// What came of it.
    pub outcome: RetryOutcome,
}

/// What came of a retried input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RetryOutcome {
    /// What follows from it is stored, and it is no longer parked.
    Done,
    /// It fails still, and nothing of it is stored.
    StillParked {
        /// The refusal's or error's code.
        code: String,
        /// In words.
        why: String,
    },
}

/// A parked input that nobody wants any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discarded {
    /// The input, as it was parked.
    pub input: ParkedInput,
    /// Inputs of its key that are still parked: they are retried next, or discarded as well.
    pub behind_count: u64,
}

/// Why parked inputs were not touched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParkedError {
    /// The service has no such reader.
    #[error("service {service} has no reader {reader}; it has {}", known.join(", "))]
    NoReader {
        /// The service.
        service: ContextName,
        /// The name that was given.
        reader: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// The reader has not parked this event, or it was retried or discarded since.
    #[error("{reader} has no parked input {event}; it may have been retried or discarded already")]
    NotParked {
        /// The reader.
        reader: String,
        /// The event that was named.
        event: EventId,
    },
    /// An earlier input of its key is parked, and goes first.
    #[error("{event} is parked behind {first} of its key; retry that one first")]
    Behind {
        /// The event that was named.
        event: EventId,
        /// The one that goes first.
        first: EventId,
    },
    /// What is parked is an input, and no saga that could be ended.
    #[error("{event} of {reader} is a parked input, and no saga that could be ended; discard it")]
    NoSaga {
        /// The reader.
        reader: String,
        /// The event that was named.
        event: EventId,
    },
    /// An input is not discarded without a reason.
    #[error("an input is discarded with a reason, and this one is empty")]
    NoReason,
    /// The store could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The reader could not go on: a store, a database or another writer was in the way. What is
    /// parked is as it was, but for the inputs that the reader had released before.
    #[error("{why}")]
    Stopped {
        /// What was in the way.
        why: String,
        /// What the caller can do.
        retry: Retry,
    },
}

impl ParkedError {
    /// What the caller can do.
    pub fn retry(&self) -> Retry {
        match self {
            Self::NoReader { .. }
            | Self::NotParked { .. }
            | Self::NoSaga { .. }
            | Self::NoReason => Retry::Never,
            Self::Behind { .. } => Retry::AfterReload,
            Self::Read(cause) => cause.retry(),
            Self::Stopped { retry, .. } => *retry,
        }
    }

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoReader { .. } => "parked.no_reader",
            Self::NotParked { .. } => "parked.not_parked",
            Self::Behind { .. } => "parked.behind",
            Self::NoSaga { .. } => "parked.no_saga",
            Self::NoReason => "parked.no_reason",
            Self::Read(cause) => cause.code(),
            Self::Stopped { .. } => "parked.stopped",
        }
    }
}

impl From<Stop> for ParkedError {
    fn from(stop: Stop) -> Self {
        let (why, retry) = stop.told();
        Self::Stopped { why, retry }
    }
}

impl From<Failed> for ParkedError {
    fn from(failed: Failed) -> Self {
        Self::from(Stop::from(failed))
    }
}

impl From<InvalidName> for ParkedError {
    fn from(error: InvalidName) -> Self {
        Self::from(Stop::from(error))
    }
}

/// Which of a reader's parked inputs are retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pick {
    /// All of them.
    All,
    /// This one, and in a projection those that are parked behind it.
    One(EventId),
}

impl Pick {
    /// What is picked of these, which are all that `reader` has parked, in order.
    ///
    /// # Errors
    /// An event that is not among them, or not the first of its key.
    pub(crate) fn of(
        self,
        reader: impl fmt::Display,
        parked: Vec<ParkedInput>,
    ) -> Result<Vec<ParkedInput>, ParkedError> {
        let Self::One(event) = self else { return Ok(parked) };
        let Some(picked) = parked.iter().find(|input| input.event == event).cloned() else {
            return Err(ParkedError::NotParked { reader: reader.to_string(), event });
        };
        if picked.key.is_none() {
            return Ok(vec![picked]);
        }
        let of_its_key = |input: &ParkedInput| input.key == picked.key;
        let held_up: Vec<_> = parked.into_iter().filter(of_its_key).collect();
        match held_up.first() {
            Some(first) if first.event != event => {
                Err(ParkedError::Behind { event, first: first.event })
            }
            _ => Ok(held_up),
        }
    }
}

impl Service {
    /// The inputs that a reader of this service has set aside, in order.
    ///
    /// # Errors
    /// [`ParkedError::NoReader`], or a store or a database that does not answer.
    pub async fn parked(&self, reader: &str) -> Result<Vec<ParkedInput>, ParkedError> {
        let mut parked = Vec::new();
        for reader in self.readers_named(reader)? {
            parked.extend(reader.parked(self).await?);
        }
        Ok(parked)
    }

    /// The inputs that all readers of this service have set aside, reader by reader.
    ///
    /// # Errors
    /// A store or a database that does not answer.
    pub async fn all_parked(&self) -> Result<Vec<ParkedInput>, ParkedError> {
        let mut parked = Vec::new();
        for reader in self.readers() {
            parked.extend(reader.parked(self).await?);
        }
        Ok(parked)
    }

    /// Tries a parked input again, as the code is now. In a projection the inputs that are parked
    /// behind it follow, in order, until one fails.
    ///
    /// # Errors
    /// [`ParkedError::NotParked`], or [`ParkedError::Behind`] for one that is not the first of its
    /// key. An input that fails still is no error: see [`RetryOutcome::StillParked`].
    pub async fn retry_parked(
        &self,
        reader: &str,
        event: EventId,
    ) -> Result<Vec<Retried>, ParkedError> {
        let mut answer = Err(ParkedError::NotParked { reader: reader.to_owned(), event });
        for one in self.readers_named(reader)? {
            answer = one.retry(self, Pick::One(event)).await;
            if !matches!(answer, Err(ParkedError::NotParked { .. })) {
                break;
            }
        }
        answer
    }

    /// Tries all parked inputs of a reader again, as the code is now.
    ///
    /// # Errors
    /// As [`parked`](Self::parked). Inputs that fail still are no error.
    pub async fn retry_all_parked(&self, reader: &str) -> Result<Vec<Retried>, ParkedError> {
        let mut retried = Vec::new();
        for reader in self.readers_named(reader)? {
            retried.extend(reader.retry(self, Pick::All).await?);
        }
        Ok(retried)
    }

    /// Gives a parked input up, for a reason, which is recorded. Those behind it stay parked until
    /// they are retried.
    ///
    /// # Errors
    /// [`ParkedError::NotParked`], or [`ParkedError::NoReason`].
    pub async fn discard_parked(
        &self,
        reader: &str,
        event: EventId,
        why: &str,
    ) -> Result<Discarded, ParkedError> {
        if why.trim().is_empty() {
            return Err(ParkedError::NoReason);
        }
        let mut answer = Err(ParkedError::NotParked { reader: reader.to_owned(), event });
        for one in self.readers_named(reader)? {
            answer = one.discard(self, event, why).await;
            if !matches!(answer, Err(ParkedError::NotParked { .. })) {
                break;
            }
        }
        answer
    }

    /// Ends a parked saga, for a reason, which is recorded: somebody has seen to what was left.
    ///
    /// # Errors
    /// [`ParkedError::NotParked`], [`ParkedError::NoReason`], or [`ParkedError::NoSaga`] for an input of
    /// something else.
    pub async fn end_parked(
        &self,
        reader: &str,
        event: EventId,
        end: End,
        why: &str,
    ) -> Result<ParkedInput, ParkedError> {
        if why.trim().is_empty() {
            return Err(ParkedError::NoReason);
        }
        let mut answer = Err(ParkedError::NotParked { reader: reader.to_owned(), event });
        for one in self.readers_named(reader)? {
            answer = one.end(self, event, end, why).await;
            if !matches!(answer, Err(ParkedError::NotParked { .. })) {
                break;
            }
        }
        answer
    }

    /// One for each context that the reader of this name reads.
    fn readers_named(&self, name: &str) -> Result<Vec<&dyn Reader>, ParkedError> {
        let all = || self.readers().iter().map(|reader| &**reader);
        let named: Vec<&dyn Reader> = all().filter(|one| one.status().name == name).collect();
        if named.is_empty() {
            let mut known: Vec<_> = all().map(|one| one.status().name.to_owned()).collect();
            known.dedup();
            let (service, reader) = (self.name().clone(), name.to_owned());
            return Err(ParkedError::NoReader { service, reader, known });
        }
        Ok(named)
    }
}
