//! How an error of a read travels in a gRPC status, and how it is read again.
//!
//! Picture: the status's details hold a `google.rpc.Status`, which holds one `Any` of type
//! `headwater.v1.ReadError`. Any gRPC library shows the code and the message; whoever knows the
//! type has all the rest.
//!
//! Invariant: a trailer has a bound, so texts longer than [`WORDS_BYTES_MAX`] are cut; no
//! error of the store has such.

use crate::v1;
use headwater_model::{Denied, ReadError, Unavailable};
use prost::Message as _;
use prost_types::Any;
use tonic::{Code, Status};

/// A text of an error: all headers of an answer together are bounded by what clients take.
pub const WORDS_BYTES_MAX: usize = 2_048;

const TYPE_URL: &str = "type.googleapis.com/headwater.v1.ReadError";

/// `google.rpc.Status`, as the details of a status are written.
#[derive(Clone, PartialEq, prost::Message)]
struct Details {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

/// The status that carries this error.
pub fn of(error: &ReadError) -> Status {
    let error = cut(error.clone());
    let detail = v1::ReadError::from(&error).encode_to_vec();
    carrying(code(&error), error.to_string(), TYPE_URL, detail)
}

/// A status with one detail.
pub(crate) fn carrying(code: Code, message: String, type_url: &str, detail: Vec<u8>) -> Status {
    let details = vec![Any { type_url: type_url.to_owned(), value: detail }];
    let details = Details { code: code.into(), message: message.clone(), details };
    Status::with_details(code, message, details.encode_to_vec().into())
}

/// The bytes of a status's detail of this type, if it has one.
pub(crate) fn carried(status: &Status, type_url: &str) -> Option<bytes::Bytes> {
    let details = Details::decode(status.details()).ok()?;
    let detail = details.details.into_iter().find(|detail| detail.type_url == type_url)?;
    Some(detail.value.into())
}

/// The error that a status carries; `None`: it carries none, as when the network failed.
pub fn read(status: &Status) -> Option<ReadError> {
    let detail = carried(status, TYPE_URL)?;
    crate::codec::decode::<v1::ReadError>(detail).ok()?.try_into().ok()
}

pub(crate) const fn code(error: &ReadError) -> Code {
    match error {
        ReadError::Corrupt(_) => Code::DataLoss,
        ReadError::Diverged { .. } => Code::OutOfRange,
        ReadError::Invalid { .. } => Code::InvalidArgument,
        ReadError::NoContext(_) => Code::NotFound,
        ReadError::Unavailable(_) => Code::Unavailable,
        ReadError::Denied(Denied::Forbidden { .. }) => Code::PermissionDenied,
        ReadError::Denied(Denied::Unauthenticated { .. }) => Code::Unauthenticated,
    }
}

pub(crate) fn cut(mut error: ReadError) -> ReadError {
    let words: Vec<&mut String> = match &mut error {
        ReadError::Corrupt(corrupt) => vec![&mut corrupt.file, &mut corrupt.why],
        ReadError::Invalid { why }
        | ReadError::Denied(Denied::Unauthenticated { why })
        | ReadError::Unavailable(
            Unavailable::Full { why } | Unavailable::Poisoned { why } | Unavailable::Fenced { why },
        ) => vec![why],
        ReadError::Unavailable(Unavailable::Locked { owner }) => vec![owner],
        ReadError::Unavailable(Unavailable::Io { what, why }) => vec![what, why],
        ReadError::Denied(Denied::Forbidden { who, verb, what }) => vec![who, verb, what],
        // A name is shorter.
        ReadError::NoContext(_)
        | ReadError::Diverged { .. }
        | ReadError::Unavailable(Unavailable::Closed) => Vec::new(),
    };
    words.into_iter().for_each(cut_words);
    error
}

/// Cuts a text that would not fit.
pub(crate) fn cut_words(text: &mut String) {
    if text.len() > WORDS_BYTES_MAX {
        text.truncate(text.floor_char_boundary(WORDS_BYTES_MAX));
        text.push('…');
    }
}
