//! A page of the store is sent in parts, each with a checkpoint of its own (C2).

use super::{DELIVERY_BYTES, parts};
use headwater_model::{
    Checkpoint, ContentType, Delivery, EventId, EventType, Incarnation, Metadata, Position,
    RecordedEvent, Revision, StreamName, Timestamp,
};
use headwater_wire::v1::delivery::Step;

fn event(position: u64, bytes: usize) -> RecordedEvent {
    RecordedEvent {
        id: EventId(uuid::Uuid::from_u128(position.into())),
        stream: StreamName::new("order-1").expect("a name"),
        revision: Revision(position),
        position: Position(position),
        recorded_at: Timestamp::ZERO,
        event_type: EventType::new("Placed").expect("a type"),
        schema_version: 1,
        content_type: ContentType::Binary,
        payload: vec![7; bytes].into(),
        metadata: Metadata::default(),
        tags: Vec::new(),
    }
}

/// The positions of each part, and its checkpoint.
fn cut(sizes: &[usize]) -> Vec<(Vec<u64>, u64)> {
    let events = sizes.iter().zip(0..).map(|(bytes, position)| event(position * 10, *bytes));
    let checkpoint = Checkpoint { incarnation: Incarnation(3), position: Position(999) };
    let cut = parts(Delivery::Events { events: events.collect(), checkpoint });
    let part = |delivery: headwater_wire::v1::Delivery| match delivery.step {
        Some(Step::Events(events)) => {
            let checkpoint = events.checkpoint.expect("every part has a checkpoint");
            assert_eq!(checkpoint.incarnation, 3);
            let events = events.events.into_iter().map(RecordedEvent::try_from);
            let positions = events.map(|event| event.expect("an event").position.0).collect();
            (positions, checkpoint.position)
        }
        other => panic!("events stay events: {other:?}"),
    };
    cut.into_iter().map(part).collect()
}

#[test]
fn small_events_travel_together_with_the_checkpoint_of_their_page() {
    assert_eq!(cut(&[10, 10, 10]), [(vec![0, 10, 20], 999)]);
}

#[test]
fn a_part_ends_with_a_large_event_and_its_checkpoint_is_its_last_event() {
    let cut = cut(&[10, DELIVERY_BYTES, 10, 2 * DELIVERY_BYTES]);
    assert_eq!(cut, [(vec![0, 10], 10), (vec![20, 30], 999)]);
}
