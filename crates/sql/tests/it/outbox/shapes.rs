//! Services that come from Debezium or Eventuate Tram keep their writers and their tables.

use super::database::{Database, NO_LEASE};
use super::{contexts, exhaust, recorded, store};
use headwater_sql::outbox::{OutboxTable, Relay, RelayError, Shape};
use std::sync::Arc;

/// As the two projects document their tables, with the types of the database.
fn tables(database: &Database) -> [String; 3] {
    let (uuid, json, dbid) = match database.name() {
        "PostgreSQL" => ("uuid", "jsonb", "bigserial primary key"),
        "MariaDB" => ("uuid", "json", "bigint auto_increment primary key"),
        _ => ("text", "text", "integer primary key autoincrement"),
    };
    [
        format!(
            "create table outbox (id {uuid} not null, aggregatetype varchar(255) not null, \
             aggregateid varchar(255) not null, type varchar(255) not null, payload {json})"
        ),
        "create table message (id varchar(255) primary key, destination text not null, \
         headers text not null, payload text not null, published smallint default 0, \
         message_partition smallint, creation_time bigint)"
            .to_owned(),
        format!(
            "create table message_dbid (dbid {dbid}, id varchar(255), destination text not null, \
             headers text not null, payload text not null, published smallint default 0, \
             message_partition smallint, creation_time bigint)"
        ),
    ]
}

/// What a relay of this table records: stream, type, id, payload.
async fn relayed(database: &Database, table: OutboxTable) -> Vec<[String; 4]> {
    let contexts = contexts();
    let store = store(&contexts);
    let mut relay = Relay::new(database.address(), table, Arc::clone(&store), NO_LEASE);
    relay.desk().make_tables().await.unwrap();
    exhaust(&mut relay).await;
    assert_eq!(relay.desk().parked(10).await.unwrap(), [], "{}", database.name());
    let events = recorded(&store).await.into_iter();
    let shown = events.map(|event| {
        let payload = String::from_utf8(event.payload.to_vec()).unwrap().replace(' ', "");
        [event.stream.to_string(), event.event_type.to_string(), event.id.to_string(), payload]
    });
    shown.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_of_debezium_is_read_in_the_order_of_its_inserts() {
    const ID: &str = "6f1c2a52-9c1b-4a0e-8b1a-00000000000";
    for database in Database::all().await {
        if database.name() == "SQLite" {
            continue; // Debezium knows none
        }
        database.run(&tables(&database)[0]).await;
        let table = OutboxTable::of(Shape::Debezium);
        let contexts = contexts();
        let unordered =
            Relay::new(database.address(), table.clone(), store(&contexts), NO_LEASE).turn().await;
        assert!(matches!(unordered, Err(RelayError::Shape { .. })), "{unordered:?}");
        assert_eq!(relayed(&database, table.clone()).await, Vec::<[String; 4]>::new());
        for (n, payload) in [(9, "'{\"a\":1}'"), (3, "'{\"a\":2}'"), (5, "null")] {
            database
                .run(&format!(
                    "insert into outbox (id, aggregatetype, aggregateid, type, payload) \
                     values ('{ID}{n}', 'customer-order', '7', 'OrderPlaced', {payload})"
                ))
                .await;
        }
        let row = |n: u8, payload: &str| {
            let id = format!("{ID}{n}");
            ["customer_order-7".to_owned(), "OrderPlaced".to_owned(), id, payload.to_owned()]
        };
        let expected = [row(9, r#"{"a":1}"#), row(3, r#"{"a":2}"#), row(5, "null")];
        assert_eq!(relayed(&database, table).await, expected, "{}", database.name());
        assert_eq!(database.number("select count(*) from outbox").await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_messages_of_eventuate_are_read_by_either_kind_of_id_and_marked() {
    let event =
        r#"{"PARTITION_ID":"7","event-aggregate-id":"7","event-type":"io.shop.OrderPlaced"}"#;
    let reply =
        r#"{"ID":"a reply","PARTITION_ID":"x","reply_type":"Done","reply_to_message_id":"m"}"#;
    for database in Database::all().await {
        let [_, message, message_dbid] = tables(&database);
        database.run(&message).await;
        database.run(&message_dbid).await;
        for (id, destination, headers) in [
            ("0000018c2a7b3c4e-0242ac1100020000", "replies-of-orders", reply),
            ("0000018c2a7b3c4d-0242ac1100020000", "io.shop.Order", event),
        ] {
            for (table, id) in [("message", id), ("message_dbid", "")] {
                database
                    .run(&format!(
                        "insert into {table} (id, destination, headers, payload, creation_time) \
                         values ('{id}', '{destination}', '{headers}', '{{}}', 1)"
                    ))
                    .await;
            }
        }
        let by_id = relayed(&database, OutboxTable::of(Shape::Eventuate)).await;
        let placed = [
            "io.shop.Order-7",
            "io.shop.OrderPlaced",
            "0000018c-2a7b-3c4d-0242-ac1100020000",
            "{}",
        ];
        let replied = ["replies_of_orders-x", "Done", "0000018c-2a7b-3c4e-0242-ac1100020000", "{}"];
        assert_eq!(
            by_id,
            [placed, replied].map(|row| row.map(str::to_owned)),
            "{}",
            database.name()
        );
        let table = OutboxTable::named(Shape::EventuateDbid, "message_dbid").unwrap();
        let by_dbid = relayed(&database, table).await;
        let kinds: Vec<&str> = by_dbid.iter().map(|row| &*row[1]).collect();
        assert_eq!(kinds, ["Done", "io.shop.OrderPlaced"], "{}", database.name());
        for table in ["message", "message_dbid"] {
            let marked = format!("select count(*) from {table} where published = 1");
            assert_eq!(database.number(&marked).await, 2, "{}", database.name());
        }
    }
}
