//! Inbox: what was handled, kept in the handler's own database and in its own transaction.
//!
//! Why: whatever carries messages carries some of them twice. A handler that changes rows must do so
//! once; so that a message was handled is a row as well, of the same transaction as its effect.
//!
//! | where messages come from | keep | room |
//! |---|---|---|
//! | anywhere: webhooks, other brokers, several senders | ids: [`Inbox`]`::handle_…`, `first_…` | a row a message, until they are forgotten by age |
//! | this store, in order: a subscription, a key of a group | a place: [`Inbox`]`::advance_…` | one row a reader, or a row a key |
//!
//! A place is enough where events come in order, since all before it is handled. A reader of ids must
//! keep them for as long as a repetition may come; what was forgotten is handled again.
//!
//! Invariants: B1, of two transactions that handle one message at the same time one waits for the other,
//! and then finds that it was handled. C2, a place never goes back, and means one history of its source.

#[cfg(feature = "mariadb")]
mod mariadb;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use crate::SqlError;
use headwater_model::{Checkpoint, Incarnation, Position, Retry};

/// The inbox of one consumer: who handles, and what must not be handled twice by them.
#[derive(Debug, Clone)]
pub struct Inbox {
    consumer: String,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handled<T> {
    /// It was handled now; what the handler gave back.
    Now(T),
    /// It had been handled before, and nothing was done.
    Before,
}

/// Why it cannot be told whether an event was handled. The transaction is the caller's to roll back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InboxError {
    /// The source was restored: positions beyond the restore mean other events than they did.
    #[error(
        "{consumer} has handled {source_name} up to {known} of incarnation {}, and is given {given} of incarnation {}",
        .known_in.0, .given_in.0
    )]
    OtherHistory {
        /// Who handles.
        consumer: String,
        /// What is read.
        source_name: String,
        /// The place that is kept.
        known: Position,
        /// Its history.
        known_in: Incarnation,
        /// The place that was given.
        given: Position,
        /// Its history.
        given_in: Incarnation,
    },
    /// The database said no.
    #[error(transparent)]
    Database(#[from] SqlError),
}

impl InboxError {
    /// What the caller can do.
    pub fn retry(&self) -> Retry {
        match self {
            Self::OtherHistory { .. } => Retry::Never,
            Self::Database(cause) => cause.retry(),
        }
    }

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::OtherHistory { .. } => "inbox.other_history",
            Self::Database(cause) => cause.code(),
        }
    }
}

impl Inbox {
    /// The inbox of this consumer. Consumers of one database do not see each other's messages.
    pub fn of(consumer: impl Into<String>) -> Self {
        Self { consumer: consumer.into() }
    }

    /// Who handles.
    pub fn consumer(&self) -> &str {
        &self.consumer
    }

    /// Whether `to` is new behind what is kept.
    fn is_new(&self, source: &str, known: Checkpoint, to: Checkpoint) -> Result<bool, InboxError> {
        if known.incarnation == to.incarnation {
            return Ok(to.position > known.position);
        }
        Err(InboxError::OtherHistory {
            consumer: self.consumer.clone(),
            source_name: source.to_owned(),
            known: known.position,
            known_in: known.incarnation,
            given: to.position,
            given_in: to.incarnation,
        })
    }
}

/// A place as two columns.
fn numbers(place: Checkpoint) -> (i64, i64) {
    let position = i64::try_from(place.position.0).unwrap_or(i64::MAX);
    (i64::from(place.incarnation.0), position)
}

/// Two columns as a place.
fn place((incarnation, position): (i64, i64)) -> Checkpoint {
    let incarnation = Incarnation(u32::try_from(incarnation).unwrap_or(u32::MAX));
    Checkpoint { incarnation, position: Position(u64::try_from(position).unwrap_or(0)) }
}
