//! Why the index gave no answer.
//!
//! Why: the index may always be thrown away and built again from the segments, so damage in it is
//! never loss; but a wrong answer from it would be (A3, A4). It answers rightly or not at all.

use headwater_env::DiskError;
use headwater_model::{Corrupt, Position, Retry, Revision, Unavailable};

/// Why the index gave no answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum IndexError {
    /// D1: a run is not what was written. It must be built again from the segments.
    #[error("{corrupt}; the index of positions {first} to {last} must be built again")]
    Damaged {
        /// What does not match, and where.
        corrupt: Corrupt,
        /// The first position the run tells of.
        first: Position,
        /// The last.
        last: Position,
    },
    /// The disk said no.
    #[error(transparent)]
    Unavailable(Unavailable),
}

impl IndexError {
    /// What the caller can do.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Damaged { .. } => Retry::Never,
            Self::Unavailable(_) => Retry::Later,
        }
    }

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Damaged { .. } => "index.damaged",
            Self::Unavailable(cause) => cause.code(),
        }
    }
}

impl From<DiskError> for IndexError {
    fn from(error: DiskError) -> Self {
        Self::Unavailable(error.into())
    }
}

/// Why the index did not take events in. Some of them may be in it: it is not to be used any more.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AddError {
    /// A3: what was told does not follow what the index knows of the stream.
    #[error("stream {stream} goes on at revision {revision}, expected {expected}")]
    Gap {
        /// Which stream.
        stream: String,
        /// What it was said to go on at.
        revision: Revision,
        /// What it goes on at.
        expected: Revision,
    },
    /// What the index knows of a stream could not be read.
    #[error(transparent)]
    Unreadable(IndexError),
}

impl AddError {
    /// What the caller can do.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Gap { .. } => Retry::Never,
            Self::Unreadable(cause) => cause.retry(),
        }
    }

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Gap { .. } => "index.gap",
            Self::Unreadable(cause) => cause.code(),
        }
    }
}

impl From<IndexError> for AddError {
    fn from(cause: IndexError) -> Self {
        Self::Unreadable(cause)
    }
}
