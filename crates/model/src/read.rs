//! Reads: pages of one stream or of the whole context, now or as of an earlier moment.
//!
//! Invariants: R1 a page is a part of a prefix of the order. R2 it misses nothing acknowledged.

use crate::{
    Checkpoint, Corrupt, Denied, Incarnation, NoContext, Position, Query, RecordedEvent, Retry,
    Revision, StreamName, Timestamp, Unavailable,
};

/// Which way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Direction {
    /// Oldest first.
    #[default]
    Forwards,
    /// Newest first.
    Backwards,
}

/// Where a read begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum From<P> {
    /// At the first event going forwards, at the last going backwards.
    #[default]
    Edge,
    /// At this place, inclusive, in either direction.
    At(P),
}

/// The moment a read sees the context as of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AsOf {
    /// All that is acknowledged.
    #[default]
    Now,
    /// Events up to this position, inclusive.
    Position(Position),
    /// Events recorded up to this instant, inclusive; an instant to come means now.
    Time(Timestamp),
}

/// A page of one stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReadStream {
    /// Which.
    pub stream: StreamName,
    /// From where, inclusive.
    pub from: From<Revision>,
    /// Which way.
    pub direction: Direction,
    /// At most so many events, and at most [`crate::limits::PAGE_EVENT_COUNT_MAX`].
    pub count_max: usize,
    /// As of when.
    pub as_of: AsOf,
}

impl ReadStream {
    /// The whole stream from its first event, as many as fit a page.
    pub fn forwards(stream: StreamName) -> Self {
        Self {
            stream,
            from: From::Edge,
            direction: Direction::Forwards,
            count_max: crate::limits::PAGE_EVENT_COUNT_MAX,
            as_of: AsOf::Now,
        }
    }
}

/// Events of one stream, in the direction asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StreamPage {
    /// The events.
    pub events: Vec<RecordedEvent>,
    /// Where the next page begins; `None` when the stream ends here (as of the moment asked).
    pub next: Option<Revision>,
    /// The stream's last revision as of the moment asked; `None`: no events were ever there.
    /// Events that were truncated still count.
    pub last: Option<Revision>,
    /// What the moment asked came to: the last position that could be seen; `None`: empty context.
    pub as_of: Option<Position>,
}

/// A page of the whole context.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReadAll {
    /// Which events.
    pub query: Query,
    /// From where, inclusive.
    pub from: From<Position>,
    /// Which way.
    pub direction: Direction,
    /// At most so many events, and at most [`crate::limits::PAGE_EVENT_COUNT_MAX`].
    pub count_max: usize,
    /// As of when.
    pub as_of: AsOf,
}

impl ReadAll {
    /// From the first event on.
    pub fn forwards(query: Query) -> Self {
        Self {
            query,
            from: From::Edge,
            direction: Direction::Forwards,
            count_max: crate::limits::PAGE_EVENT_COUNT_MAX,
            as_of: AsOf::Now,
        }
    }
}

/// Events of the context, in the direction asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// The events that match.
    pub events: Vec<RecordedEvent>,
    /// Where the next page begins; `None` when nothing is left (as of the moment asked).
    /// A page may be empty and still have a next one: a bounded amount of work was done.
    pub next: Option<Position>,
    /// The last position that could be seen: with `next: None` going forwards, every event up to
    /// it was delivered or filtered out. `None`: the context is empty.
    pub as_of: Option<Position>,
    /// The history that the positions belong to.
    pub incarnation: Incarnation,
}

impl Page {
    /// C2: how far a reader that handled this page (forwards) has come; `None` if nowhere yet.
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        let position = match self.next {
            Some(next) => next.previous(),
            None => self.as_of,
        };
        position.map(|position| Checkpoint { incarnation: self.incarnation, position })
    }
}

/// Why a read gave nothing.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReadError {
    /// D1: the bytes are not what was written.
    #[error(transparent)]
    Corrupt(Corrupt),
    /// The checkpoint belongs to a history that a restore has cut off. The reader must be reset.
    #[error(
        "position {position} of incarnation {had:?} is not of this history, which is {is:?}; reset the reader"
    )]
    Diverged {
        /// The reader's position.
        position: Position,
        /// The reader's incarnation.
        had: Incarnation,
        /// The context's.
        is: Incarnation,
    },
    /// A request that contradicts itself or passes a limit.
    #[error("the read is not possible: {why}")]
    Invalid {
        /// How.
        why: String,
    },
    /// The store cannot read now.
    #[error(transparent)]
    Unavailable(Unavailable),
    /// Who asked may not read this.
    #[error(transparent)]
    Denied(Denied),
    /// There is no such context.
    #[error(transparent)]
    NoContext(NoContext),
}

impl ReadError {
    /// What the caller can do.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Unavailable(_) => Retry::Later,
            Self::NoContext(_) => Retry::AfterReload,
            Self::Corrupt(_) | Self::Diverged { .. } | Self::Invalid { .. } | Self::Denied(_) => {
                Retry::Never
            }
        }
    }

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Corrupt(_) => "store.corrupt",
            Self::Diverged { .. } => "read.diverged",
            Self::Invalid { .. } => "read.invalid",
            Self::Unavailable(cause) => cause.code(),
            Self::Denied(cause) => cause.code(),
            Self::NoContext(cause) => cause.code(),
        }
    }
}
