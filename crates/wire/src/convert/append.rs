//! Appends and their answers.

use super::text::{required, shared, stream, text};
use crate::v1::append_reply::Outcome;
use crate::{Malformed, v1};
use headwater_model::{
    Append, AppendError, Appended, CheckpointName, Condition, NewEvent, Position, Query, Revision,
    SaveCheckpoint, StreamWrite,
};

impl From<&Append> for v1::Append {
    fn from(append: &Append) -> Self {
        Self {
            writes: append.writes.iter().map(Into::into).collect(),
            conditions: append.conditions.iter().map(Into::into).collect(),
            checkpoints: append.checkpoints.iter().map(Into::into).collect(),
            turns: append.turns.clone(),
        }
    }
}

impl TryFrom<v1::Append> for Append {
    type Error = Malformed;
    fn try_from(append: v1::Append) -> Result<Self, Malformed> {
        let v1::Append { writes, conditions, checkpoints, turns } = append;
        Ok(Self {
            writes: writes.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?,
            conditions: conditions.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?,
            checkpoints: checkpoints
                .into_iter()
                .map(TryInto::try_into)
                .collect::<Result<_, _>>()?,
            turns,
        })
    }
}

impl From<&StreamWrite> for v1::StreamWrite {
    fn from(write: &StreamWrite) -> Self {
        Self {
            stream: shared(write.stream.as_shared()),
            expected: Some(write.expected.into()),
            events: write.events.iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<v1::StreamWrite> for StreamWrite {
    type Error = Malformed;
    fn try_from(write: v1::StreamWrite) -> Result<Self, Malformed> {
        let events = write.events.into_iter().map(NewEvent::try_from);
        Ok(Self {
            stream: stream(write.stream)?,
            expected: required("the expected revision", write.expected)?.try_into()?,
            events: events.collect::<Result<_, _>>()?,
        })
    }
}

impl From<&Condition> for v1::Condition {
    fn from(condition: &Condition) -> Self {
        let after = condition.after.map(|position| position.0);
        Self { query: Some((&condition.query).into()), after }
    }
}

impl TryFrom<v1::Condition> for Condition {
    type Error = Malformed;
    fn try_from(condition: v1::Condition) -> Result<Self, Malformed> {
        let query = required("a condition's query", condition.query)?;
        Ok(Self { query: Query::try_from(query)?, after: condition.after.map(Position) })
    }
}

impl From<&SaveCheckpoint> for v1::SaveCheckpoint {
    fn from(save: &SaveCheckpoint) -> Self {
        Self {
            name: shared(save.name.as_shared()),
            expected: save.expected.map(Into::into),
            to: Some(save.to.into()),
        }
    }
}

impl TryFrom<v1::SaveCheckpoint> for SaveCheckpoint {
    type Error = Malformed;
    fn try_from(save: v1::SaveCheckpoint) -> Result<Self, Malformed> {
        Ok(Self {
            name: CheckpointName::new(text("a checkpoint's name", save.name)?)?,
            expected: save.expected.map(Into::into),
            to: required("where the checkpoint moves", save.to)?.into(),
        })
    }
}

impl From<&Appended> for v1::Appended {
    fn from(appended: &Appended) -> Self {
        let revision = |revision: &Option<Revision>| v1::WriteRevision {
            revision: revision.map(|revision| revision.0),
        };
        Self {
            position: appended.position.map(|position| position.0),
            revisions: appended.revisions.iter().map(revision).collect(),
            replayed: appended.replayed,
        }
    }
}

impl From<v1::Appended> for Appended {
    fn from(appended: v1::Appended) -> Self {
        let revision = |revision: v1::WriteRevision| revision.revision.map(Revision);
        Self {
            position: appended.position.map(Position),
            revisions: appended.revisions.into_iter().map(revision).collect(),
            replayed: appended.replayed,
        }
    }
}

impl From<Result<Appended, AppendError>> for v1::AppendReply {
    fn from(answer: Result<Appended, AppendError>) -> Self {
        let outcome = match &answer {
            Ok(appended) => Outcome::Appended(appended.into()),
            Err(error) => Outcome::Error(error.into()),
        };
        Self { outcome: Some(outcome) }
    }
}

impl TryFrom<v1::AppendReply> for Result<Appended, AppendError> {
    type Error = Malformed;
    fn try_from(reply: v1::AppendReply) -> Result<Self, Malformed> {
        Ok(match required("the outcome", reply.outcome)? {
            Outcome::Appended(appended) => Ok(appended.into()),
            Outcome::Error(error) => Err(error.try_into()?),
        })
    }
}
