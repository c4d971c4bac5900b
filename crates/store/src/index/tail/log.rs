//! The tail's log: ordinal → place and time, dense.
//!
//! Why: every read ends in places. Four bytes an event; times only where they change, because
//! the events of one commit share theirs.
//! Invariants: places and times never go back (A6).

use headwater_model::Timestamp;

#[derive(Default)]
pub(super) struct Log {
    places: Vec<u32>,
    /// Ordinal of the first event recorded at this time.
    times: Vec<(u32, Timestamp)>,
}

impl Log {
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.places.len()).expect("a segment holds fewer than 2^32 events")
    }

    pub(super) fn push(&mut self, at: u32, time: Timestamp) {
        let last = self.places.last().copied();
        assert!(last.is_none_or(|last| last <= at), "A3: a record stands before its predecessor");
        let ordinal = self.count();
        match self.times.last() {
            Some((_, last)) if *last == time => {}
            Some((_, last)) => {
                assert!(*last < time, "A6: recorded-at went back");
                self.times.push((ordinal, time));
            }
            None => self.times.push((ordinal, time)),
        }
        self.places.push(at);
    }

    pub(super) fn forget_from(&mut self, below: u32) {
        self.places.truncate(below as usize);
        let began = self.times.partition_point(|(ordinal, _)| *ordinal < below);
        self.times.truncate(began);
    }

    pub(super) fn place(&self, ordinal: u32) -> Option<u32> {
        self.places.get(ordinal as usize).copied()
    }

    pub(super) fn places(&self) -> &[u32] {
        &self.places
    }

    /// The last ordinal recorded at or before `time`.
    pub(super) fn last_at(&self, time: Timestamp) -> Option<u32> {
        let later = self.times.partition_point(|(_, began)| *began <= time);
        match self.times.get(later) {
            Some((began, _)) => began.checked_sub(1),
            None => self.count().checked_sub(1),
        }
    }

    pub(super) fn times(&self) -> &[(u32, Timestamp)] {
        &self.times
    }
}
