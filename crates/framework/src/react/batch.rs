//! Batches: many inputs, one append.
//!
//! Why: `react` and `decide` are pure, so the outcome of many inputs can be worked out in memory,
//! later inputs seeing the events of earlier ones, and be stored with one sync.
//!
//! Picture:
//! ```text
//!   input 1 ─▶ actions ─▶ decide on state ─▶ events ┐
//!   input 2 ─▶ actions ─▶ decide on the same state ─┤─▶ one append: events of each stream at what
//!   input 3 ─▶ refused ─▶ events undone, parked ────┘   was read, conditions, checkpoint old → new
//! ```
//! Invariants: an input's events are in the batch all or none. Every stream that a decision looked at
//! stands in the append with its expectation, also without events: an answer "nothing to do"
//! is checked like any other.

use crate::decide::Setback;
use crate::decide::cache::Caches;
use crate::decide::state::Folded;
use crate::{Decider, LoadError};
use headwater_model::{
    Append, Appended, Condition, ContextName, EventStore, ExpectedRevision, NewEvent, Position,
    Query, RecordedEvent, Revision, SaveCheckpoint, StreamName, StreamWrite, Timestamp,
};
use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

/// A state within a batch, and how many of the batch's events of its stream it has folded.
pub(crate) struct Decided<D> {
    pub(crate) folded: Folded<D>,
    pub(crate) seen: usize,
}

/// The work of an append, as it grows.
pub(crate) struct Batch {
    store: Arc<dyn EventStore>,
    caches: Arc<Caches>,
    now: Timestamp,
    writes: Vec<StreamWrite>,
    by_stream: HashMap<StreamName, usize>,
    conditions: Vec<Condition>,
    states: HashMap<(TypeId, StreamName), Box<dyn ErasedState>>,
    event_count: usize,
    payload_bytes: usize,
    parked_count: u64,
    resumed: Vec<ContextName>,
    late_count: u64,
}

/// What the batch was before an input: to go back to if it is refused.
pub(crate) struct Mark {
    write_lengths: Vec<usize>,
    condition_count: usize,
    event_count: usize,
    payload_bytes: usize,
    parked_count: u64,
    resumed_count: usize,
    late_count: u64,
}

/// A [`Decided`] of some decider or saga.
trait ErasedState: Send {
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
    fn seen(&self) -> usize;
    /// Gives the state to its cache, now that its events are stored.
    fn keep(self: Box<Self>, caches: &Caches, stream: StreamName, last: Option<Revision>);
}

impl<D: Send + Sync + 'static> ErasedState for Decided<D> {
    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }

    fn seen(&self) -> usize {
        self.seen
    }

    fn keep(self: Box<Self>, caches: &Caches, stream: StreamName, last: Option<Revision>) {
        if last.is_some() {
            caches.of::<D>().put(stream, Folded { last, ..self.folded });
        }
    }
}

impl Batch {
    pub(crate) fn new(store: Arc<dyn EventStore>, caches: Arc<Caches>) -> Self {
        let now = store.now();
        Self {
            store,
            caches,
            now,
            writes: Vec::new(),
            by_stream: HashMap::new(),
            conditions: Vec::new(),
            states: HashMap::new(),
            event_count: 0,
            payload_bytes: 0,
            parked_count: 0,
            resumed: Vec::new(),
            late_count: 0,
        }
    }

    pub(crate) fn store(&self) -> &Arc<dyn EventStore> {
        &self.store
    }

    pub(crate) fn caches(&self) -> &Caches {
        &self.caches
    }

    /// When its decisions are made.
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// Events so far.
    pub(crate) fn event_count(&self) -> usize {
        self.event_count
    }

