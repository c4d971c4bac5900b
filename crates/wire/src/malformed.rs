//! Why a message is not a value of the model.

use headwater_model::{AppendError, InvalidName, ReadError};

/// What is wrong with a message that could be decoded. D3: an answer, never a guess.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Malformed {
    /// A field that has no default was left out.
    #[error("{field} is missing")]
    Missing {
        /// Which.
        field: &'static str,
    },
    /// A text that is not UTF-8.
    #[error("{field} is not UTF-8")]
    Text {
        /// Which.
        field: &'static str,
    },
    /// A text that is no name.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// An id that is not sixteen bytes.
    #[error("an event's id has {bytes} bytes, a UUID has 16")]
    Id {
        /// How many it has.
        bytes: usize,
    },
    /// A number that stands for nothing.
    #[error("{field} {number} is not known here")]
    Unknown {
        /// Which.
        field: &'static str,
        /// The number.
        number: i64,
    },
}

impl From<Malformed> for AppendError {
    fn from(malformed: Malformed) -> Self {
        Self::Invalid { why: malformed.to_string() }
    }
}

impl From<Malformed> for ReadError {
    fn from(malformed: Malformed) -> Self {
        Self::Invalid { why: malformed.to_string() }
    }
}
