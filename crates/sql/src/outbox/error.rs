//! What can go wrong when an outbox is written, and when it is relayed.

use crate::SqlError;
use headwater_model::{AppendError, CheckpointName, ReadError, Retry};

/// Why an event was not written to the outbox. The transaction is the caller's, to roll back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboxError {
    /// No store would take the event; so it is not written down either.
    #[error("event for the outbox: {0}")]
    Event(AppendError),
    /// The database said no.
    #[error(transparent)]
    Database(#[from] SqlError),
}

impl OutboxError {
    /// What the caller can do.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Event(cause) => cause.retry(),
            Self::Database(cause) => cause.retry(),
        }
    }

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Event(cause) => cause.code(),
            Self::Database(cause) => cause.code(),
        }
    }
}

/// Why a relay does not go on, for now or until a person has seen to it. No row is lost by it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RelayError {
    /// The table is not there, or not of the shape it was said to have.
    #[error("table {table} is no outbox of the shape {shape}: {why}")]
    Shape {
        /// Which table.
        table: String,
        /// Which shape.
        shape: &'static str,
        /// What is missing.
        why: String,
    },
    /// The address of a database that cannot be one.
    #[error("{address} is no address of a database: {why}")]
    Address {
        /// As given, without a password.
        address: String,
        /// What is wrong with it.
        why: String,
    },
    /// The database does not answer, or said no.
    #[error(transparent)]
    Database(#[from] SqlError),
    /// Another relay has taken over. What this one was about to publish, that one publishes.
    #[error("another relay has taken over: {why}")]
    Fenced {
        /// What showed it.
        why: String,
    },
    /// The store did not take the rows, and it is none of the rows' fault.
    #[error("the store takes no rows: {0}")]
    Append(AppendError),
    /// The store does not answer.
    #[error("the store does not answer: {0}")]
    Read(#[from] ReadError),
    /// The fence's name is too long: the table's name is.
    #[error("{name} cannot be a checkpoint's name: {why}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        why: String,
    },
}

impl RelayError {
    /// What can be done.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Shape { .. } | Self::Address { .. } | Self::Name { .. } => Retry::Never,
            Self::Database(cause) => cause.retry(),
            Self::Fenced { .. } => Retry::AfterReload,
            Self::Append(cause) => cause.retry(),
            Self::Read(cause) => cause.retry(),
        }
    }

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Shape { .. } => "relay.shape",
            Self::Address { .. } => "relay.address",
            Self::Name { .. } => "relay.name",
            Self::Database(cause) => cause.code(),
            Self::Fenced { .. } => "relay.fenced",
            Self::Append(cause) => cause.code(),
            Self::Read(cause) => cause.code(),
        }
    }

    pub(crate) fn fenced(name: &CheckpointName, why: impl std::fmt::Display) -> Self {
        Self::Fenced { why: format!("{name}: {why}") }
    }
}
