//! States: a decider folded from what its boundary reads.
//!
//! Invariants: R4 an event that cannot be read is an error: no decision is made on a part of the
//! past. A1 what was read is known exactly (`last`, `as_of`), so that the append can demand it.

use crate::planted::{Bug, planted};
use crate::{Decider, Event, Input, LoadError, Source};
use bytestring::ByteString;
use headwater_model::{
    AsOf, Condition, EventStore, EventType, ExpectedRevision, From, Position, Query, ReadAll,
    ReadStream, RecordedEvent, Revision, StreamName,
};

/// A state and how far it has read.
#[derive(Debug)]
pub(crate) struct Folded<D> {
    /// The state.
    pub(crate) state: D,
    /// The stream's last revision, hidden events included; `None` if it never had one.
    pub(crate) last: Option<Revision>,
    /// The last position that was seen.
    pub(crate) as_of: Option<Position>,
}

impl<D> Folded<D> {
    /// What an append must find for the decision on this state to hold.
    pub(crate) fn expected(&self) -> ExpectedRevision {
        self.last.map_or(ExpectedRevision::NoStream, ExpectedRevision::At)
    }
}

impl<D: Decider> Folded<D> {
    /// Before anything has happened.
    pub(crate) fn empty() -> Self {
        Self { state: D::default(), last: None, as_of: None }
    }

    /// Folds a stored event.
    pub(crate) fn fold(mut self, context: &str, event: &RecordedEvent) -> Result<Self, LoadError> {
        let source = Source { context, own: true };
        for event in D::Event::decode(source, event)?.into_vec() {
            self.state = self.state.evolve(&event);
        }
        Ok(self)
    }
}

/// Reads the stream behind what `base` has seen.
pub(crate) async fn load_stream<D: Decider>(
    store: &dyn EventStore,
    stream: &StreamName,
    as_of: AsOf,
    base: Folded<D>,
) -> Result<Folded<D>, LoadError> {
    let mut folded = base;
    let mut from = folded.last.map_or(From::Edge, |last| From::At(last.next()));
    loop {
        let read = ReadStream { from, as_of, ..ReadStream::forwards(stream.clone()) };
        let page = store.read_stream(read).await?;
        for event in &page.events {
            folded = folded.fold(store.context().as_str(), event)?;
        }
        folded.last = folded.last.max(page.last);
        folded.as_of = folded.as_of.max(page.as_of);
        match page.next {
            Some(next) => from = From::At(next),
            None => return Ok(folded),
        }
    }
}

/// Reads every event that matches the query.
pub(crate) async fn load_query<D: Decider>(
    store: &dyn EventStore,
    query: &Query,
    as_of: AsOf,
) -> Result<Folded<D>, LoadError> {
    let mut folded = Folded::<D>::empty();
    let mut read = ReadAll { as_of, ..ReadAll::forwards(query.clone()) };
    loop {
        let page = store.read_all(read.clone()).await?;
        for event in &page.events {
            folded = folded.fold(store.context().as_str(), event)?;
        }
        folded.as_of = page.as_of;
        match page.next {
            Some(next) => read.from = From::At(next),
            None => return Ok(folded),
        }
    }
}

/// How a decider's boundary is read, and what its append must find.
pub(crate) enum Scope {
    /// The stream that it also writes: cheap to keep, checked by revision.
    Stream,
    /// Anything else: read anew each time, checked by a condition.
    Query(Query),
}

impl Scope {
    /// The scope of a boundary that writes to `stream`.
    pub(crate) fn of<D: Decider>(
        stream: &StreamName,
        id: &D::Id,
    ) -> Result<Self, headwater_model::InvalidName> {
        let reads = crate::Boundary::reads(id)?;
        if reads == crate::Reads::Stream(stream.clone()) {
            return Ok(Self::Stream);
        }
        let name = |kind: &crate::InputType| EventType::new(ByteString::from_static(kind.name));
        let types: Vec<_> =
            <D::Event as Input>::TYPES.iter().map(name).collect::<Result<_, _>>()?;
        let mut query = reads.query();
        for item in &mut query.items {
            item.types.clone_from(&types);
        }
        Ok(Self::Query(query))
    }
}

/// The condition under which a decision over a query holds.
pub(crate) fn unless_more<D>(query: Query, folded: &Folded<D>) -> Condition {
    Condition { query, after: folded.as_of }
}

/// The events of a decision as they will be stored.
pub(crate) fn encode<E: Event>(
    events: &[E],
    command: headwater_model::EventId,
    metadata: &headwater_model::Metadata,
) -> Result<Vec<headwater_model::NewEvent>, crate::EncodeError> {
    let encode = |(n, event): (u32, &E)| {
        let id = if planted(Bug::UnderivedIds) { drawn() } else { command.derive(n) };
        let stored = event.encode(id)?;
        Ok(headwater_model::NewEvent { metadata: metadata.clone(), ..stored })
    };
    (0..).zip(events).map(encode).collect()
}

/// An id that is another one each time: what ids must not be.
pub(crate) fn drawn() -> headwater_model::EventId {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    crate::Cause::keyed("drawn").id().derive(NEXT.fetch_add(1, Ordering::Relaxed))
}
