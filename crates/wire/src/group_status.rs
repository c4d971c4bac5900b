//! How an error of a group travels in a gRPC status: as those of reads do, see [`crate::status`].

use crate::status::{self, cut_words};
use crate::v1;
use headwater_model::{GroupError, LostReply, ReadError};
use prost::Message as _;
use tonic::{Code, Status};

const TYPE_URL: &str = "type.googleapis.com/headwater.v1.GroupError";

/// The status that carries this error.
pub fn of(error: &GroupError) -> Status {
    let error = cut(error.clone());
    let detail = v1::GroupError::from(&error).encode_to_vec();
    status::carrying(code(&error), error.to_string(), TYPE_URL, detail)
}

/// The error that a status carries; `None`: it carries none, as when the network failed.
pub fn read(status: &Status) -> Option<GroupError> {
    if let Some(detail) = status::carried(status, TYPE_URL) {
        return crate::codec::decode::<v1::GroupError>(detail).ok()?.try_into().ok();
    }
    // What comes before there is a group to speak of: the context, the caller.
    status::read(status).map(Into::into)
}

fn code(error: &GroupError) -> Code {
    match error {
        GroupError::NotFound { .. } => Code::NotFound,
        GroupError::Exists { .. } => Code::AlreadyExists,
        GroupError::Fixed { .. } | GroupError::NotYours { .. } | GroupError::NotAMember { .. } => {
            Code::FailedPrecondition
        }
        GroupError::TooManyMembers { .. } => Code::ResourceExhausted,
        GroupError::Diverged { .. } => Code::OutOfRange,
        GroupError::Invalid { .. } => Code::InvalidArgument,
        GroupError::Unknown(_) | GroupError::Unavailable(_) => Code::Unavailable,
        GroupError::Corrupt(_) => Code::DataLoss,
        GroupError::Denied(denied) => status::code(&ReadError::Denied(denied.clone())),
        GroupError::NoContext(_) => Code::NotFound,
    }
}

fn cut(error: GroupError) -> GroupError {
    match error {
        GroupError::Invalid { mut why } => {
            cut_words(&mut why);
            GroupError::Invalid { why }
        }
        GroupError::Unknown(LostReply { mut why }) => {
            cut_words(&mut why);
            GroupError::Unknown(LostReply { why })
        }
        GroupError::NotYours { mut deliveries } => {
            // A member is told of all of them in a reply, which has room.
            deliveries.truncate(status::WORDS_BYTES_MAX / size_of::<u64>());
            GroupError::NotYours { deliveries }
        }
        GroupError::Unavailable(cause) => status::cut(ReadError::Unavailable(cause)).into(),
        GroupError::Corrupt(corrupt) => status::cut(ReadError::Corrupt(corrupt)).into(),
        GroupError::Denied(denied) => status::cut(ReadError::Denied(denied)).into(),
        other => other,
    }
}
