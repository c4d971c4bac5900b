//! Appends: what is asked of the store, and what it answers.
//!
//! Why: everything that must happen together is one [`Append`]: events of any number of streams,
//! the conditions they were decided under, and the checkpoints of what they are a reaction to.
//!
//! Invariants: A1 all or nothing, checked at one point in the order. A4 the same ids again are
//! answered with the first result. A5 a refusal writes nothing and says what is.

mod check;

use crate::error::OrNothing;
use crate::{
    Checkpoint, CheckpointName, Corrupt, Denied, EventId, LostReply, NewEvent, NoContext, Position,
    Query, Retry, Revision, SaveCheckpoint, StreamName, Unavailable,
};
use std::fmt;

/// What the writer believes about a stream. There is no default: a blind write is spelled out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExpectedRevision {
    /// Nothing: append whatever is there.
    Any,
    /// The stream has no events (it never had, or it was deleted).
    NoStream,
    /// The stream has events.
    Exists,
    /// The last event of the stream is this one.
    At(Revision),
}

impl fmt::Display for ExpectedRevision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("anything"),
            Self::NoStream => f.write_str("no stream"),
            Self::Exists => f.write_str("an existing stream"),
            Self::At(revision) => write!(f, "revision {revision}"),
        }
    }
}

/// Events for one stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StreamWrite {
    /// Where.
    pub stream: StreamName,
    /// What the writer believes about it.
    pub expected: ExpectedRevision,
    /// In this order. May be empty: then only the expectation is checked.
    pub events: Vec<NewEvent>,
}

/// Refuse the append if an event behind `after` matches `query`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Condition {
    /// What the decision read.
    pub query: Query,
    /// How far it had read (exclusive); `None`: it had read nothing.
    pub after: Option<Position>,
}

/// One atomic request. A stream may be written only once in it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Append {
    /// Events, by stream.
    pub writes: Vec<StreamWrite>,
    /// All must hold.
    pub conditions: Vec<Condition>,
    /// Moved together with the events.
    pub checkpoints: Vec<SaveCheckpoint>,
    /// In which order of the context the events stand: for each the place of its write, whose next one
    /// it is. `[0, 1, 0]` puts one of the second write between two of the first. Empty: write by write.
    pub turns: Vec<u32>,
}

impl Append {
    /// Events for one stream.
    pub fn to(stream: StreamName, expected: ExpectedRevision, events: Vec<NewEvent>) -> Self {
        Self { writes: vec![StreamWrite { stream, expected, events }], ..Self::default() }
    }

    /// Adds events for another stream.
    #[must_use]
    pub fn and(
        mut self,
        stream: StreamName,
        expected: ExpectedRevision,
        events: Vec<NewEvent>,
    ) -> Self {
        self.writes.push(StreamWrite { stream, expected, events });
        self
    }

    /// Adds a condition.
    #[must_use]
    pub fn unless(mut self, query: Query, after: Option<Position>) -> Self {
        self.conditions.push(Condition { query, after });
        self
    }

    /// Moves a checkpoint with the events.
    #[must_use]
    pub fn saving(mut self, save: SaveCheckpoint) -> Self {
        self.checkpoints.push(save);
        self
    }

    /// How many events it holds.
    pub fn event_count(&self) -> usize {
        self.writes.iter().map(|write| write.events.len()).sum()
    }
}

/// What was done, or had been done when the same ids were first appended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Appended {
    /// The last event's position; with no events, the last position of the context before it.
    pub position: Option<Position>,
    /// Each write's last revision, in the order asked; `None` for a stream without events.
    pub revisions: Vec<Option<Revision>>,
    /// A4: these ids had been appended before, and nothing was written now.
    pub replayed: bool,
}

/// A stream is not where the writer believed it to be.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("stream {stream} {}, expected {expected}", Standing(*actual))]
pub struct WrongRevision {
    /// Which stream.
    pub stream: StreamName,
    /// What the writer believed.
    pub expected: ExpectedRevision,
    /// Its last revision; `None`: it has no events.
    pub actual: Option<Revision>,
}

/// Says where a stream stands.
struct Standing(Option<Revision>);

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(revision) => write!(f, "is at revision {revision}"),
            None => f.write_str("has no events"),
        }
    }
}

