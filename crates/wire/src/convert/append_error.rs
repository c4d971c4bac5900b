//! Errors of appends, every variant with all it says.

mod measured;

use super::text::{id, id_bytes, required, shared, stream, text, words};
use crate::v1::append_error as wire;
use crate::v1::append_error::Error;
use crate::{Malformed, v1};
use headwater_model::append::WrongRevision;
use headwater_model::{AppendError, CheckpointName, LostReply, Position, Revision};

impl From<&AppendError> for v1::AppendError {
    fn from(error: &AppendError) -> Self {
        Self {
            code: error.code().into(),
            message: error.to_string().into(),
            error: Some(said(error)),
        }
    }
}

fn said(error: &AppendError) -> Error {
    match error {
        AppendError::WrongRevision(WrongRevision { stream, expected, actual }) => {
            Error::WrongRevision(wire::WrongRevision {
                stream: shared(stream.as_shared()),
                expected: Some((*expected).into()),
                actual: actual.map(|revision| revision.0),
            })
        }
        AppendError::ConditionFailed { condition, after, position } => {
            Error::ConditionFailed(wire::ConditionFailed {
                condition: *condition as u64,
                after: after.map(|position| position.0),
                position: position.0,
            })
        }
        AppendError::ConditionTooBroad { condition, unseen, examined_max } => {
            Error::ConditionTooBroad(wire::ConditionTooBroad {
                condition: *condition as u64,
                unseen: *unseen,
                examined_max: *examined_max,
            })
        }
        AppendError::CheckpointMoved { name, expected, actual } => {
            Error::CheckpointMoved(wire::CheckpointMoved {
                name: shared(name.as_shared()),
                expected: expected.map(Into::into),
                actual: actual.map(Into::into),
            })
        }
        AppendError::TooLarge { what, size, size_max } => Error::TooLarge(wire::TooLarge {
            what: (*what).into(),
            size: *size,
            size_max: *size_max,
        }),
        AppendError::Invalid { why } => Error::Invalid(because(why)),
        AppendError::Unknown(LostReply { why }) => Error::Unknown(because(why)),
        AppendError::Unavailable(cause) => Error::Unavailable(cause.into()),
        AppendError::Corrupt(corrupt) => Error::Corrupt(corrupt.into()),
        AppendError::Denied(cause) => Error::Denied(cause.into()),
        AppendError::NoContext(cause) => Error::NoContext(cause.into()),
        AppendError::IdReused { id, stream, revision } => Error::IdReused(wire::IdReused {
            id: id_bytes(*id),
            stream: shared(stream.as_shared()),
            revision: revision.0,
        }),
        AppendError::PartlyRepeated { stream, repeated } => {
            Error::PartlyRepeated(wire::PartlyRepeated {
                stream: shared(stream.as_shared()),
                repeated_ids: repeated.iter().copied().map(id_bytes).collect(),
            })
        }
        AppendError::Tombstoned { stream } => {
            Error::Tombstoned(wire::Tombstoned { stream: shared(stream.as_shared()) })
        }
    }
}

fn because(why: &str) -> wire::Because {
    wire::Because { why: why.to_owned().into() }
}

impl TryFrom<v1::AppendError> for AppendError {
    type Error = Malformed;
    fn try_from(error: v1::AppendError) -> Result<Self, Malformed> {
        let why = |because: wire::Because| words("a cause", because.why);
        Ok(match required("the error", error.error)? {
            Error::WrongRevision(wrong) => Self::WrongRevision(WrongRevision {
                stream: stream(wrong.stream)?,
                expected: required("the expected revision", wrong.expected)?.try_into()?,
                actual: wrong.actual.map(Revision),
            }),
            Error::ConditionFailed(failed) => Self::ConditionFailed {
                condition: place(failed.condition)?,
                after: failed.after.map(Position),
                position: Position(failed.position),
            },
            Error::ConditionTooBroad(broad) => Self::ConditionTooBroad {
                condition: place(broad.condition)?,
                unseen: broad.unseen,
                examined_max: broad.examined_max,
            },
            Error::CheckpointMoved(moved) => Self::CheckpointMoved {
                name: CheckpointName::new(text("a checkpoint's name", moved.name)?)?,
                expected: moved.expected.map(Into::into),
                actual: moved.actual.map(Into::into),
            },
            Error::IdReused(reused) => Self::IdReused {
                id: id(&reused.id)?,
                stream: stream(reused.stream)?,
                revision: Revision(reused.revision),
            },
            Error::PartlyRepeated(partly) => Self::PartlyRepeated {
                stream: stream(partly.stream)?,
                repeated: partly.repeated_ids.iter().map(|b| id(b)).collect::<Result<_, _>>()?,
            },
            Error::Tombstoned(dead) => Self::Tombstoned { stream: stream(dead.stream)? },
            Error::TooLarge(large) => Self::TooLarge {
                what: measured::known(&text("what is too large", large.what)?),
                size: large.size,
                size_max: large.size_max,
            },
            Error::Invalid(because) => Self::Invalid { why: why(because)? },
            Error::Unknown(because) => Self::Unknown(LostReply { why: why(because)? }),
            Error::Unavailable(cause) => Self::Unavailable(cause.try_into()?),
            Error::Corrupt(corrupt) => Self::Corrupt(corrupt.try_into()?),
            Error::Denied(cause) => Self::Denied(cause.try_into()?),
            Error::NoContext(cause) => Self::NoContext(cause.try_into()?),
        })
    }
}

fn place(number: u64) -> Result<usize, Malformed> {
    let unknown = |_| Malformed::Unknown { field: "condition", number: i64::MAX };
    usize::try_from(number).map_err(unknown)
}
