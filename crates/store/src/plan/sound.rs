//! Sound appends: requests whose shape was checked, with what they may take in a commit.
//!
//! Why: both depend on the request alone, so the caller's thread finds them out once; the writer,
//! whom everybody waits for, does not look at every id and every length again.
//!
//! Invariant: an append in here passed [`Append::check`], and was not changed since.

use crate::commit;
use headwater_model::{Append, AppendError, SaveCheckpoint, StreamWrite};
use std::ops::Deref;

/// A control item besides its name.
const CONTROL_BYTES_MAX: usize = 32;

/// An append that a store may look at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sound {
    append: Append,
    bytes_max: usize,
}

impl Sound {
    /// Looks at the shape of `append`.
    ///
    /// # Errors
    /// As [`Append::check`].
    pub fn new(append: Append) -> Result<Self, AppendError> {
        append.check()?;
        let written = |write: &StreamWrite| {
            let event = |event| commit::event_bytes_max(&write.stream, event);
            write.events.iter().map(event).sum::<usize>()
        };
        let events: usize = append.writes.iter().map(written).sum();
        let saved = |save: &SaveCheckpoint| save.name.as_str().len() + CONTROL_BYTES_MAX;
        let bytes_max = events + append.checkpoints.iter().map(saved).sum::<usize>();
        Ok(Self { append, bytes_max })
    }

    /// Bytes that it may take in a commit.
    pub fn bytes_max(&self) -> usize {
        self.bytes_max
    }
}

impl Deref for Sound {
    type Target = Append;
    fn deref(&self) -> &Append {
        &self.append
    }
}
