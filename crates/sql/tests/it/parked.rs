//! Parked events are rows of the same transaction: C1 and C3 rest on their being there if and only
//! if the checkpoint has passed them.

use crate::{at, now, open, orders};
use bytes::Bytes;
use headwater_framework::{Database, Key, ParkedEvent, ReadModel};
use headwater_model::{
    ContentType, EventId, EventType, Metadata, Position, RecordedEvent, Revision, StreamName,
    Timestamp,
};
use headwater_sql::{Sqlite, SqliteModel};
use uuid::Uuid;

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

async fn park(model: &mut SqliteModel, stream: &str, position: u64, why: &str) {
    let (source, event) = (orders(), event(stream, position));
    let key = Key::from(event.stream.clone());
    let parked = ParkedEvent { source: &source, key: &key, event: &event, why };
    model.park(parked).await.unwrap();
    model.save_checkpoint(&source, at(position)).await.unwrap();
}

#[test]
fn parked_events_and_their_followers_are_kept_with_the_checkpoint() {
    let directory = tempfile::tempdir().unwrap();
    let database = Sqlite::file(directory.path().join("ledger.db"));
    let mut model = open(&database);
    now(async {
        model.begin().await.unwrap();
        park(&mut model, "order-a", 0, "no such customer").await;
        park(&mut model, "order-a", 1, "behind a parked event").await;
        park(&mut model, "order-b", 2, "no such customer").await;
        model.commit().await.unwrap();
        model.begin().await.unwrap();
        park(&mut model, "order-c", 3, "rolled back").await;
        model.rollback().await.unwrap();
    });
    drop(model);

    let mut model = open(&database);
    let keys = now(model.parked_keys(&orders())).unwrap();
    assert_eq!(keys, [Key::from("order-a"), Key::from("order-b")]);
    assert_eq!(now(model.parked_count(&orders())), Ok(3));
    assert_eq!(now(model.checkpoint(&orders())), Ok(Some(at(2))));
    let customers = headwater_model::ContextName::new("customers").unwrap();
    assert_eq!(now(model.parked_count(&customers)), Ok(0), "per source");
    let parked: Vec<(String, u64, String, String)> = model
        .tx()
        .rows("select stream, position, event_type, why from _headwater_parked order by 2", ())
        .unwrap();
    assert_eq!(
        parked[1],
        ("order-a".into(), 1, "OrderCreated".into(), "behind a parked event".into()),
        "what an operator needs to find it"
    );
}

#[test]
fn a_parked_event_is_released_with_its_rows_or_not_at_all() {
    let directory = tempfile::tempdir().unwrap();
    let database = Sqlite::file(directory.path().join("ledger.db"));
    let mut model = open(&database);
    now(async {
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
        let (source, event) = (orders(), event("order-a", 1));
        let key = Key::from("order-a");
        let again = ParkedEvent { source: &source, key: &key, event: &event, why: "still not" };
        model.park(again).await.unwrap();
        model.commit().await.unwrap();
    });
    let parked = now(open(&database).parked(&orders())).unwrap();
    let [row] = &parked[..] else { panic!("{parked:?}") };
    assert_eq!((row.position, row.event), (Position(1), event("order-a", 1).id));
    assert_eq!((row.key.as_str(), row.why.as_str()), ("order-a", "still not"));
}

/// Read models of earlier versions have no table for what was given up; they get it when opened.
#[test]
fn what_was_given_up_is_kept_with_both_reasons_also_in_an_older_model() {
    let directory = tempfile::tempdir().unwrap();
    let database = Sqlite::file(directory.path().join("ledger.db"));
    let mut model = open(&database);
    model.tx().execute("drop table _headwater_discarded", ()).unwrap();
    drop(model);
    let mut model = now(database.open(crate::LEDGER)).unwrap();
    now(async {
        model.begin().await.unwrap();
        park(&mut model, "order-a", 0, "no such customer").await;
        model.commit().await.unwrap();
        model.begin().await.unwrap();
        assert_eq!(model.give_up(&orders(), Position(0), "a typing error").await, Ok(true));
        assert_eq!(model.give_up(&orders(), Position(7), "not there").await, Ok(false));
        model.commit().await.unwrap();
    });
    assert_eq!(now(model.parked_count(&orders())), Ok(0));
    let kept: Vec<(u64, String, String)> =
        model.tx().rows("select position, parked_why, why from _headwater_discarded", ()).unwrap();
    assert_eq!(kept, [(0, "no such customer".into(), "a typing error".into())]);
}
