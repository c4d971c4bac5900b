//! The plain story, as a service's author meets it.

use super::database::{Database, NO_LEASE, Writer};
use super::{contexts, event, exhaust, recorded, said, store, stream};
use bytes::Bytes;
use headwater_model::{AppendError, ContentType, Metadata, Tag};
use headwater_sql::outbox::{Outbox, OutboxError, RelaySettings};
use tokio::sync::watch;

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_published_if_and_only_if_its_transaction_commits() {
    for database in Database::all().await {
        let (contexts, mut writer) = (contexts(), database.connect().await);
        let store = store(&contexts);
        let mut relay = database.relay(&store, NO_LEASE);
        writer.write(&stream("order-1"), &[event(1), event(2)], true).await;
        writer.write(&stream("order-1"), &[event(3)], false).await;
        writer.write(&stream("order-2"), &[event(4)], true).await;
        writer.write(&stream("order-1"), &[event(5)], true).await;
        exhaust(&mut relay).await;
        let name = database.name();
        assert_eq!(
            said(&store, "order-1").await,
            [r#"{"n":1}"#, r#"{"n":2}"#, r#"{"n":5}"#],
            "{name}"
        );
        assert_eq!(said(&store, "order-2").await, [r#"{"n":4}"#], "{name}");
        assert_eq!(database.number("select count(*) from headwater_outbox").await, 0, "{name}");
        assert_eq!(relay.status().report().published_count, 4, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_arrives_as_it_was_written() {
    for database in Database::all().await {
        let (contexts, mut writer) = (contexts(), database.connect().await);
        let store = store(&contexts);
        let mut full = event(1);
        full.schema_version = 7;
        full.tags = vec![Tag::new("order:1").unwrap(), Tag::new("customer:ä").unwrap()];
        full.metadata = Metadata {
            correlation: Some("c".into()),
            actor: Some("clerk".into()),
            free: vec![("shop".into(), "Zürich 'west'".into())],
            ..Metadata::default()
        };
        let mut bytes = event(2);
        bytes.content_type = ContentType::Binary;
        bytes.payload = Bytes::from_static(&[0, 255, 39, 92]);
        let mut quoted = event(3);
        quoted.payload = Bytes::from_static(br#"{"text":"a\\b\n'\u00e9? $1"}"#);
        let asked = [full, bytes, quoted];
        writer.write(&stream("order-1"), &asked, true).await;
        exhaust(&mut database.relay(&store, NO_LEASE)).await;
        let found = recorded(&store).await;
        assert_eq!(found.len(), asked.len(), "{}", database.name());
        for (asked, found) in asked.iter().zip(&found) {
            assert_eq!(asked.id, found.id, "{}", database.name());
            assert!(asked.same_content(found), "{}: {found:?}", database.name());
            assert_eq!(asked.metadata, found.metadata, "{}", database.name());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_store_would_take_is_refused_where_it_is_written() {
    let database = Database::sqlite().await;
    let Writer::Sqlite(mut connection) = database.connect().await else { unreachable!() };
    let tx = connection.transaction().unwrap();
    let mut large = event(1);
    large.payload = Bytes::from(vec![b' '; headwater_model::limits::PAYLOAD_BYTES_MAX + 1]);
    let mut broken = event(2);
    broken.payload = Bytes::from_static(b"{");
    let refused =
        |event| Outbox::new().write_sqlite(&tx, &stream("order-1"), &[event]).unwrap_err();
    assert!(matches!(refused(large), OutboxError::Event(AppendError::TooLarge { .. })));
    assert!(matches!(refused(broken), OutboxError::Event(AppendError::Invalid { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_rows_with_one_id_are_one_event() {
    for database in Database::all().await {
        let (contexts, mut writer) = (contexts(), database.connect().await);
        let store = store(&contexts);
        let mut relay = database.relay(&store, NO_LEASE);
        for n in [1, 1, 2] {
            writer.write(&stream("order-1"), &[event(n)], true).await;
        }
        exhaust(&mut relay).await;
        writer.write(&stream("order-1"), &[event(2)], true).await;
        exhaust(&mut relay).await;
        assert_eq!(
            said(&store, "order-1").await,
            [r#"{"n":1}"#, r#"{"n":2}"#],
            "{}",
            database.name()
        );
        assert_eq!(relay.status().report().repeated_count, 2, "{}", database.name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_at_work_carries_what_is_written_and_ends_when_it_is_told_to() {
    for database in Database::all().await {
        let (contexts, mut writer) = (contexts(), database.connect().await);
        let store = store(&contexts);
        let (stop, stopped) = watch::channel(false);
        let relay = database.relay(&store, RelaySettings::default());
        let status = std::sync::Arc::clone(relay.status());
        let running = tokio::spawn(relay.run(stopped));
        let mut past = None;
        for n in 1..=20 {
            writer.write(&stream("order-1"), &[event(n)], true).await;
            past = Some(store.wait_past(past).await.unwrap());
        }
        stop.send_replace(true);
        running.await.unwrap();
        assert_eq!(recorded(&store).await.len(), 20, "{}", database.name());
        assert!(status.report().published_count <= 20, "{}", database.name());
        let held = "select count(*) from headwater_outbox_share where owner is not null";
        assert_eq!(database.number(held).await, 0, "{}: it gave its shares back", database.name());
    }
}