    /// Bytes of their payloads.
    pub(crate) fn payload_bytes(&self) -> usize {
        self.payload_bytes
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark {
            write_lengths: self.writes.iter().map(|write| write.events.len()).collect(),
            condition_count: self.conditions.len(),
            event_count: self.event_count,
            payload_bytes: self.payload_bytes,
            parked_count: self.parked_count,
            resumed_count: self.resumed.len(),
            late_count: self.late_count,
        }
    }

    /// Undoes the events of an input. What was looked at stays demanded: the refusal rests on it.
    pub(crate) fn back_to(&mut self, mark: &Mark) {
        for (n, write) in self.writes.iter_mut().enumerate() {
            write.events.truncate(mark.write_lengths.get(n).copied().unwrap_or(0));
        }
        self.conditions.truncate(mark.condition_count);
        self.event_count = mark.event_count;
        self.payload_bytes = mark.payload_bytes;
        self.parked_count = mark.parked_count;
        self.resumed.truncate(mark.resumed_count);
        self.late_count = mark.late_count;
        let (writes, by_stream) = (&self.writes, &self.by_stream);
        let count = |stream: &StreamName| {
            by_stream.get(stream).map_or(0, |n: &usize| writes[*n].events.len())
        };
        // A state that has folded what is undone cannot unfold it: it will be loaded anew.
        self.states.retain(|(_, stream), state| state.seen() <= count(stream));
    }

    /// Demands that `stream` is at `expected` when the batch is appended.
    pub(crate) fn touch(
        &mut self,
        stream: &StreamName,
        expected: ExpectedRevision,
    ) -> Result<(), Setback> {
        let write = self.write(stream);
        if write.expected != ExpectedRevision::Any && write.expected != expected {
            return Err(Setback::Torn);
        }
        write.expected = expected;
        Ok(())
    }

    /// Demands a condition.
    pub(crate) fn demand(&mut self, condition: Condition) {
        self.conditions.push(condition);
    }

    /// Adds events, behind those that are there.
    pub(crate) fn add(&mut self, stream: &StreamName, events: Vec<NewEvent>) {
        self.event_count += events.len();
        self.payload_bytes += events.iter().map(|event| event.payload.len()).sum::<usize>();
        self.write(stream).events.extend(events);
    }

    /// Adds the event that tells of a parked input.
    pub(crate) fn park(&mut self, stream: &StreamName, event: NewEvent) {
        self.parked_count += 1;
        self.add(stream, vec![event]);
    }

    /// Adds the release of a parked input, to a stream that nothing else in the batch is about.
    pub(crate) fn release(&mut self, release: Append) {
        self.writes.extend(release.writes);
    }

    /// Notes that something goes on that the reader of this context had parked.
    pub(crate) fn resume(&mut self, source: ContextName) {
        self.resumed.push(source);
    }

    /// The contexts whose readers had parked what goes on.
    pub(crate) fn resumed(&self) -> &[ContextName] {
        &self.resumed
    }

    /// Counts an input that came to a saga behind its end.
    pub(crate) fn count_late(&mut self) {
        self.late_count += 1;
    }

    /// How many of its inputs came to sagas behind their end.
    pub(crate) fn late_count(&self) -> u64 {
        self.late_count
    }

    /// The events that it holds for a stream.
    pub(crate) fn pending(&self, stream: &StreamName) -> &[NewEvent] {
        self.by_stream.get(stream).map_or(&[], |n| &self.writes[*n].events)
    }

