//! How an error of a scavenge travels in a gRPC status, and how it is read again.

use crate::status::{self, cut_words};
use headwater_model::{ReadError, ScavengeError};
use tonic::{Code, Status};

/// The status that carries this error.
pub fn of(error: &ScavengeError) -> Status {
    let mut words = error.to_string();
    cut_words(&mut words);
    match error.clone() {
        ScavengeError::UnderWay => Status::already_exists(words),
        ScavengeError::NotHere { mut why } => {
            cut_words(&mut why);
            Status::unimplemented(why)
        }
        ScavengeError::Unknown(_) => Status::aborted(words),
        ScavengeError::Invalid { why } => status::of(&ReadError::Invalid { why }),
        ScavengeError::Unavailable(cause) => status::of(&ReadError::Unavailable(cause)),
        ScavengeError::Corrupt(cause) => status::of(&ReadError::Corrupt(cause)),
        ScavengeError::Denied(cause) => status::of(&ReadError::Denied(cause)),
        ScavengeError::NoContext(cause) => status::of(&ReadError::NoContext(cause)),
    }
}

/// The error that a status carries; `None`: it carries none, as when the network failed.
pub fn read(status: &Status) -> Option<ScavengeError> {
    match status.code() {
        Code::AlreadyExists => Some(ScavengeError::UnderWay),
        Code::Unimplemented => Some(ScavengeError::NotHere { why: status.message().to_owned() }),
        _ => status::read(status).map(Into::into),
    }
}
