//! Handlers: what is done with one input.
//!
//! Why: reactions, sagas and the readers of requests differ in what follows from an input; batching,
//! fencing, retrying and parking are the same for all.

use super::batch::Batch;
use super::session::{Session, Stop};
use crate::decide::Setback;
use crate::reader::Status;
use crate::{LoadError, Poison};
use headwater_model::RecordedEvent;
use std::future::Future;

/// Where an input is handled.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    pub(crate) session: &'a Session,
    pub(crate) status: &'a Status,
}

/// What is done with one input.
pub(crate) trait Handler: Send + Sync {
    /// Adds to the batch what follows from an input: all of it, or nothing.
    fn attempt(
        &self,
        at: At<'_>,
        batch: &mut Batch,
        event: &RecordedEvent,
    ) -> impl Future<Output = Attempt> + Send;

    /// What happens to an event that cannot be decoded (R4).
    fn undecodable(&self) -> Poison;

    /// The batch was stored.
    fn stored(&self, _batch: &Batch) {}
}

/// What comes of one input, before anything is done about it.
pub(crate) enum Attempt {
    /// What follows from it is in the batch.
    Taken,
    /// Two states were read at different moments.
    Torn,
    /// Nothing of it is in the batch: it was refused.
    Refused { code: &'static str, why: String },
    /// Nothing of it is in the batch: it cannot be read, or a stream it leads to cannot.
    Undecodable { code: &'static str, why: String },
    /// Nothing of it is in the batch: something is in the way.
    Stopped(Stop),
}

impl From<Setback> for Attempt {
    fn from(setback: Setback) -> Self {
        match setback {
            Setback::Torn => Self::Torn,
            Setback::Parks { code, why } => Self::Refused { code, why },
            Setback::Load(LoadError::Undecodable(error)) => {
                Self::Undecodable { code: error.code(), why: error.to_string() }
            }
            Setback::Load(error) => Self::Stopped(Stop::by(error.retry(), error)),
            Setback::Stopped(stop) => Self::Stopped(stop),
        }
    }
}
