//! Appends and changes of streams.
//!
//! Invariant: A5, whatever is wrong with a request is an error of the append, and nothing was written.

use super::service::context;
use crate::Caller;
use bytes::Bytes;
use headwater_model::{Append, AppendError, Appended, ReadError};
use headwater_wire::{Malformed, v1};

/// Appends to a context.
pub(super) async fn append(
    caller: &Caller,
    named: Bytes,
    append: Option<v1::Append>,
) -> Result<Appended, AppendError> {
    let append = Append::try_from(append.ok_or(Malformed::Missing { field: "the append" })?)?;
    context(caller, named).await.map_err(cannot)?.append(append).await
}

/// Changes a stream of a context as a whole.
pub(super) async fn change(
    caller: &Caller,
    named: Bytes,
    change: Option<v1::Change>,
) -> Result<Appended, AppendError> {
    let asked = change.ok_or(Malformed::Missing { field: "the change" })?.understood()?;
    let context = context(caller, named).await.map_err(cannot)?;
    context.change_stream(asked.stream, asked.expected, asked.change).await
}

/// Why there is no context to append to.
fn cannot(error: ReadError) -> AppendError {
    match error {
        ReadError::Corrupt(corrupt) => AppendError::Corrupt(corrupt),
        ReadError::Unavailable(cause) => AppendError::Unavailable(cause),
        ReadError::Denied(cause) => AppendError::Denied(cause),
        ReadError::NoContext(cause) => AppendError::NoContext(cause),
        ReadError::Invalid { why } => AppendError::Invalid { why },
        diverged @ ReadError::Diverged { .. } => AppendError::Invalid { why: diverged.to_string() },
    }
}
