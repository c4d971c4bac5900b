//! A page of the store is sent in parts, each with a checkpoint of its own (C2), and what is not taken is
//! bounded (D3).

use super::{DELIVERY_BYTES, parts, subscribe};
use crate::Caller;
use crate::limits::{HELD_BYTES, SHARE_BYTES_MIN};
use futures_util::StreamExt as _;
use headwater_model::{
    Append, Checkpoint, ContentType, ContextName, Contexts, Delivery, EventId, EventType,
    ExpectedRevision, Incarnation, Metadata, NewEvent, Position, Query, RecordedEvent, Revision,
    Start, StreamName, Subscribe, Timestamp,
};
use headwater_store::EmbeddedStore;
use headwater_wire::v1;
use headwater_wire::v1::delivery::Step;
use std::sync::Arc;
use tokio::sync::watch;

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

/// Events of the story below, each of a KiB.
const STORED_COUNT: u64 = 4_096;

/// Readers that have hung: with two whole messages for each they would hold 200 MiB.
const HUNG_COUNT: usize = 400;

fn placed(id: u64) -> NewEvent {
    let event_type = EventType::new("Placed").expect("a type");
    let id = EventId(uuid::Uuid::from_u128(u128::from(id) + 1));
    NewEvent::json(id, event_type, format!("\"{}\"", "x".repeat(1_022)))
}

/// A server over a store with events, and what it knows of whoever asks.
async fn stored() -> (tempfile::TempDir, watch::Sender<crate::Stage>, Caller) {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Arc::new(EmbeddedStore::open(dir.path()).expect("a store"));
    let name = ContextName::new("shop").expect("a name");
    let context = store.context(name).await.expect("a context");
    for first in (0..STORED_COUNT).step_by(512) {
        let stream = StreamName::new("order-1").expect("a name");
        let events = (first..first + 512).map(placed).collect();
        let append = Append::to(stream, ExpectedRevision::Any, events);
        context.append(append).await.expect("an append");
    }
    let (host, stage) = crate::Host::new(store);
    let caller = host.caller(&http::Extensions::new());
    (dir, stage, caller)
}

/// D3: four hundred services subscribed to everything and hung, each with what it was being sent. The
/// server held a page of 8 MiB for each of them, and died. It now holds what readers do not take in
/// shares that become smaller the more is held.
#[tokio::test(flavor = "multi_thread")]
async fn readers_that_hang_hold_a_bounded_part_of_the_memory_together() {
    let (_dir, _stage, caller) = stored().await;
    let name = ContextName::new("shop").expect("a name");
    let all = Subscribe { query: Query::all(), start: Start::Beginning };
    let (mut hung, mut sent) = (Vec::new(), 0);
    for _ in 0..HUNG_COUNT {
        let request = v1::SubscribeRequest::new(&name, &all);
        let mut deliveries = subscribe(&caller, request).await.expect("a subscription");
        deliveries.next().await.expect("where it begins").expect("no error");
        for _ in 0..2 {
            let delivery = deliveries.next().await.expect("events").expect("no error");
            sent += prost::Message::encoded_len(&delivery);
        }
        hung.push(deliveries);
    }
    let most = HELD_BYTES + 2 * HUNG_COUNT * SHARE_BYTES_MIN;
    let held = caller.host().held().bytes();
    assert!(held <= most && held > HELD_BYTES / 2, "{held} bytes are held, at most {most}");
    // What is counted is what is there.
    assert!(sent <= held && sent > held / 2, "{sent} bytes were sent, {held} counted");
    // The others come on: each delivery has an event at least.
    let mut others = subscribe(&caller, v1::SubscribeRequest::new(&name, &all)).await.expect("one");
    let mut last = None;
    while last != Some(STORED_COUNT - 1) {
        let delivery = others.next().await.expect("more").expect("no error");
        if let Some(Step::Events(events)) = delivery.step {
            last = events.checkpoint.map(|checkpoint| checkpoint.position);
        }
    }
    drop((hung, others));
    assert_eq!(caller.host().held().bytes(), 0, "who has gone holds nothing");
}
