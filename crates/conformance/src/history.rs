//! What happened against what is there: a checker of histories that shares no code with a store.
//!
//! Why: after crashes nobody knows what the store should hold; but each caller knows what it was
//! told, and the final log says what was done. Ids are unique and positions are given, so one pass
//! in the order of the log decides whether the two agree, without a search.
//!
//! Picture:
//! ```text
//!   log     │ 0 1 2 │ 3 │ 4 5 │ 6 │ …          each tile is one append, whole (A1)
//!   writer    ok A    ok B  ?C   ok D          unknown ones may be there or not, refused ones not (A5)
//! ```
//! Invariants: A1 whole appends, legal where they stand. A2 what was acknowledged is there.
//! A3 dense. A4 once. A5 refused is absent, and the reason was true. A6 time does not go back.
//! R1-R3 every reader saw a part of the one order, without holes.
//!
//! Checkpoints are judged where they were saved with events: alone they take no position. Events of
//! `$$` streams are taken as they come, so a history that deletes streams is not judged here.

mod answers;
mod log;
mod order;
mod readers;
mod tiles;

#[cfg(test)]
mod tests;

use headwater_model::{
    Append, AppendError, Appended, Checkpoint, CheckpointName, Position, Query, RecordedEvent,
    StreamName,
};
use std::collections::BTreeMap;
use std::fmt;

/// What a caller was told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It was done.
    Done(Appended),
    /// It was not done.
    Refused(AppendError),
    /// Nothing, or that the outcome is unknown.
    Unknown,
}

/// One append, as its caller saw it. The two instants are of any clock that all callers share.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Operation {
    /// What was asked.
    pub append: Append,
    /// When it was asked.
    pub invoked: u64,
    /// When the answer came; `u64::MAX` if none did.
    pub returned: u64,
    /// The answer.
    pub outcome: Outcome,
}

/// One reader, from its start to where it says it has come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reader {
    /// What it reads.
    pub query: Query,
    /// It began behind this.
    pub after: Option<Position>,
    /// Up to here everything was delivered or filtered out.
    pub come: Option<Position>,
    /// What was delivered, in the order of delivery.
    pub seen: Vec<RecordedEvent>,
}

/// What is there at the end, read by every path there is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Seen {
    /// The whole context, the system's events too, forwards.
    pub forwards: Vec<RecordedEvent>,
    /// The same, backwards.
    pub backwards: Vec<RecordedEvent>,
    /// Each stream, forwards.
    pub streams: BTreeMap<StreamName, Vec<RecordedEvent>>,
    /// Checkpoints that were looked up.
    pub checkpoints: BTreeMap<CheckpointName, Option<Checkpoint>>,
    /// Subscriptions and other readers, of any time.
    pub readers: Vec<Reader>,
}

/// A promise that was not kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// Its number.
    pub promise: &'static str,
    /// What was found.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.promise, self.what)
    }
}

/// What was checked, with the denominators: a history in which nothing succeeded proves nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// Appends that were acknowledged.
    pub done_count: usize,
    /// Appends that were refused.
    pub refused_count: usize,
    /// Appends whose outcome their caller never learned.
    pub unknown_count: usize,
    /// Events in the log.
    pub event_count: usize,
    /// What does not agree.
    pub violations: Vec<Violation>,
}

impl Report {
    /// Fails with all that was found.
    ///
    /// # Panics
    /// If anything was.
    pub fn assert_clean(&self) {
        let shown: Vec<_> = self.violations.iter().take(10).map(ToString::to_string).collect();
        assert!(shown.is_empty(), "{} violations:\n{}", self.violations.len(), shown.join("\n"));
    }
}

/// Checks what callers were told against what is there.
pub fn check(operations: &[Operation], seen: &Seen) -> Report {
    let mut found = Found::default();
    log::check(seen, &mut found);
    let log = log::Log::of(&seen.forwards);
    answers::check(operations, &log, &mut found);
    let tiles = tiles::lay(operations, &log, &mut found);
    order::check_real_time(&tiles, &mut found);
    let unjudged = readers::saved_alone(operations);
    let checkpoints = order::check_legality(&tiles, &log, &unjudged, &mut found);
    order::check_refusals(operations, &tiles, &log, &mut found);
    readers::check_checkpoints(&seen.checkpoints, &checkpoints, &unjudged, &mut found);
    readers::check(&seen.readers, &log, &mut found);
    let count = |wanted: fn(&Outcome) -> bool| {
        operations.iter().filter(|operation| wanted(&operation.outcome)).count()
    };
    Report {
        done_count: count(|outcome| matches!(outcome, Outcome::Done(_))),
        refused_count: count(|outcome| matches!(outcome, Outcome::Refused(_))),
        unknown_count: count(|outcome| matches!(outcome, Outcome::Unknown)),
        event_count: seen.forwards.len(),
        violations: found.0,
    }
}

/// What does not agree, so far.
#[derive(Debug, Default)]
struct Found(Vec<Violation>);

impl Found {
    fn unless(&mut self, holds: bool, promise: &'static str, what: impl FnOnce() -> String) {
        if !holds {
            self.0.push(Violation { promise, what: what() });
        }
    }
}
