//! Streams as a whole, and what a writer believes about one.

use super::text::{required, shared, stream};
use crate::v1::expected_revision::Is;
use crate::{Malformed, v1};
use headwater_model::{
    ExpectedRevision, Revision, StreamChange, StreamLife, StreamSettings, StreamState,
};

impl From<ExpectedRevision> for v1::ExpectedRevision {
    fn from(expected: ExpectedRevision) -> Self {
        let is = match expected {
            ExpectedRevision::Any => Is::Any(v1::Nothing {}),
            ExpectedRevision::NoStream => Is::NoStream(v1::Nothing {}),
            ExpectedRevision::Exists => Is::Exists(v1::Nothing {}),
            ExpectedRevision::At(revision) => Is::At(revision.0),
        };
        Self { is: Some(is) }
    }
}

impl TryFrom<v1::ExpectedRevision> for ExpectedRevision {
    type Error = Malformed;
    fn try_from(expected: v1::ExpectedRevision) -> Result<Self, Malformed> {
        Ok(match required("the expected revision", expected.is)? {
            Is::Any(_) => Self::Any,
            Is::NoStream(_) => Self::NoStream,
            Is::Exists(_) => Self::Exists,
            Is::At(revision) => Self::At(Revision(revision)),
        })
    }
}

impl From<StreamSettings> for v1::StreamSettings {
    fn from(settings: StreamSettings) -> Self {
        let StreamSettings { count_max, age_max_ms, truncate_before } = settings;
        Self { count_max, age_max_ms, truncate_before: truncate_before.map(|revision| revision.0) }
    }
}

impl From<v1::StreamSettings> for StreamSettings {
    fn from(settings: v1::StreamSettings) -> Self {
        let v1::StreamSettings { count_max, age_max_ms, truncate_before } = settings;
        Self { count_max, age_max_ms, truncate_before: truncate_before.map(Revision) }
    }
}

impl From<StreamChange> for v1::StreamChange {
    fn from(change: StreamChange) -> Self {
        use v1::stream_change::Change;
        let change = match change {
            StreamChange::Settings(settings) => Change::Settings(settings.into()),
            StreamChange::Delete => Change::Delete(v1::Nothing {}),
            StreamChange::Tombstone => Change::Tombstone(v1::Nothing {}),
        };
        Self { change: Some(change) }
    }
}

impl TryFrom<v1::StreamChange> for StreamChange {
    type Error = Malformed;
    fn try_from(change: v1::StreamChange) -> Result<Self, Malformed> {
        use v1::stream_change::Change;
        Ok(match required("the change", change.change)? {
            Change::Settings(settings) => Self::Settings(settings.into()),
            Change::Delete(_) => Self::Delete,
            Change::Tombstone(_) => Self::Tombstone,
        })
    }
}

impl From<StreamState> for v1::StreamState {
    fn from(state: StreamState) -> Self {
        let life = match state.life {
            StreamLife::Alive => v1::StreamLife::Alive,
            StreamLife::Deleted => v1::StreamLife::Deleted,
            StreamLife::Tombstoned => v1::StreamLife::Tombstoned,
        };
        Self {
            stream: shared(state.stream.as_shared()),
            last: state.last.map(|revision| revision.0),
            first: state.first.0,
            settings: Some(state.settings.into()),
            life: life.into(),
        }
    }
}

impl TryFrom<v1::StreamState> for StreamState {
    type Error = Malformed;
    fn try_from(state: v1::StreamState) -> Result<Self, Malformed> {
        let life = match v1::StreamLife::try_from(state.life) {
            Ok(v1::StreamLife::Alive) => StreamLife::Alive,
            Ok(v1::StreamLife::Deleted) => StreamLife::Deleted,
            Ok(v1::StreamLife::Tombstoned) => StreamLife::Tombstoned,
            Err(_) => {
                let number = state.life.into();
                return Err(Malformed::Unknown { field: "stream life", number });
            }
        };
        Ok(Self {
            stream: stream(state.stream)?,
            last: state.last.map(Revision),
            first: Revision(state.first),
            settings: state.settings.unwrap_or_default().into(),
            life,
        })
    }
}
