//! Small requests, as what they ask for.

use super::read::count_heard;
use super::text::{id, id_bytes, required, shared, stream, text};
use crate::{Malformed, v1};
use headwater_model::{
    CheckpointName, ContextName, EventId, ExpectedRevision, StreamChange, StreamName,
};

/// A change of a stream, as it is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AskedChange {
    /// Of which stream.
    pub stream: StreamName,
    /// What the writer believes about it.
    pub expected: ExpectedRevision,
    /// What it asks for.
    pub change: StreamChange,
}

impl From<&AskedChange> for v1::Change {
    fn from(asked: &AskedChange) -> Self {
        Self {
            stream: shared(asked.stream.as_shared()),
            expected: Some(asked.expected.into()),
            change: Some(asked.change.into()),
        }
    }
}

impl v1::Change {
    /// What is asked.
    ///
    /// # Errors
    /// [`Malformed`] says what is wrong with it.
    pub fn understood(self) -> Result<AskedChange, Malformed> {
        Ok(AskedChange {
            stream: stream(self.stream)?,
            expected: required("the expected revision", self.expected)?.try_into()?,
            change: required("the change", self.change)?.try_into()?,
        })
    }
}

impl v1::FindRequest {
    /// Asks for the event of this id in this stream.
    pub fn new(context: &ContextName, stream: &StreamName, id: EventId) -> Self {
        let (context, stream) = (shared(context.as_shared()), shared(stream.as_shared()));
        Self { context, stream, id: id_bytes(id) }
    }

    /// Which stream, and which id.
    ///
    /// # Errors
    /// [`Malformed`] says what is wrong with it.
    pub fn understood(self) -> Result<(StreamName, EventId), Malformed> {
        Ok((stream(self.stream)?, id(&self.id)?))
    }
}

impl v1::GetStreamRequest {
    /// Asks for this stream.
    pub fn new(context: &ContextName, stream: &StreamName) -> Self {
        Self { context: shared(context.as_shared()), stream: shared(stream.as_shared()) }
    }

    /// Which stream.
    ///
    /// # Errors
    /// [`Malformed`] says what is wrong with it.
    pub fn understood(self) -> Result<StreamName, Malformed> {
        stream(self.stream)
    }
}

impl v1::ListStreamsRequest {
    /// Asks for streams by name.
    pub fn new(
        context: &ContextName,
        prefix: String,
        after: Option<&StreamName>,
        count_max: usize,
    ) -> Self {
        Self {
            context: shared(context.as_shared()),
            prefix: prefix.into(),
            after: after.map(|name| shared(name.as_shared())),
            count_max: Some(count_max as u64),
        }
    }

    /// The prefix, behind which name, and at most how many.
    ///
    /// # Errors
    /// [`Malformed`] says what is wrong with it.
    pub fn understood(self) -> Result<(String, Option<StreamName>, usize), Malformed> {
        let prefix = text("the prefix", self.prefix)?.to_string();
        Ok((prefix, self.after.map(stream).transpose()?, count_heard(self.count_max)))
    }
}

impl v1::GetCheckpointRequest {
    /// Asks for this checkpoint.
    pub fn new(context: &ContextName, name: &CheckpointName) -> Self {
        Self { context: shared(context.as_shared()), name: shared(name.as_shared()) }
    }

    /// Whose.
    ///
    /// # Errors
    /// [`Malformed`] says what is wrong with it.
    pub fn understood(self) -> Result<CheckpointName, Malformed> {
        Ok(CheckpointName::new(text("a checkpoint's name", self.name)?)?)
    }
}
