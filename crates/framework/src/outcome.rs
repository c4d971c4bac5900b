//! Outcomes: what running a command, loading a state or asking a read model comes to.
//!
//! Why: a caller tells a no of the domain, a race and an outage apart without reading text.

use crate::{DecodeError, EncodeError, Refusal};
use headwater_model::{
    AppendError, ContextName, Corrupt, Denied, InvalidName, LostReply, Position, ReadError, Retry,
    Revision, StreamName, Unavailable,
};
use std::ops::Deref;
use std::time::Duration;

/// A command was carried out, now or when it was first sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt<E> {
    /// The context that the position belongs to.
    pub context: ContextName,
    /// The last event's position; if there was nothing to do, how far the decision had read.
    /// `None` only while the context is empty.
    pub position: Option<Position>,
    /// The events, in order.
    pub events: Vec<E>,
    /// The command had been carried out before, and these are the events of that time.
    pub replayed: bool,
}

impl<E> Receipt<E> {
    /// `orders:123`: what a reader gives back as `after` to see this command's effect.
    pub fn token(&self) -> Option<String> {
        self.position.map(|position| format!("{}:{position}", self.context))
    }
}

/// Why a command was not carried out. Nothing was recorded, except perhaps with `Unknown`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError<R> {
    /// The domain said no.
    #[error(transparent)]
    Refused(R),
    /// Others kept writing first, as often as this was tried. Ask again.
    #[error("others kept writing to {stream} first, {attempts} times; ask again")]
    Contended {
        /// The stream the events were for.
        stream: StreamName,
        /// How often it was tried.
        attempts: u32,
    },
    /// Another command was carried out under this cause.
    #[error("this key was used for another command on {stream}")]
    KeyReused {
        /// The stream it stands in.
        stream: StreamName,
    },
    /// Larger than a limit.
    #[error("{what} is {size}, at most {size_max} is allowed")]
    TooLarge {
        /// What was measured, with its unit.
        what: &'static str,
        /// How large it is.
        size: u64,
        /// The limit.
        size_max: u64,
    },
    /// The id names no stream.
    #[error(transparent)]
    InvalidName(InvalidName),
    /// The stream holds events that this code cannot read.
    #[error(transparent)]
    Undecodable(DecodeError),
    /// The command or an event cannot be written.
    #[error(transparent)]
    Unencodable(EncodeError),
    /// The stream was tombstoned: nothing can happen to it any more.
    #[error("stream {stream} was tombstoned and takes no more events")]
    Tombstoned {
        /// The stream.
        stream: StreamName,
    },
    /// The reply was lost, as often as it was asked for. Ask again with the same cause.
    #[error(transparent)]
    Unknown(LostReply),
    /// The store cannot do this now.
    #[error(transparent)]
    Unavailable(Unavailable),
    /// The store found damage.
    #[error(transparent)]
    Corrupt(Corrupt),
    /// The store does not let this service do it: somebody must grant it.
    #[error(transparent)]
    Denied(Denied),
    /// The store refused what this crate asked: a defect in it.
    #[error("the store refused the request: {why}")]
    Rejected {
        /// The store's words.
        why: String,
    },
}

impl<R: Refusal> CommandError<R> {
    /// What the caller can do.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Contended { .. } | Self::Unknown(_) | Self::Unavailable(_) => Retry::Later,
            _ => Retry::Never,
        }
    }

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Contended { .. } => "command.contended",
            Self::KeyReused { .. } => "command.key_reused",
            Self::TooLarge { .. } => "command.too_large",
            Self::InvalidName(_) => "command.invalid_name",
            Self::Undecodable(cause) => cause.code(),
            Self::Unencodable(cause) => cause.code(),
            Self::Tombstoned { .. } => "command.tombstoned",
            Self::Unknown(_) => "command.unknown",
            Self::Unavailable(cause) => cause.code(),
            Self::Corrupt(_) => "store.corrupt",
            Self::Denied(cause) => cause.code(),
            Self::Rejected { .. } => "command.rejected",
        }
    }
}

impl<R> From<LoadError> for CommandError<R> {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::InvalidName(cause) => Self::InvalidName(cause),
            LoadError::Undecodable(cause) => Self::Undecodable(cause),
            LoadError::Read(ReadError::Unavailable(cause)) => Self::Unavailable(cause),
            LoadError::Read(ReadError::Corrupt(cause)) => Self::Corrupt(cause),
            LoadError::Read(ReadError::Denied(cause)) => Self::Denied(cause),
            LoadError::Read(other) => Self::Rejected { why: other.to_string() },
        }
    }
}

impl<R> CommandError<R> {
    /// An append's error that is an answer, rather than something to try again.
    pub(crate) fn from_append(error: AppendError) -> Self {
        match error {
            AppendError::TooLarge { what, size, size_max } => {
                Self::TooLarge { what, size, size_max }
            }
            AppendError::Tombstoned { stream } => Self::Tombstoned { stream },
            AppendError::Unknown(cause) => Self::Unknown(cause),
            AppendError::Unavailable(cause) => Self::Unavailable(cause),
            AppendError::Corrupt(cause) => Self::Corrupt(cause),
            AppendError::Denied(cause) => Self::Denied(cause),
            other => Self::Rejected { why: other.to_string() },
        }
    }
}

/// Why a state could not be loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The id names no stream.
    #[error(transparent)]
    InvalidName(#[from] InvalidName),
    /// The stream holds events that this code cannot read.
    #[error(transparent)]
    Undecodable(#[from] DecodeError),
    /// The store did not answer.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl LoadError {
    /// What the caller can do.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Read(cause) => cause.retry(),
            Self::InvalidName(_) | Self::Undecodable(_) => Retry::Never,
        }
    }

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidName(_) => "command.invalid_name",
            Self::Undecodable(cause) => cause.code(),
            Self::Read(cause) => cause.code(),
        }
    }
}

/// A decider's state as of some moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded<D> {
    /// The state.
    pub state: D,
    /// The last event folded into it, if the decider reads one stream.
    pub revision: Option<Revision>,
    /// What the moment asked came to; `None`: the context was empty.
    pub as_of: Option<Position>,
}

impl<D> Deref for Loaded<D> {
    type Target = D;
    fn deref(&self) -> &D {
        &self.state
    }
}

/// Why a read model gives no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadModelError {
    /// This service has no such projection: it was not wired.
    #[error("this service has no projection {projection}")]
    NotWired {
        /// Its name.
        projection: &'static str,
    },
    /// The view has not come as far as was asked within the time allowed.
    #[error("{reader} has not come to {context}:{position} within {} ms", waited.as_millis())]
    Behind {
        /// Which reader was waited for.
        reader: String,
        /// The context that was asked about.
        context: ContextName,
        /// The place that was asked about.
        position: Position,
        /// How long was waited.
        waited: Duration,
    },
    /// The database did not answer.
    #[error(transparent)]
    Database(crate::Failed),
    /// The store did not answer.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl ReadModelError {
    /// What the caller can do.
    pub fn retry(&self) -> Retry {
        match self {
            Self::NotWired { .. } => Retry::Never,
            Self::Behind { .. } => Retry::Later,
            Self::Database(failed) => failed.retry(),
            Self::Read(cause) => cause.retry(),
        }
    }

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotWired { .. } => "view.not_wired",
            Self::Behind { .. } => "view.behind",
            Self::Database(_) => "view.database",
            Self::Read(cause) => cause.code(),
        }
    }
}
