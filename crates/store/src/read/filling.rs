//! A page being filled: it takes events until one would pass a bound.
//!
//! Invariant: it takes at least one, however large, so that a reader always comes on.

use crate::commit::EventRef;
use crate::read::fetch::Fetch;
use bytes::Bytes;
use headwater_model::{ReadError, RecordedEvent};

pub(super) struct Filling {
    pub(super) events: Vec<RecordedEvent>,
    count_max: usize,
    bytes_max: usize,
    bytes: usize,
}

impl Filling {
    pub(super) fn new(count_max: usize, bytes_max: usize) -> Self {
        Self { events: Vec::new(), count_max, bytes_max, bytes: 0 }
    }

    pub(super) fn is_full(&self) -> bool {
        self.events.len() >= self.count_max
    }

    /// How many more events it takes at most.
    pub(super) fn room(&self) -> usize {
        self.count_max - self.events.len()
    }

    /// Takes the event if no bound is passed by it; says whether it did.
    pub(super) fn takes(
        &mut self,
        fetch: &Fetch<'_>,
        event: EventRef<'_>,
        page: &Bytes,
    ) -> Result<bool, ReadError> {
        if self.is_full() {
            return Ok(false);
        }
        let malformed = |cause| fetch.malformed(event.position, &cause);
        self.events.push(event.to_recorded(page).map_err(malformed)?);
        let bytes = self.events.last().map_or(0, |last| last.payload.len() + last.metadata.bytes());
        if self.events.len() > 1 && self.bytes + bytes > self.bytes_max {
            self.events.pop();
            return Ok(false);
        }
        let before = self.events.iter().rev().nth(1).map(|before| before.position);
        assert!(before != Some(event.position), "R1: an event stands twice in a page");
        assert!(self.events.len() <= self.count_max, "D3: a page is bounded");
        self.bytes += bytes;
        Ok(true)
    }

    /// So many may come: room for them is made at once.
    pub(super) fn expect(&mut self, count: usize) {
        self.events.reserve(count.min(self.room()));
    }
}
