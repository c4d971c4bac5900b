//! Why the registry says no.

use crate::Difference;
use headwater_model::{AppendError, InvalidName, ReadError, Retry};

/// Why a schema was not registered or found.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RegistryError {
    /// It is no JSON Schema.
    #[error("this is no JSON Schema: {why}")]
    NoSchema {
        /// What does not fit.
        why: String,
    },
    /// Readers or writers of what is registered would not understand it.
    #[error("{event_type} would not be {compatibility} compatible: {}", listed(differences))]
    Incompatible {
        /// Of which event.
        event_type: String,
        /// By which rule.
        compatibility: &'static str,
        /// What would break, and whom.
        differences: Vec<Difference>,
    },
    /// There are newer versions.
    #[error("{event_type} is at version {latest} already; version {version} cannot follow it")]
    OlderVersion {
        /// Of which event.
        event_type: String,
        /// The version that was to be registered.
        version: u32,
        /// The newest.
        latest: u32,
    },
    /// There is no such schema.
    #[error("no schema of {event_type} is registered")]
    Unknown {
        /// Of which event.
        event_type: String,
    },
    /// Others kept registering first.
    #[error("others kept registering {event_type} first; try again")]
    Contended {
        /// Of which event.
        event_type: String,
    },
    /// What stands in the registry's stream is none of its own.
    #[error("{stream} holds what is no schema: {why}")]
    Malformed {
        /// Which stream.
        stream: String,
        /// What does not fit.
        why: String,
    },
    /// The event's type cannot stand in a stream's name.
    #[error(transparent)]
    InvalidName(#[from] InvalidName),
    /// The store did not answer.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The store did not take it.
    #[error(transparent)]
    Append(#[from] AppendError),
}

fn listed(differences: &[Difference]) -> String {
    let lines: Vec<_> = differences.iter().map(ToString::to_string).collect();
    lines.join("; ")
}

impl RegistryError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSchema { .. } => "schema.malformed",
            Self::Incompatible { .. } => "schema.incompatible",
            Self::OlderVersion { .. } => "schema.older_version",
            Self::Unknown { .. } => "schema.unknown",
            Self::Contended { .. } => "schema.contended",
            Self::Malformed { .. } => "schema.damaged",
            Self::InvalidName(_) => "command.invalid_name",
            Self::Read(cause) => cause.code(),
            Self::Append(cause) => cause.code(),
        }
    }

    /// What the caller can do.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Contended { .. } => Retry::AfterReload,
            Self::Read(cause) => cause.retry(),
            Self::Append(cause) => cause.retry(),
            _ => Retry::Never,
        }
    }
}
