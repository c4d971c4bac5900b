//! What is durable of a group: where it stands, in as few words as a crash may leave.
//!
//! Why: a group over a million streams must not remember a million keys. It remembers one place up
//! to which all is finished, what is finished beyond it, and the keys that lag: their *lanes*.
//!
//! Picture:
//! ```text
//!   finished up to `next` │ done: 7, 9 │           everything else of the source is unfinished
//!   lane of key b: finished before 3, parked at 3  (whatever of b stands behind 3 is held)
//! ```
//! Invariants: C2 `next` goes back only by a reset, and never passes an event that is unfinished
//! and in no lane. C3 of a key with a lane, everything before the lane's place is finished and
//! nothing at or behind it. The state changes by steps only, each numbered: a step that was applied
//! is not applied again.

use super::step::{GroupStep, LaneStep};
use crate::planted::{Bug, planted};
use bytestring::ByteString;
use hashbrown::HashMap;
use headwater_model::{GroupName, GroupSettings, Incarnation, Position, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One group, as its commits leave it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GroupHeld {
    /// What it was made with, or changed to.
    pub settings: GroupSettings,
    /// The number of the last step.
    pub number: u64,
    /// The history that `next` is a place of.
    pub incarnation: Incarnation,
    /// Everything of the source before this is finished, or in a lane.
    pub next: Position,
    /// What is finished at or behind `next`.
    pub done: BTreeSet<Position>,
    /// Attempts that unfinished events at or behind `next` have had.
    pub tried: BTreeMap<Position, u32>,
    /// Keys that lag.
    pub lanes: BTreeMap<ByteString, LaneHeld>,
}

/// A key that has a place of its own.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LaneHeld {
    /// Everything of the key before this is finished, nothing at or behind it.
    pub next: Position,
    /// Attempts that the event at `next` has had.
    pub attempts: u32,
    /// The event at `next` is parked.
    pub parked: Option<ParkedHeld>,
}

/// Why an event is set aside.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ParkedHeld {
    /// In the words of who parked it.
    pub reason: ByteString,
    /// When, in microseconds since 1970.
    pub at_micros: u64,
}

impl ParkedHeld {
    /// When.
    pub fn at(&self) -> Timestamp {
        Timestamp::from_micros(self.at_micros)
    }
}

/// Where a group stands, without what it has finished out of order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    pub(crate) number: u64,
    pub(crate) incarnation: Incarnation,
    pub(crate) next: Position,
}

impl GroupHeld {
    pub(crate) fn place(&self) -> Place {
        Place { number: self.number, incarnation: self.incarnation, next: self.next }
    }

    /// A group that begins at `next`.
    pub(crate) fn new(settings: GroupSettings, incarnation: Incarnation, next: Position) -> Self {
        Self {
            settings,
            number: 0,
            incarnation,
            next,
            done: BTreeSet::new(),
            tried: BTreeMap::new(),
            lanes: BTreeMap::new(),
        }
    }

    /// Takes over what a step decided, unless it has.
    pub(crate) fn take(&mut self, step: GroupStep) {
        if step.number <= self.number {
            return;
        }
        self.number = step.number;
        self.incarnation = step.incarnation;
        if step.is_reset {
            self.done.clear();
            self.tried.clear();
        } else {
            // One by one: cutting a tree in two counts what is left, each time.
            while self.done.first().is_some_and(|first| *first < step.next) {
                self.done.pop_first();
            }
            while self.tried.first_key_value().is_some_and(|(first, _)| *first < step.next) {
                self.tried.pop_first();
            }
        }
        self.next = step.next;
        for position in step.done {
            self.tried.remove(&position);
            if !planted(Bug::GroupForgetsDone) {
                self.done.insert(position);
            }
        }
        self.tried.extend(step.tried);
        for (key, lane) in step.lanes {
            match lane {
                LaneStep::Over => self.lanes.remove(&key),
                LaneStep::Held(lane) => self.lanes.insert(key, lane),
            };
        }
    }
}

/// A group in the file of what is held.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct GroupText {
    pub(crate) name: GroupName,
    pub(crate) held: GroupHeld,
}

impl GroupText {
    /// All groups, in order of name: files of the same state should be the same.
    pub(crate) fn of(groups: &HashMap<GroupName, GroupHeld>) -> Vec<Self> {
        let text = |(name, held): (&GroupName, &GroupHeld)| Self {
            name: name.clone(),
            held: held.clone(),
        };
        let mut texts: Vec<_> = groups.iter().map(text).collect();
        texts.sort_by(|one, other| one.name.cmp(&other.name));
        texts
    }
}
