//! B2, from end to end against a real server: what was there, what changes, in which order, as what.

use super::world::World;
use crate::world::{following, halted, told};
use headwater_cdc::mapping::OnSchemaChange;
use headwater_cdc::{Mapping, OutboxShape, Shape};

const ORDERS: &[&str] =
    &["create table orders (id bigint primary key, customer varchar(40), total decimal(12,2))"];

fn orders(world: &World) -> Mapping {
    Mapping::default().table(world.table("orders").category("order"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_there_is_found_once_and_what_changes_is_told_in_order() {
    let Some(world) = World::new(ORDERS).await else { return };
    world.sql("insert into orders select seq, concat('c', seq), seq from seq_1_to_3");
    let mining = world.mine(orders(&world));
    following(&mining).await;
    world.sql("insert into orders values (4, 'Jörg', 12.50)");
    world.transaction(&[
        "update orders set total = 7 where id = 4",
        "delete from orders where id = 1",
    ]);
    let events = world.await_events(&mining, 6).await;
    mining.drain().await;
    let expected = [
        r#"order-1 OrdersFound {"id":1,"customer":"c1","total":"1.00"}"#,
        r#"order-2 OrdersFound {"id":2,"customer":"c2","total":"2.00"}"#,
        r#"order-3 OrdersFound {"id":3,"customer":"c3","total":"3.00"}"#,
        r#"order-4 OrdersInserted {"id":4,"customer":"Jörg","total":"12.50"}"#,
        r#"order-4 OrdersUpdated {"id":4,"customer":"Jörg","total":"7.00"}"#,
        r#"order-1 OrdersDeleted {"id":1,"customer":"c1","total":"1.00"}"#,
    ];
    assert_eq!(told(&events), expected);
    let of = |n: usize, key| events[n].metadata.get(key).expect("it is known").to_owned();
    assert_eq!(of(4, "cdc.transaction"), of(5, "cdc.transaction"), "one transaction");
    assert_ne!(of(3, "cdc.transaction"), of(4, "cdc.transaction"), "another one");
    assert_eq!((of(4, "cdc.change"), of(5, "cdc.change")), ("0".to_owned(), "1".to_owned()));
    assert_eq!(of(5, "cdc.table"), format!("{}.orders", world.database));
    assert!(of(5, "cdc.transaction").starts_with("0-1-"), "MariaDB's own number of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_rolled_back_is_never_told_and_a_row_that_moves_is_two_changes() {
    let Some(world) = World::new(ORDERS).await else { return };
    let mut mapping = orders(&world);
    mapping.tables[0].shape = Shape::Changed;
    let mining = world.mine(mapping);
    following(&mining).await;
    world.sql(
        "begin not atomic start transaction; insert into orders values (1, 'a', 1); savepoint s; \
         insert into orders values (2, 'b', 2); rollback to s; commit; \
         start transaction; insert into orders values (3, 'c', 3); rollback; end",
    );
    world.sql("update orders set customer = 'd'");
    world.sql("update orders set id = 9");
    let events = world.await_events(&mining, 4).await;
    mining.drain().await;
    let expected = [
        r#"order-1 OrdersInserted {"id":1,"customer":"a","total":"1.00"}"#,
        r#"order-1 OrdersUpdated {"key":{"id":1},"changed":{"customer":"d"}}"#,
        r#"order-1 OrdersDeleted {"id":1,"customer":"d","total":"1.00"}"#,
        r#"order-9 OrdersInserted {"id":9,"customer":"d","total":"1.00"}"#,
    ];
    assert_eq!(told(&events), expected);
    assert_eq!(events[2].metadata.get("cdc.moved"), Some("order-9"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_changes_is_followed_or_stops_the_miner_as_its_mapping_says() {
    let Some(world) = World::new(ORDERS).await else { return };
    let follow = world.mine(orders(&world));
    following(&follow).await;
    world.sql("insert into orders values (1, 'a', 1)");
    world.sql("alter table orders add column note text after id, drop column total");
    world.sql("insert into orders values (2, 'new', 'b')");
    let events = world.await_events(&follow, 2).await;
    follow.drain().await;
    assert_eq!(told(&events)[1], r#"order-2 OrdersInserted {"id":2,"note":"new","customer":"b"}"#);

    let mut mapping = orders(&world);
    mapping.tables[0].on_schema_change = OnSchemaChange::Halt;
    let halt = world.mine(mapping.clone());
    following(&halt).await;
    world.sql("insert into orders values (3, 'old', 'c')");
    world.await_events(&halt, 3).await;
    world.sql("alter table orders rename column note to remark");
    world.sql("insert into orders values (4, 'r', 'd')");
    let (code, why) = halted(&halt).await;
    assert_eq!(code, "cdc.schema_changed");
    assert!(why.contains("remark is new, note is gone"), "{why}");
    let accepted = world.mine(mapping);
    let events = world.await_events(&accepted, 4).await;
    accepted.drain().await;
    let last = r#"order-4 OrdersInserted {"id":4,"remark":"r","customer":"d"}"#;
    assert_eq!(told(&events)[3], last);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_emptied_is_told_and_one_that_is_swapped_is_followed() {
    let Some(world) = World::new(ORDERS).await else { return };
    let mining = world.mine(orders(&world));
    following(&mining).await;
    world.sql("insert into orders values (1, 'a', 1)");
    world.sql("truncate table orders");
    // As tools do that alter tables while they are in use.
    world.sql("create table fresh like orders");
    world.sql("alter table fresh add column note text");
    world.sql("rename table orders to old, fresh to orders");
    world.sql("insert into orders values (2, 'b', 2, 'n')");
    world.sql("drop table orders");
    let events = world.await_events(&mining, 4).await;
    mining.drain().await;
    let expected = [
        r#"order-1 OrdersInserted {"id":1,"customer":"a","total":"1.00"}"#,
        "order OrdersTruncated {}",
        r#"order-2 OrdersInserted {"id":2,"customer":"b","total":"2.00","note":"n"}"#,
        "order OrdersTruncated {}",
    ];
    assert_eq!(told(&events), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_is_one_append_and_a_very_large_one_comes_in_parts_that_say_so() {
    let Some(world) = World::new(ORDERS).await else { return };
    let mining = world.mine(orders(&world));
    following(&mining).await;
    let before = world.append_count();
    world.sql("insert into orders select seq, 'c', seq from seq_1_to_8000");
    world.await_events(&mining, 8_000).await;
    assert_eq!(world.append_count() - before, 1, "eight thousand rows are one append");
    world.transaction(&[
        "update orders set customer = 'd' where id <= 2",
        "insert into orders select seq, 'e', seq from seq_8001_to_20000",
    ]);
    let events = world.await_events(&mining, 20_002).await;
    mining.drain().await;
    assert_eq!(world.append_count() - before, 3, "and twelve thousand are two");
    let parts: Vec<_> = events[8_000..].iter().map(|e| e.metadata.get("cdc.part")).collect();
    assert!(parts[..9_000].iter().all(|part| *part == Some("0")), "the first part says so");
    assert!(parts[9_000..].iter().all(|part| *part == Some("9000")), "the second where it begins");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_an_outbox_are_the_events_that_were_written() {
    let setup = [
        "create table outbox (id uuid primary key, aggregatetype varchar(255) not null, \
         aggregateid varchar(255) not null, type varchar(255) not null, payload json)",
        "insert into outbox values ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'order', '1', 'OrderCreated', '{\"n\": 1}')",
    ];
    let Some(world) = World::new(&setup).await else { return };
    let table = format!("{}.outbox", world.database);
    let mining = world.mine(Mapping::default().outbox(&table, OutboxShape::Debezium));
    following(&mining).await;
    world.transaction(&[
        "insert into outbox values ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12', 'order-line', '1', 'LineAdded', '{}')",
        "delete from outbox",
    ]);
    let events = world.await_events(&mining, 2).await;
    mining.drain().await;
    assert_eq!(told(&events), ["order-1 OrderCreated {\"n\": 1}", "order_line-1 LineAdded {}"]);
    assert_eq!(events[0].id.to_string(), "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "its own id");
}
