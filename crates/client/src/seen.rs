//! The last position that this client has seen of a context.
//!
//! Why: the end of a subscription is told by the server and may be on its way for a while. Whoever
//! has been told of a later position meanwhile must not be told that nothing is left.
//!
//! Invariant: R2, what was said to be there is never missed by what is said afterwards.

use headwater_model::{Checkpoint, Incarnation, Position};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One for each context of a client.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    last: Mutex<Last>,
}

#[derive(Debug, Default)]
struct Last {
    incarnation: Option<Incarnation>,
    position: Option<Position>,
}

impl Seen {
    /// This position is there.
    pub(crate) fn note(&self, position: Option<Position>) {
        let mut last = self.last();
        last.position = last.position.max(position);
    }

    /// This position is there, in this history; positions of another are forgotten.
    pub(crate) fn note_in(&self, incarnation: Incarnation, position: Option<Position>) {
        let mut last = self.last();
        if last.incarnation.replace(incarnation).is_some_and(|known| known != incarnation) {
            last.position = None;
        }
        last.position = last.position.max(position);
    }

    /// Whether nothing is known to be behind this end.
    pub(crate) fn is_end(&self, end: Option<Checkpoint>) -> bool {
        if let Some(Checkpoint { incarnation, position }) = end {
            self.note_in(incarnation, Some(position));
        }
        end.map(|end| end.position) >= self.last().position
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(incarnation: u32, position: u64) -> Option<Checkpoint> {
        let (incarnation, position) = (Incarnation(incarnation), Position(position));
        Some(Checkpoint { incarnation, position })
    }

    #[test]
    fn an_end_before_what_was_seen_is_none() {
        let seen = Seen::default();
        assert!(seen.is_end(None) && seen.is_end(at(0, 3)));
        seen.note(Some(Position(5)));
        assert!(!seen.is_end(at(0, 4)) && !seen.is_end(None) && seen.is_end(at(0, 5)));
    }

    #[test]
    fn after_a_restore_earlier_positions_are_ends_again() {
        let seen = Seen::default();
        seen.note_in(Incarnation(0), Some(Position(9)));
        assert!(!seen.is_end(at(0, 2)));
        assert!(seen.is_end(at(1, 2)));
    }
}
