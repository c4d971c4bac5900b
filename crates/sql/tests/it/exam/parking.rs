//! Parked events are rows of the same transaction: C1 and C3 rest on their being there if and only
//! if the checkpoint has passed them.

use super::{LEDGER, Site, at, exam, orders};
use bytes::Bytes;
use headwater_framework::{Database, Key, ParkedEvent, ReadModel};
use headwater_model::{
    ContentType, EventId, EventType, Metadata, Position, RecordedEvent, Revision, StreamName,
    Timestamp,
};
use uuid::Uuid;

exam! {
    kept as parked_events_and_their_followers_are_kept_with_the_checkpoint,
    released as a_parked_event_is_released_with_its_rows_or_not_at_all,
    given_up as what_was_given_up_is_kept_with_both_reasons,
}

fn event(stream: &str, position: u64) -> RecordedEvent {
    RecordedEvent {
        id: EventId(Uuid::from_u128(u128::from(position))),
        stream: StreamName::new(stream).unwrap(),
        revision: Revision(position),
        position: Position(position),
        recorded_at: Timestamp::ZERO,
        event_type: EventType::new("OrderCreated").unwrap(),
        schema_version: 1,
        content_type: ContentType::Json,
        payload: Bytes::from_static(b"{}"),
        metadata: Metadata::default(),
        tags: Vec::new(),
    }
}

async fn park(model: &mut impl ReadModel, stream: &str, position: u64, why: &str) {
    let (source, event) = (orders(), event(stream, position));
    let key = Key::from(event.stream.clone());
    let parked = ParkedEvent { source: &source, key: &key, event: &event, why };
    model.park(parked).await.unwrap();
    model.save_checkpoint(&source, at(position)).await.unwrap();
}

async fn kept<S: Site>(site: S) {
    let mut model = site.database().open(LEDGER).await.unwrap();
    model.checkpoint(&orders()).await.unwrap();
    model.begin().await.unwrap();
    park(&mut model, "order-a", 0, "no such customer").await;
    park(&mut model, "order-a", 1, "behind a parked event").await;
    park(&mut model, "order-b", 2, "no such customer").await;
    model.commit().await.unwrap();
    model.begin().await.unwrap();
    park(&mut model, "order-c", 3, "rolled back").await;
    model.rollback().await.unwrap();
    drop(model);

    let mut model = site.database().open(LEDGER).await.unwrap();
    let keys = model.parked_keys(&orders()).await.unwrap();
    assert_eq!(keys, [Key::from("order-a"), Key::from("order-b")]);
    assert_eq!(model.parked_count(&orders()).await, Ok(3));
    assert_eq!(model.checkpoint(&orders()).await, Ok(Some(at(2))));
    let customers = headwater_model::ContextName::new("customers").unwrap();
    assert_eq!(model.parked_count(&customers).await, Ok(0), "per source");
    let parked = model.parked(&orders()).await.unwrap();
    let found = (parked[1].stream.as_str(), parked[1].position, parked[1].event_type.as_str());
    assert_eq!(found, ("order-a", Position(1), "OrderCreated"), "what an operator needs");
}

async fn released<S: Site>(site: S) {
    let mut model = site.database().open(LEDGER).await.unwrap();
    model.checkpoint(&orders()).await.unwrap();
    model.begin().await.unwrap();
    park(&mut model, "order-a", 0, "no such customer").await;
    park(&mut model, "order-a", 1, "behind a parked event").await;
    model.commit().await.unwrap();

    model.begin().await.unwrap();
    assert_eq!(model.release(&orders(), Position(0)).await, Ok(true));
    model.rollback().await.unwrap();
    assert_eq!(model.parked_count(&orders()).await, Ok(2), "C1");

    model.begin().await.unwrap();
    assert_eq!(model.release(&orders(), Position(0)).await, Ok(true));
    assert_eq!(model.release(&orders(), Position(0)).await, Ok(false), "it is not there");
    let (source, again) = (orders(), event("order-a", 1));
    let key = Key::from("order-a");
    let parked = ParkedEvent { source: &source, key: &key, event: &again, why: "still not" };
    model.park(parked).await.unwrap();
    model.commit().await.unwrap();
    let parked = model.parked(&orders()).await.unwrap();
    let [row] = &parked[..] else { panic!("{parked:?}") };
    assert_eq!((row.position, row.event), (Position(1), again.id));
    assert_eq!((row.key.as_str(), row.why.as_str()), ("order-a", "still not"));
}

async fn given_up<S: Site>(site: S) {
    let mut model = site.database().open(LEDGER).await.unwrap();
    model.checkpoint(&orders()).await.unwrap();
    model.begin().await.unwrap();
    park(&mut model, "order-a", 0, "no such customer").await;
    model.commit().await.unwrap();
    model.begin().await.unwrap();
    assert_eq!(model.give_up(&orders(), Position(0), "a typing error").await, Ok(true));
    assert_eq!(model.give_up(&orders(), Position(7), "not there").await, Ok(false));
    model.commit().await.unwrap();
    assert_eq!(model.parked_count(&orders()).await, Ok(0));
    let select = "select position, parked_why, why from _headwater_discarded";
    let kept: Option<(u64, String, String)> = S::row(model.tx(), select, ()).await.unwrap();
    assert_eq!(kept, Some((0, "no such customer".into(), "a typing error".into())));
}
