//! Soon: the timers that are due next, in order, and how far that is known.
//!
//! Invariants: every timer before the horizon that was seen is here until it is handled. What does not
//! fit is given up from the far end, and the horizon comes back to it: it is found again by its bucket.

use headwater_model::{Position, Timestamp};
use std::collections::BTreeSet;

/// A timer: when it is due, which event sets it, and which of that event's timers it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) due: Timestamp,
    pub(super) position: Position,
    pub(super) index: u32,
}

impl Key {
    /// Before every timer that is due at `due`.
    pub(super) fn first_at(due: Timestamp) -> Self {
        Self { due, position: Position::ZERO, index: 0 }
    }
}

/// What is due next.
#[derive(Debug)]
pub(super) struct Soon {
    keys: BTreeSet<Key>,
    /// Exclusive.
    horizon: Key,
    count_max: usize,
}

impl Soon {
    /// Nothing, known up to `horizon`.
    pub(super) fn new(horizon: Timestamp, count_max: usize) -> Self {
        Self { keys: BTreeSet::new(), horizon: Key::first_at(horizon), count_max }
    }

    pub(super) fn horizon(&self) -> Key {
        self.horizon
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// From now on timers up to there are kept; whoever calls this brings them.
    pub(super) fn raise(&mut self, horizon: Key) {
        assert!(horizon >= self.horizon, "C5: the horizon came back, and nothing was given up");
        self.horizon = horizon;
    }

    /// Keeps a timer, if it is due before the horizon.
    pub(super) fn insert(&mut self, key: Key) {
        if key >= self.horizon {
            return;
        }
        self.keys.insert(key);
        if self.keys.len() > self.count_max
            && let Some(last) = self.keys.pop_last()
        {
            self.horizon = last;
        }
    }

    pub(super) fn remove(&mut self, key: &Key) {
        self.keys.remove(key);
    }

    /// The first of those due by `now`.
    pub(super) fn due(&self, now: Timestamp, count_max: usize) -> Vec<Key> {
        let due = self.keys.iter().take_while(|key| key.due <= now);
        due.take(count_max).copied().collect()
    }

    /// Everything due before this time is handled, or has not been seen.
    pub(super) fn next(&self) -> Timestamp {
        self.keys.first().unwrap_or(&self.horizon).due
    }
}
