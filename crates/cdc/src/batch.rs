//! Batches: whole transactions that share an append.
//!
//! Why: a stream stands in an append once, so the events of an append are in the order of its streams.
//! Within a transaction that is harmless: it is one moment, and each stream keeps its order. Between
//! transactions it is not: what committed later must not come first.
//!
//! Invariant: a transaction joins a batch only if none of its events would come before one of an
//! earlier transaction.

use crate::limits::{BATCH_BYTES_MAX, BATCH_EVENT_COUNT_MAX};
use crate::rule::Addressed;
use hashbrown::HashMap;
use headwater_model::{ExpectedRevision, StreamName, StreamWrite};

/// Events of whole transactions, by stream.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    writes: Vec<StreamWrite>,
    by_stream: HashMap<StreamName, usize>,
    event_count: usize,
    bytes: usize,
}

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        self.event_count == 0
    }

    pub(crate) fn event_count(&self) -> usize {
        self.event_count
    }

    /// Whether this transaction may follow in the same append.
    pub(crate) fn takes(&self, events: &[Addressed], bytes: usize) -> bool {
        if self.is_empty() {
            return true;
        }
        if self.event_count + events.len() > BATCH_EVENT_COUNT_MAX
            || self.bytes + bytes > BATCH_BYTES_MAX
        {
            return false;
        }
        // The stream that was written to last may go on.
        let last = self.writes.last().map(|write| &write.stream);
        let first = events.first().map(|(stream, _)| stream);
        let goes_on = |stream: &StreamName| Some(stream) == last && first == last;
        events.iter().all(|(stream, _)| goes_on(stream) || !self.by_stream.contains_key(stream))
    }

    /// Adds a transaction, or a part of one.
    pub(crate) fn add(&mut self, events: &mut Vec<Addressed>, bytes: usize) {
        self.event_count += events.len();
        self.bytes += bytes;
        for (stream, event) in events.drain(..) {
            let next = self.writes.len();
            let at = *self.by_stream.entry_ref(&stream).or_insert(next);
            if at == next {
                let expected = ExpectedRevision::Any;
                self.writes.push(StreamWrite { stream, expected, events: Vec::new() });
            }
            self.writes[at].events.push(event);
        }
    }

    /// Takes what it holds.
    pub(crate) fn take(&mut self) -> Vec<StreamWrite> {
        self.by_stream.clear();
        (self.event_count, self.bytes) = (0, 0);
        std::mem::take(&mut self.writes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use headwater_model::{EventId, EventType, NewEvent};

    fn events(streams: &[&str]) -> Vec<Addressed> {
        let event = |name: &&str| {
            let kind = EventType::new("Happened").expect("a type");
            let event = NewEvent::json(EventId(uuid::Uuid::nil()), kind, "{}");
            (StreamName::new(*name).expect("a name"), event)
        };
        streams.iter().map(event).collect()
    }

    #[test]
    fn a_transaction_never_overtakes_the_one_before() {
        let mut batch = Batch::default();
        batch.add(&mut events(&["a-1", "a-2", "a-1"]), 3);
        assert!(batch.takes(&events(&["a-3", "a-4"]), 2), "other streams");
        assert!(batch.takes(&events(&["a-2", "a-3"]), 2), "the last stream goes on");
        assert!(!batch.takes(&events(&["a-3", "a-2"]), 2), "a-2 would come before a-3");
        assert!(!batch.takes(&events(&["a-1"]), 1), "a-1 would come before a-2 of the first");
        let streams: Vec<_> =
            batch.take().into_iter().map(|w| (w.stream, w.events.len())).collect();
        let name = |name| StreamName::new(name).expect("a name");
        assert_eq!(streams, [(name("a-1"), 2), (name("a-2"), 1)]);
        assert!(batch.takes(&events(&["a-1"]), 1), "an empty one takes anything");
    }
}
