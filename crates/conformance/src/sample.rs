//! Small things to store: names, events, requests.
//!
//! Why: a case should show what it is about, and nothing else.
//!
//! # Panics
//! All functions here panic on texts that are no names: a fault of the test.

use headwater_model::{
    Append, AppendError, Appended, Checkpoint, CheckpointName, EventId, EventStore, EventType,
    ExpectedRevision, Incarnation, NewEvent, Page, Position, Query, ReadAll, RecordedEvent,
    SaveCheckpoint, StreamName, Tag,
};
use uuid::Uuid;

/// A stream, the system's too.
pub fn stream(text: &str) -> StreamName {
    StreamName::system(text).expect("a stream's name")
}

/// A type.
pub fn event_type(text: &str) -> EventType {
    EventType::new(text).expect("a type's name")
}

/// A tag.
pub fn tag(text: &str) -> Tag {
    Tag::new(text).expect("a tag")
}

/// A checkpoint's name.
pub fn reader(text: &str) -> CheckpointName {
    CheckpointName::new(text).expect("a checkpoint's name")
}

/// The id that number `n` stands for.
pub fn id(n: u128) -> EventId {
    EventId(Uuid::from_u128(n))
}

/// `OrderCreated` number `n`.
pub fn event(n: u128) -> NewEvent {
    event_of(n, "OrderCreated", &[])
}

/// An event of this type with these tags.
pub fn event_of(n: u128, named: &str, tags: &[&str]) -> NewEvent {
    let payload = format!("{{\"n\":{n}}}");
    NewEvent {
        tags: tags.iter().copied().map(tag).collect(),
        ..NewEvent::json(id(n), event_type(named), payload)
    }
}

/// Events for one stream, whatever is there.
pub fn to(name: &str, events: impl IntoIterator<Item = u128>) -> Append {
    Append::to(stream(name), ExpectedRevision::Any, events.into_iter().map(event).collect())
}

/// A checkpoint at this position.
pub fn at(position: u64) -> Checkpoint {
    Checkpoint { incarnation: Incarnation(0), position: Position(position) }
}

/// Moves a checkpoint.
pub fn save(name: &str, expected: Option<u64>, position: u64) -> SaveCheckpoint {
    SaveCheckpoint { name: reader(name), expected: expected.map(at), to: at(position) }
}

/// Appends what must be accepted.
pub async fn accepted(store: &dyn EventStore, append: Append) -> Appended {
    store.append(append).await.expect("the append is accepted")
}

/// Appends what must be refused.
pub async fn refused(store: &dyn EventStore, append: Append) -> AppendError {
    store.append(append).await.expect_err("the append is refused")
}

/// Every event that `query` matches, by as many pages as it takes.
pub async fn all(store: &dyn EventStore, query: Query) -> Vec<RecordedEvent> {
    let mut events = Vec::new();
    let mut read = ReadAll::forwards(query);
    loop {
        let Page { events: more, next, .. } =
            store.read_all(read.clone()).await.expect("the context is read");
        events.extend(more);
        match next {
            Some(next) => read.from = headwater_model::From::At(next),
            None => return events,
        }
    }
}

/// The numbers of events made by [`event`].
pub fn numbers(events: &[RecordedEvent]) -> Vec<u128> {
    events.iter().map(|event| event.id.0.as_u128()).collect()
}

/// The last position of the context.
pub async fn head(store: &dyn EventStore) -> Option<Position> {
    store.head().await.expect("the head is read").1
}
