//! Outboxes that are mined instead of polled: the rows of others' tables are events as they stand.

use crate::world::{World, following, told};
use headwater_cdc::{Mapping, OutboxShape};

#[tokio::test(flavor = "multi_thread")]
async fn debezium_s_rows_are_events_even_if_they_are_deleted_at_once() {
    let setup = [
        "create table outbox (id uuid primary key, aggregatetype varchar(255) not null, \
         aggregateid varchar(255) not null, type varchar(255) not null, payload jsonb)",
        "create publication mined for table outbox",
        "insert into outbox values ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'order', '1', 'OrderCreated', '{\"n\": 1}')",
    ];
    let Some(world) = World::new(&setup).await else { return };
    let mining = world.mine(Mapping::default().outbox("public.outbox", OutboxShape::Debezium));
    following(&mining).await;
    world.sql(
        "begin; insert into outbox values ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12', 'order-line', '1', 'LineAdded', '{}'); \
         delete from outbox; commit",
    );
    let events = world.await_events(&mining, 2).await;
    mining.drain().await;
    assert_eq!(told(&events), ["order-1 OrderCreated {\"n\": 1}", "order_line-1 LineAdded {}"]);
    assert_eq!(events[0].id.to_string(), "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "its own id");
}

#[tokio::test(flavor = "multi_thread")]
async fn eventuate_s_messages_keep_their_type_their_key_and_their_headers() {
    let setup = [
        "create table message (id varchar(255) primary key, destination text not null, headers text not null, \
         payload text not null, published smallint default 0, message_partition smallint, creation_time bigint)",
        "create publication mined for table message",
    ];
    let Some(world) = World::new(&setup).await else { return };
    let mining = world.mine(Mapping::default().outbox("public.message", OutboxShape::Eventuate));
    following(&mining).await;
    world.sql(
        "insert into message (id, destination, headers, payload) values \
         ('0000018c2a7b3c4d-0242ac1100020000', 'Order', '{\"event-type\":\"OrderCreated\",\"PARTITION_ID\":\"7\"}', '{\"n\":1}'), \
         ('x', 'customers', '{\"command_type\":\"ReserveCredit\",\"reply_to_message_id\":\"m\"}', 'plain')",
    );
    world.sql("update message set published = 1");
    world.sql("insert into message (id, destination, headers, payload) values ('y', 'customers', '{}', '1')");
    let events = world.await_events(&mining, 3).await;
    mining.drain().await;
    let expected = [
        "Order-7 OrderCreated {\"n\":1}",
        "customers-x ReserveCredit plain",
        "customers-y Message 1",
    ];
    assert_eq!(told(&events), expected);
    assert_eq!(
        events[0].id.to_string(),
        "0000018c-2a7b-3c4d-0242-ac1100020000",
        "the same 128 bits"
    );
    assert_eq!(events[1].metadata.causation.as_deref(), Some("m"));
    assert_eq!(events[0].metadata.get("PARTITION_ID"), Some("7"));
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_our_own_outbox_are_the_events_that_were_written() {
    let setup = [
        "create table headwater_outbox (seq bigserial primary key, id uuid not null, stream text not null, \
         type text not null, schema_version bigint not null, payload text, payload_bytes bytea, metadata text, tags text)",
        "create publication mined for table headwater_outbox",
    ];
    let Some(world) = World::new(&setup).await else { return };
    let mining = world.mine(Mapping::default().outbox("public.headwater_outbox", OutboxShape::Own));
    following(&mining).await;
    world.sql(
        "insert into headwater_outbox (id, stream, type, schema_version, payload, payload_bytes, metadata, tags) values \
         ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'order-1', 'OrderCreated', 2, '{}', null, '{\"actor\":\"ann\",\"k\":\"v\"}', '[\"customer:7\"]'), \
         ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12', 'order-1', 'OrderDrawn', 1, null, '\\x00ff', null, null)",
    );
    let events = world.await_events(&mining, 2).await;
    mining.drain().await;
    assert_eq!((events[0].schema_version, events[0].metadata.actor.as_deref()), (2, Some("ann")));
    assert_eq!(events[0].tags[0].as_str(), "customer:7");
    assert_eq!(events[1].payload.as_ref(), [0, 0xFF]);
}