/// Why an append was not made. Nothing was written in any of these cases, except `Unknown`,
/// where the same append must be asked again to find out.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AppendError {
    /// Someone else wrote first. Reload, decide again, retry.
    #[error(transparent)]
    WrongRevision(WrongRevision),
    /// An event that the decision had not seen matches its condition.
    #[error("the event at position {position} matches condition {condition}, which was read up to {}", OrNothing(*after))]
    ConditionFailed {
        /// Which of the append's conditions.
        condition: usize,
        /// How far the decision had read.
        after: Option<Position>,
        /// The first event found, or a later one.
        position: Position,
    },
    /// The condition is about more events than the store looks at to answer one append.
    #[error(
        "condition {condition} is about {unseen} events and is not decided after {examined_max} of them; read on and ask behind a later position, or ask more narrowly"
    )]
    ConditionTooBroad {
        /// Which of the append's conditions.
        condition: usize,
        /// How many events stand behind what the decision had read.
        unseen: u64,
        /// How many are looked at for the conditions of one append.
        examined_max: u64,
    },
    /// The reader's checkpoint is elsewhere: another instance of it is at work, or a reply was lost.
    #[error("checkpoint {name} is at {}, expected {}", OrNothing(actual.map(|c| c.position)), OrNothing(expected.map(|c| c.position)))]
    CheckpointMoved {
        /// Whose.
        name: CheckpointName,
        /// What the writer believed.
        expected: Option<Checkpoint>,
        /// Where it is.
        actual: Option<Checkpoint>,
    },
    /// A4: this id stands in the stream already, with other content.
    #[error("event {id} stands in stream {stream} at revision {revision} with other content")]
    IdReused {
        /// The id.
        id: EventId,
        /// Its stream.
        stream: StreamName,
        /// Where it stands.
        revision: Revision,
    },
    /// A4: some of the ids stand in the stream already, or in another order.
    #[error("{} of the ids stand in stream {stream} already, not as one append: {}", repeated.len(), repeated.first().map(ToString::to_string).unwrap_or_default())]
    PartlyRepeated {
        /// The stream.
        stream: StreamName,
        /// The ids that stand there.
        repeated: Vec<EventId>,
    },
    /// The stream was tombstoned: it takes no events, ever.
    #[error("stream {stream} was tombstoned and takes no more events")]
    Tombstoned {
        /// The stream.
        stream: StreamName,
    },
    /// Larger than a limit; splitting it loses atomicity.
    #[error("{what} is {size}, at most {size_max} is allowed")]
    TooLarge {
        /// What was measured, with its unit.
        what: &'static str,
        /// How large it is.
        size: u64,
        /// The limit.
        size_max: u64,
    },
    /// A request that contradicts itself.
    #[error("the append contradicts itself: {why}")]
    Invalid {
        /// How.
        why: String,
    },
    /// The reply was lost.
    #[error(transparent)]
    Unknown(LostReply),
    /// The store cannot write now.
    #[error(transparent)]
    Unavailable(Unavailable),
    /// The store found damage while checking the request.
    #[error(transparent)]
    Corrupt(Corrupt),
    /// Who asked may not do this.
    #[error(transparent)]
    Denied(Denied),
    /// There is no such context.
    #[error(transparent)]
    NoContext(NoContext),
}

impl AppendError {
    /// What the caller can do.
    pub fn retry(&self) -> Retry {
        match self {
            Self::WrongRevision(_)
            | Self::ConditionFailed { .. }
            | Self::CheckpointMoved { .. }
            | Self::NoContext(_) => Retry::AfterReload,
            Self::Unknown(_) | Self::Unavailable(_) => Retry::Later,
            Self::IdReused { .. }
            | Self::PartlyRepeated { .. }
            | Self::ConditionTooBroad { .. }
            | Self::Tombstoned { .. }
            | Self::TooLarge { .. }
            | Self::Invalid { .. }
            | Self::Denied(_)
            | Self::Corrupt(_) => Retry::Never,
        }
    }

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::WrongRevision(_) => "append.wrong_revision",
            Self::ConditionFailed { .. } => "append.condition_failed",
            Self::ConditionTooBroad { .. } => "append.condition_too_broad",
            Self::CheckpointMoved { .. } => "append.checkpoint_moved",
            Self::IdReused { .. } => "append.id_reused",
            Self::PartlyRepeated { .. } => "append.partly_repeated",
            Self::Tombstoned { .. } => "append.tombstoned",
            Self::TooLarge { .. } => "append.too_large",
            Self::Invalid { .. } => "append.invalid",
            Self::Unknown(_) => "append.unknown",
            Self::Unavailable(cause) => cause.code(),
            Self::Corrupt(_) => "store.corrupt",
            Self::Denied(cause) => cause.code(),
            Self::NoContext(cause) => cause.code(),
        }
    }
}
