//! What is appended: every kind of append, on streams that all fight for.

use headwater_model::{
    Append, Category, Checkpoint, CheckpointName, ContextName, EventId, EventType,
    ExpectedRevision, Incarnation, NewEvent, Position, Query, Revision, SaveCheckpoint, StreamName,
    Tag,
};
use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;
use uuid::Uuid;

/// Streams that all writers append to under expectations.
const SEAT_COUNT: u64 = 5;
/// Tags that conditions are about.
const DESK_COUNT: u64 = 3;

pub(super) fn context() -> ContextName {
    ContextName::new("theatre").expect("a name")
}

pub(super) fn category(text: &str) -> Category {
    Category::new(text).expect("a name")
}

pub(super) fn tag(text: &str) -> Tag {
    Tag::new(text).expect("a tag")
}

pub(super) fn reader(who: u64) -> CheckpointName {
    CheckpointName::new(format!("reader-{who}")).expect("a name")
}

pub(super) fn seat(random: &mut Xoshiro256PlusPlus) -> StreamName {
    let number = random.random_range(0..SEAT_COUNT).to_string();
    StreamName::of("seat", &number).expect("a name")
}

pub(super) fn desk(random: &mut Xoshiro256PlusPlus) -> Query {
    Query::tags([desk_tag(random.random_range(0..DESK_COUNT))])
}

fn desk_tag(n: u64) -> Tag {
    tag(&format!("desk:{n}"))
}

pub(super) fn own(who: u64) -> StreamName {
    StreamName::of("visitor", &who.to_string()).expect("a name")
}

/// Event `part` of append `n` of a client: of a size and with a tag that follow from these.
pub(super) fn event(who: u64, n: u64, part: u64) -> NewEvent {
    let id = (u128::from(who) << 96) | (u128::from(n) << 32) | u128::from(part);
    let fill = "x".repeat(usize::try_from((n * 37 + part) % 900).expect("small"));
    let payload = format!("{{\"fill\":\"{fill}\",\"n\":{n}}}");
    NewEvent {
        tags: vec![desk_tag((n + part) % DESK_COUNT)],
        ..NewEvent::json(
            EventId(Uuid::from_u128(id)),
            EventType::new("SeatTaken").expect("a name"),
            payload,
        )
    }
}

pub(super) fn events(who: u64, n: u64, count: u64) -> Vec<NewEvent> {
    (0..count).map(|part| event(who, n, part)).collect()
}

/// To a stream of its own, and to one of everybody's: both or neither.
pub(super) fn both(who: u64, n: u64, shared: StreamName) -> Append {
    Append::to(own(who), ExpectedRevision::Any, events(who, n, n % 3)).and(
        shared,
        ExpectedRevision::Any,
        vec![event(who, n, 9)],
    )
}

/// Under the belief that the stream ends here.
pub(super) fn believing(who: u64, n: u64, stream: StreamName, last: Option<Revision>) -> Append {
    let expected = last.map_or(ExpectedRevision::NoStream, ExpectedRevision::At);
    Append::to(stream, expected, events(who, n, 1 + n % 4))
}

/// Under the condition that nothing behind `after` matches.
pub(super) fn unless(who: u64, n: u64, query: Query, after: Option<Position>) -> Append {
    Append::to(own(who), ExpectedRevision::Any, events(who, n, 2)).unless(query, after)
}

/// With a checkpoint that moves from the last one that was saved.
pub(super) fn saving(who: u64, n: u64, last: Option<u64>) -> Append {
    let at = |n: u64| Checkpoint { incarnation: Incarnation(0), position: Position(n) };
    let save = SaveCheckpoint { name: reader(who), expected: last.map(at), to: at(n) };
    Append::to(own(who), ExpectedRevision::Exists, events(who, n, 1)).saving(save)
}
