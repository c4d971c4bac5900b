//! Errors of reads, every variant with all it says.

use super::text::{required, words};
use crate::v1::read_error::{Diverged, Error, Invalid};
use crate::{Malformed, v1};
use headwater_model::{Incarnation, Position, ReadError};

impl From<&ReadError> for v1::ReadError {
    fn from(error: &ReadError) -> Self {
        let kind = match error {
            ReadError::Corrupt(corrupt) => Error::Corrupt(corrupt.into()),
            ReadError::Diverged { position, had, is } => {
                Error::Diverged(Diverged { position: position.0, had: had.0, is: is.0 })
            }
            ReadError::Invalid { why } => Error::Invalid(Invalid { why: why.clone().into() }),
            ReadError::Unavailable(cause) => Error::Unavailable(cause.into()),
            ReadError::Denied(cause) => Error::Denied(cause.into()),
            ReadError::NoContext(cause) => Error::NoContext(cause.into()),
        };
        Self { code: error.code().into(), message: error.to_string().into(), error: Some(kind) }
    }
}

impl TryFrom<v1::ReadError> for ReadError {
    type Error = Malformed;
    fn try_from(error: v1::ReadError) -> Result<Self, Malformed> {
        Ok(match required("the error", error.error)? {
            Error::Corrupt(corrupt) => Self::Corrupt(corrupt.try_into()?),
            Error::Diverged(Diverged { position, had, is }) => Self::Diverged {
                position: Position(position),
                had: Incarnation(had),
                is: Incarnation(is),
            },
            Error::Invalid(Invalid { why }) => Self::Invalid { why: words("a cause", why)? },
            Error::Unavailable(cause) => Self::Unavailable(cause.try_into()?),
            Error::Denied(cause) => Self::Denied(cause.try_into()?),
            Error::NoContext(cause) => Self::NoContext(cause.try_into()?),
        })
    }
}