    /// What was added behind this mark, stream by stream.
    pub(crate) fn added_since<'a>(
        &'a self,
        mark: &'a Mark,
    ) -> impl Iterator<Item = (&'a StreamName, &'a NewEvent)> {
        self.writes.iter().enumerate().flat_map(move |(n, write)| {
            let from = mark.write_lengths.get(n).copied().unwrap_or(0);
            write.events[from..].iter().map(|event| (&write.stream, event))
        })
    }

    /// Adds the release of a parked input, to a shelf that the batch also puts something on.
    pub(crate) fn release_onto(&mut self, release: Append) {
        for write in release.writes {
            let onto = self.write(&write.stream);
            onto.expected = write.expected;
            onto.events.extend(write.events);
        }
    }

    /// How many of its inputs are parked.
    pub(crate) fn parked_count(&self) -> u64 {
        self.parked_count
    }

    /// Which of the append's writes is to this stream.
    pub(crate) fn place_of(&self, stream: &StreamName) -> Option<usize> {
        self.by_stream.get(stream).copied()
    }

    fn write(&mut self, stream: &StreamName) -> &mut StreamWrite {
        let next = self.writes.len();
        let n = *self.by_stream.entry(stream.clone()).or_insert(next);
        if n == next {
            let (stream, events) = (stream.clone(), Vec::new());
            self.writes.push(StreamWrite { stream, expected: ExpectedRevision::Any, events });
        }
        &mut self.writes[n]
    }

    pub(crate) fn take_state<D: Send + Sync + 'static>(
        &mut self,
        stream: &StreamName,
    ) -> Option<Decided<D>> {
        let state = self.states.remove(&(TypeId::of::<D>(), stream.clone()))?;
        let state = state.into_any().downcast::<Decided<D>>();
        Some(*state.expect("the map is keyed by the type that the state is of"))
    }

    pub(crate) fn put_state<D: Send + Sync + 'static>(
        &mut self,
        stream: StreamName,
        state: Decided<D>,
    ) {
        self.states.insert((TypeId::of::<D>(), stream), Box::new(state));
    }

    /// Folds the batch's events of `stream` that the state has not seen: those of other deciders.
    pub(crate) fn catch_up<D: Decider>(
        &self,
        stream: &StreamName,
        mut held: Decided<D>,
    ) -> Result<Decided<D>, LoadError> {
        let Some(n) = self.by_stream.get(stream) else { return Ok(held) };
        for event in &self.writes[*n].events[held.seen..] {
            let event = self.as_if_recorded(stream, event);
            held.folded = held.folded.fold(self.store.context().as_str(), &event)?;
            held.seen += 1;
        }
        Ok(held)
    }

    /// Folds the batch's events that match `query`.
    pub(crate) fn fold_pending<D: Decider>(
        &self,
        query: &Query,
        mut folded: Folded<D>,
    ) -> Result<Folded<D>, LoadError> {
        for write in &self.writes {
            for event in &write.events {
                let event = self.as_if_recorded(&write.stream, event);
                if query.matches(&event) {
                    folded = folded.fold(self.store.context().as_str(), &event)?;
                }
            }
        }
        Ok(folded)
    }

    /// An event as a decider will read it; its places are not known yet, and no state sees them.
    pub(crate) fn as_if_recorded(&self, stream: &StreamName, event: &NewEvent) -> RecordedEvent {
        RecordedEvent {
            id: event.id,
            stream: stream.clone(),
            revision: Revision::ZERO,
            position: Position::ZERO,
            recorded_at: self.now,
            event_type: event.event_type.clone(),
            schema_version: event.schema_version,
            content_type: event.content_type,
            payload: event.payload.clone(),
            metadata: event.metadata.clone(),
            tags: event.tags.clone(),
        }
    }

    /// The one append.
    pub(crate) fn append(&self, save: Option<SaveCheckpoint>) -> Append {
        Append {
            writes: self.writes.clone(),
            conditions: self.conditions.clone(),
            checkpoints: save.into_iter().collect(),
            ..Append::default()
        }
    }

    /// Gives all states to their caches, now that the append is stored.
    pub(crate) fn keep(self, appended: &Appended) {
        for ((_, stream), state) in self.states {
            let n = self.by_stream.get(&stream).copied();
            let whole = n.is_some_and(|n| self.writes[n].events.len() == state.seen());
            let last = n.and_then(|n| appended.revisions.get(n).copied().flatten());
            if whole {
                state.keep(&self.caches, stream, last);
            }
        }
    }
}
