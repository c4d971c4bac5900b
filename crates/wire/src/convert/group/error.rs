//! Errors of groups, every variant with all it says.

use super::group_name;
use super::member::ids;
use crate::convert::text::{required, shared, words};
use crate::v1::group_error as wire;
use crate::v1::group_error::Error;
use crate::{Malformed, v1};
use headwater_model::{GroupError, GroupName, Incarnation, LostReply};

impl From<&GroupError> for v1::GroupError {
    fn from(error: &GroupError) -> Self {
        let (code, message) = (error.code().into(), error.to_string().into());
        Self { code, message, error: Some(said(error)) }
    }
}

fn said(error: &GroupError) -> Error {
    let group = |name: &GroupName| wire::Group { name: shared(name.as_shared()) };
    let because = |why: &String| wire::Because { why: why.clone().into() };
    match error {
        GroupError::NotFound { name } => Error::NotFound(group(name)),
        GroupError::Exists { name } => Error::Exists(group(name)),
        GroupError::Fixed { what } => Error::Fixed(wire::Fixed { what: (*what).into() }),
        GroupError::NotYours { deliveries } => Error::NotYours(wire::NotYours {
            deliveries: deliveries.iter().map(|delivery| delivery.0).collect(),
        }),
        GroupError::NotAMember { name } => Error::NotAMember(group(name)),
        GroupError::TooManyMembers { name, count_max } => {
            let name = shared(name.as_shared());
            Error::TooManyMembers(wire::TooManyMembers { name, count_max: *count_max })
        }
        GroupError::Diverged { had, is } => {
            Error::Diverged(wire::Diverged { had: Some((*had).into()), is: is.0 })
        }
        GroupError::Invalid { why } => Error::Invalid(because(why)),
        GroupError::Unknown(LostReply { why }) => Error::Unknown(because(why)),
        GroupError::Unavailable(cause) => Error::Unavailable(cause.into()),
        GroupError::Corrupt(corrupt) => Error::Corrupt(corrupt.into()),
        GroupError::Denied(denied) => Error::Denied(denied.into()),
        GroupError::NoContext(cause) => Error::NoContext(cause.into()),
    }
}

impl TryFrom<v1::GroupError> for GroupError {
    type Error = Malformed;
    fn try_from(error: v1::GroupError) -> Result<Self, Malformed> {
        let why = |because: wire::Because| words("a cause", because.why);
        Ok(match required("the error", error.error)? {
            Error::NotFound(group) => Self::NotFound { name: group_name(group.name)? },
            Error::Exists(group) => Self::Exists { name: group_name(group.name)? },
            Error::Fixed(fixed) => Self::Fixed { what: fixed_part(&fixed.what) },
            Error::NotYours(theirs) => Self::NotYours { deliveries: ids(theirs.deliveries) },
            Error::NotAMember(group) => Self::NotAMember { name: group_name(group.name)? },
            Error::TooManyMembers(full) => {
                Self::TooManyMembers { name: group_name(full.name)?, count_max: full.count_max }
            }
            Error::Diverged(diverged) => Self::Diverged {
                had: required("the checkpoint", diverged.had)?.into(),
                is: Incarnation(diverged.is),
            },
            Error::Invalid(because) => Self::Invalid { why: why(because)? },
            Error::Unknown(because) => Self::Unknown(LostReply { why: why(because)? }),
            Error::Unavailable(cause) => Self::Unavailable(cause.try_into()?),
            Error::Corrupt(corrupt) => Self::Corrupt(corrupt.try_into()?),
            Error::Denied(denied) => Self::Denied(denied.try_into()?),
            Error::NoContext(cause) => Self::NoContext(cause.try_into()?),
        })
    }
}

/// What cannot be changed, in the program's own words; a later server may name another.
fn fixed_part(what: &[u8]) -> &'static str {
    match what {
        b"source" => "source",
        b"key" => "key",
        _ => "a setting",
    }
}

/// So that whatever is answered for a request that cannot be understood is an answer.
impl From<Malformed> for GroupError {
    fn from(malformed: Malformed) -> Self {
        Self::Invalid { why: malformed.to_string() }
    }
}
