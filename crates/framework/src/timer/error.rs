//! Why timers could not be looked for.

use crate::react::session::Stop;
use headwater_model::{AppendError, InvalidName, ReadError, Retry};

/// Why no timers were found, or what was handled could not be written down. Nothing is lost: whoever
/// asks again begins from what is stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WakeError {
    /// The store does not read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The mark was not moved.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The reader's name makes no tag or checkpoint.
    #[error(transparent)]
    Name(#[from] InvalidName),
}

impl WakeError {
    /// What the caller can do.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Read(cause) => cause.retry(),
            Self::Append(cause) => cause.retry(),
            Self::Name(_) => Retry::Never,
        }
    }

    /// The stable code of this error: its cause's.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read(cause) => cause.code(),
            Self::Append(cause) => cause.code(),
            Self::Name(_) => "command.invalid_name",
        }
    }
}

impl From<WakeError> for Stop {
    fn from(error: WakeError) -> Self {
        Self::by(error.retry(), error)
    }
}
