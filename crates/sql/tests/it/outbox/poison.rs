//! A row that no store takes held up every row behind it, for ever. It is parked with the reason now,
//! and holds up its own stream only (C3).

use super::database::{Database, NO_LEASE};
use super::{contexts, event, exhaust, said, store, stream};
use headwater_model::{ExpectedRevision, StreamChange};

const PLAIN: &str = "insert into headwater_outbox (stream, type, payload) values";

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_row_holds_up_its_stream_and_no_other_until_it_is_mended() {
    for database in Database::all().await {
        let (contexts, name) = (contexts(), database.name());
        let store = store(&contexts);
        let mut relay = database.relay(&store, NO_LEASE);
        for row in [
            "'order-1', 'A', '1'",
            "'order-1', 'B', '{'",
            "'order-1', 'C', '3'",
            "'order-2', 'D', '4'",
        ] {
            database.run(&format!("{PLAIN} ({row})")).await;
        }
        exhaust(&mut relay).await;
        assert_eq!(said(&store, "order-1").await, ["1"], "{name}");
        assert_eq!(said(&store, "order-2").await, ["4"], "{name}");
        database.run(&format!("{PLAIN} ('order-1', 'E', '5')")).await;
        exhaust(&mut relay).await;
        let parked = relay.desk().parked(10).await.unwrap();
        assert_eq!(parked.len(), 3, "{name}: {parked:?}");
        let why = parked.iter().filter(|row| row.why.contains("no JSON")).count();
        assert_eq!(why, 1, "{name}: {parked:?}");

        database.run("update headwater_outbox set payload = '2' where payload = '{'").await;
        assert_eq!(relay.desk().retry("order-1").await, Ok(3), "{name}");
        exhaust(&mut relay).await;
        assert_eq!(said(&store, "order-1").await, ["1", "2", "3", "5"], "{name}");
        assert_eq!(relay.desk().parked(10).await.unwrap(), [], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_row_that_is_given_up_lets_those_behind_it_go() {
    for database in Database::all().await {
        let (contexts, name) = (contexts(), database.name());
        let store = store(&contexts);
        let mut relay = database.relay(&store, NO_LEASE);
        for row in ["'$own-1', 'A', '1'", "'order-1', '', '2'", "'order-1', 'C', '3'"] {
            database.run(&format!("{PLAIN} ({row})")).await;
        }
        exhaust(&mut relay).await;
        let parked = relay.desk().parked(10).await.unwrap();
        let named = |text: &str| {
            let row = parked.iter().find(|row| row.why.contains(text));
            row.unwrap_or_else(|| panic!("{name}: {text} in {parked:?}")).row.clone()
        };
        assert_eq!(relay.desk().discard(&named("kept for the system")).await, Ok(true), "{name}");
        assert_eq!(relay.desk().discard(&named("is empty")).await, Ok(true), "{name}");
        assert_eq!(relay.desk().discard("4711").await, Ok(false), "{name}");
        assert_eq!(relay.desk().retry("order-1").await, Ok(1), "{name}");
        exhaust(&mut relay).await;
        assert_eq!(said(&store, "order-1").await, ["3"], "{name}");
        assert_eq!(database.number("select count(*) from headwater_outbox").await, 0, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_store_refuses_for_good_is_parked_with_its_words() {
    let database = Database::sqlite().await;
    let (contexts, mut writer) = (contexts(), database.connect().await);
    let store = store(&contexts);
    let mut relay = database.relay(&store, NO_LEASE);
    writer.write(&stream("order-1"), &[event(1)], true).await;
    exhaust(&mut relay).await;
    let tombstone = StreamChange::Tombstone;
    store.change_stream(stream("order-9"), ExpectedRevision::Any, tombstone).await.unwrap();
    writer.write(&stream("order-9"), &[event(2), event(3)], true).await;
    let mut other = event(1);
    other.payload = "{}".into();
    writer.write(&stream("order-1"), &[other, event(4)], true).await;
    writer.write(&stream("order-2"), &[event(5)], true).await;
    exhaust(&mut relay).await;
    assert_eq!(said(&store, "order-2").await, [r#"{"n":5}"#]);
    assert_eq!(said(&store, "order-1").await, [r#"{"n":1}"#]);
    let parked = relay.desk().parked(10).await.unwrap();
    assert_eq!(parked.len(), 4, "{parked:?}");
    for (stream, words) in [("order-9", "tombstoned"), ("order-1", "other content")] {
        let is_it = |row: &&_| {
            let row: &headwater_sql::outbox::ParkedRow = row;
            row.stream == stream && row.why.contains(words)
        };
        assert_eq!(parked.iter().filter(is_it).count(), 1, "{stream}: {parked:?}");
    }
}
