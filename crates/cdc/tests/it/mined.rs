//! B2, from end to end against a real server: what was there, what changes, in which order, as what.

use crate::world::{World, following, halted, json, told};
use headwater_cdc::mapping::{EventNames, OnSchemaChange};
use headwater_cdc::{Mapping, Shape, TableMapping};

const ORDERS: &[&str] = &[
    "create table orders (id bigint primary key, customer text, total numeric(12,2))",
    "create publication mined for table orders",
];

fn orders() -> Mapping {
    Mapping::default().table(TableMapping::of("public.orders").category("order"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_there_is_found_once_and_what_changes_is_told_in_order() {
    let Some(world) = World::new(ORDERS).await else { return };
    world.sql("insert into orders select n, 'c' || n, n from generate_series(1, 3) n");
    let mining = world.mine(orders());
    following(&mining).await;
    world.sql("insert into orders values (4, 'Jörg', 12.50)");
    world.sql(
        "begin; update orders set total = 7 where id = 4; delete from orders where id = 1; commit",
    );
    let events = world.await_events(&mining, 6).await;
    mining.drain().await;
    let expected = [
        r#"order-1 OrdersFound {"id":1,"customer":"c1","total":"1.00"}"#,
        r#"order-2 OrdersFound {"id":2,"customer":"c2","total":"2.00"}"#,
        r#"order-3 OrdersFound {"id":3,"customer":"c3","total":"3.00"}"#,
        r#"order-4 OrdersInserted {"id":4,"customer":"Jörg","total":"12.50"}"#,
        r#"order-4 OrdersUpdated {"id":4,"customer":"Jörg","total":"7.00"}"#,
        r#"order-1 OrdersDeleted {"id":1}"#,
    ];
    assert_eq!(told(&events), expected);
    let of = |n: usize, key| events[n].metadata.get(key).expect("it is known").to_owned();
    assert_eq!(of(4, "cdc.transaction"), of(5, "cdc.transaction"), "one transaction");
    assert_ne!(of(3, "cdc.transaction"), of(4, "cdc.transaction"), "another one");
    assert_eq!((of(4, "cdc.change"), of(5, "cdc.change")), ("0".to_owned(), "1".to_owned()));
    assert_eq!(of(5, "cdc.table"), "public.orders");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_is_told_exactly() {
    let setup = [
        "create domain cents as bigint",
        "create type mood as enum ('glad', 'sad')",
        "create table things (id int primary key, big int8, dec numeric, real8 float8, yes bool, at timestamptz, \
         local timestamp, day date, raw bytea, doc jsonb, words text[], grid int[], who uuid, price cents, mood mood, \
         prices cents[], moods mood[], nothing text)",
        "create publication mined for table things",
    ];
    let Some(world) = World::new(&setup).await else { return };
    let row = "(1, 9223372036854775807, 12345678901234567890.123456789, 0.1, true, '2026-03-09 14:00:00.5+01', \
         '2026-03-09 14:00:00', '2026-03-09', '\\x00ff', '{\"n\": 12345678901234567890.5, \"s\": \"ü\"}', \
         '{a,\"b,c\",NULL}', '{{1,2},{3,4}}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 250, 'glad', '{1,2}', '{glad,sad}', null)";
    world.sql(&format!("insert into things values {row}"));
    let mining = world.mine(Mapping::default().table(TableMapping::of("public.things")));
    following(&mining).await;
    world.sql("update things set id = 2");
    world.sql("update things set id = 1");
    let events = world.await_events(&mining, 5).await;
    mining.drain().await;
    let expected = r#"{"id":1,"big":9223372036854775807,"dec":"12345678901234567890.123456789","real8":0.1,"yes":true,"at":"2026-03-09T13:00:00.5Z","local":"2026-03-09T14:00:00","day":"2026-03-09","raw":"AP8=","doc":{"n": 12345678901234567890.5, "s": "ü"},"words":["a","b,c",null],"grid":[[1,2],[3,4]],"who":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11","price":250,"mood":"glad","prices":[1,2],"moods":["glad","sad"],"nothing":null}"#;
    assert_eq!(String::from_utf8_lossy(&events[0].payload), expected, "as it is found");
    assert_eq!(String::from_utf8_lossy(&events[4].payload), expected, "and as the log tells it");
    let moved: Vec<_> = told(&events)[1..3].iter().map(|t| t[..20].to_owned()).collect();
    assert_eq!(moved, ["things-1 ThingsDelet", "things-2 ThingsInser"], "a row that moves is two");
    assert_eq!(events[2].metadata.get("cdc.moved"), Some("things-1"));
    assert_eq!(events[1].metadata.get("cdc.moved"), Some("things-2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_value_that_did_not_change_is_named_or_filled_in_but_never_null() {
    let setup = [
        "create table papers (id int primary key, title text, body text)",
        "alter table papers alter body set storage external",
        "create publication mined for table papers",
        "insert into papers values (1, 'a', repeat('x', 100000))",
    ];
    let Some(world) = World::new(&setup).await else { return };
    let mining = world.mine(Mapping::default().table(TableMapping::of("public.papers")));
    following(&mining).await;
    world.sql("update papers set title = 'b'");
    world.sql("alter table papers replica identity full");
    world.sql("update papers set title = 'c'");
    let events = world.await_events(&mining, 3).await;
    mining.drain().await;
    assert_eq!(told(&events)[1], r#"papers-1 PapersUpdated {"id":1,"title":"b"}"#);
    assert_eq!(events[1].metadata.get("cdc.unchanged"), Some("body"));
    assert_eq!(json(&events[2])["body"].as_str().map(str::len), Some(100_000), "the log tells all");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_says_what_is_shown_how_it_is_named_and_what_it_is_found_by() {
    let setup = [
        "create table order_items (ord int, line int, sku text, secret text, primary key (ord, line))",
        "alter table order_items replica identity full",
        "create publication mined for table order_items",
    ];
    let Some(world) = World::new(&setup).await else { return };
    let toml = r#"
        [[table]]
        table = "public.order_items"
        category = "item"
        shape = "changed"
        leave_out = ["secret"]
        tags = ["order:{ord}", "sku:{sku}"]
        names = { updated = "ItemChanged" }
    "#;
    let mapping: Mapping = toml::from_str(toml).expect("a mapping");
    let mining = world.mine(mapping);
    following(&mining).await;
    world.sql("insert into order_items values (7, 1, null, 's')");
    world.sql("update order_items set sku = 'pen'");
    world.sql("truncate order_items");
    let events = world.await_events(&mining, 3).await;
    mining.drain().await;
    let expected = [
        r#"item-7,1 OrderItemsInserted {"ord":7,"line":1,"sku":null}"#,
        r#"item-7,1 ItemChanged {"key":{"ord":7,"line":1},"changed":{"sku":"pen"}}"#,
        "item OrderItemsTruncated {}",
    ];
    assert_eq!(told(&events), expected);
    let tags = |n: usize| events[n].tags.iter().map(|t| t.to_string()).collect::<Vec<_>>();
    assert_eq!(
        (tags(0), tags(1)),
        (vec!["order:7".into()], vec!["order:7".into(), "sku:pen".into()])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_changes_is_followed_or_stops_the_miner_as_its_mapping_says() {
    let Some(world) = World::new(ORDERS).await else { return };
    let follow = world.mine(orders());
    following(&follow).await;
    world.sql("insert into orders values (1, 'a', 1)");
    world.sql("alter table orders add column note text; alter table orders drop column total");
    world.sql("insert into orders values (2, 'b', 'new')");
    let events = world.await_events(&follow, 2).await;
    follow.drain().await;
    assert_eq!(told(&events)[1], r#"order-2 OrdersInserted {"id":2,"customer":"b","note":"new"}"#);

    let mut mapping = orders();
    mapping.tables[0].on_schema_change = OnSchemaChange::Halt;
    let halt = world.mine(mapping.clone());
    following(&halt).await;
    world.sql("insert into orders values (3, 'c', 'old')");
    world.await_events(&halt, 3).await;
    world.sql(
        "alter table orders rename column note to remark; insert into orders values (4, 'd', 'r')",
    );
    let (code, why) = halted(&halt).await;
    assert_eq!(code, "cdc.schema_changed");
    assert!(why.contains("remark is new, note is gone"), "{why}");
    let accepted = world.mine(mapping);
    let events = world.await_events(&accepted, 4).await;
    accepted.drain().await;
    assert_eq!(told(&events)[3], r#"order-4 OrdersInserted {"id":4,"customer":"d","remark":"r"}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_is_one_append_and_a_very_large_one_comes_in_parts_that_say_so() {
    let Some(world) = World::new(ORDERS).await else { return };
    let mut mapping = orders();
    mapping.tables[0].shape = Shape::BeforeAndAfter;
    mapping.tables[0].names =
        EventNames { inserted: Some("New".to_owned()), ..EventNames::default() };
    let mining = world.mine(mapping);
    following(&mining).await;
    let before = world.append_count();
    world.sql("insert into orders select n, 'c', n from generate_series(1, 8000) n");
    world.await_events(&mining, 8_000).await;
    assert_eq!(world.append_count() - before, 1, "eight thousand rows are one append");
    world.sql("update orders set customer = 'd' where id <= 2; insert into orders select n, 'e', n from generate_series(8001, 20000) n");
    let events = world.await_events(&mining, 20_002).await;
    mining.drain().await;
    assert_eq!(world.append_count() - before, 3, "and twelve thousand are two");
    let parts: Vec<_> = events[8_000..].iter().map(|e| e.metadata.get("cdc.part")).collect();
    assert!(parts[..9_000].iter().all(|part| *part == Some("0")), "the first part says so");
    assert!(parts[9_000..].iter().all(|part| *part == Some("9000")), "the second where it begins");
    let of = |n: usize| events[n].metadata.get("cdc.transaction").expect("known");
    assert_eq!(of(8_000), of(20_001), "one transaction");
}
