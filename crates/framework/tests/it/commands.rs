//! Commands: asked once, twice, by two at once, and under a key that stood for something else.

use crate::domain::Shop;
use crate::domain::orders::*;
use crate::domain::tally::{Tally, TallyCommand, TallyId};
use headwater::prelude::*;
use headwater::testing::{World, block_on};

fn create(total: u64) -> OrderCommand {
    OrderCommand::Create { customer: "ann".into(), total }
}

#[test]
fn the_same_key_again_is_answered_with_the_same_events_and_writes_nothing() {
    let shop = Shop::open();
    let order = OrderId::from("o1");
    let first = shop.run::<Order>(&shop.orders, &order, create(1), "k").unwrap();
    let again = shop.run::<Order>(&shop.orders, &order, create(1), "k").unwrap();
    assert!(!first.replayed && again.replayed);
    assert_eq!((first.events, first.position), (again.events, again.position));
    assert_eq!(shop.world.types("orders"), ["OrderCreated"]);
    assert_eq!(again.context.as_str(), "orders");
}

#[test]
fn a_retry_is_answered_from_the_first_try_even_when_the_state_would_now_refuse() {
    let shop = Shop::open();
    let order = OrderId::from("o1");
    shop.run::<Order>(&shop.orders, &order, create(1), "k").unwrap();
    shop.run::<Order>(&shop.orders, &order, OrderCommand::Approve, "approve").unwrap();
    shop.run::<Order>(&shop.orders, &order, OrderCommand::Cancel, "cancel").unwrap();
    let again = shop.run::<Order>(&shop.orders, &order, OrderCommand::Cancel, "cancel").unwrap();
    assert!(again.replayed);
    assert_eq!(again.events.len(), 1);
    let other = shop.run::<Order>(&shop.orders, &order, OrderCommand::Cancel, "another key");
    assert_eq!(other.unwrap_err(), CommandError::Refused(OrderRefusal::NotApproved));
}

#[test]
fn the_same_key_for_another_command_is_refused() {
    let shop = Shop::open();
    let order = OrderId::from("o1");
    shop.run::<Order>(&shop.orders, &order, create(1), "k").unwrap();
    let reused = shop.run::<Order>(&shop.orders, &order, create(2), "k").unwrap_err();
    assert_eq!(reused.code(), "command.key_reused");
    assert_eq!(shop.world.types("orders"), ["OrderCreated"]);
}

#[test]
pub(crate) fn a_decider_that_is_not_idempotent_counts_a_retried_command_once() {
    for stored in [false, true] {
        for n in 0..3 {
            let mut shop = Shop::open();
            shop.world.crash(n, stored);
            let all = TallyId::from("all");
            for key in ["a", "b", "c", "a", "c"] {
                shop.run::<Tally>(&shop.tally, &all, TallyCommand::Count, key).unwrap();
            }
            assert_eq!(shop.counted(), 3, "append {n}, stored {stored}");
            assert!(shop.world.crashed());
        }
    }
}

#[test]
pub(crate) fn a_cached_state_that_others_have_changed_neither_decides_nor_refuses() {
    let mut world = World::new();
    let store = world.store.clone();
    let here = world.start(Service::new("orders", &store).decider::<Order>());
    let there = world.start(Service::new("orders", &store).decider::<Order>());
    let order = OrderId::from("o1");
    let run = |service: &Service, command, key: &str| {
        block_on(service.run::<Order>(&order, command, &Cause::keyed(key)))
    };
    run(&here, create(1), "1").unwrap();
    run(&there, OrderCommand::Approve, "2").unwrap();
    // Here the order is still pending, as far as is remembered, and could not be cancelled.
    assert_eq!(run(&here, OrderCommand::Cancel, "3").unwrap().events.len(), 1);
    // There it is still approved, and could be.
    assert_eq!(run(&there, OrderCommand::Approve, "4").unwrap().events, []);
    let refused = run(&there, OrderCommand::Cancel, "5").unwrap_err();
    assert_eq!(refused, CommandError::Refused(OrderRefusal::NotApproved));
}

#[test]
fn commands_side_by_side_to_one_stream_are_all_carried_out() {
    let shop = Shop::open();
    let all = TallyId::from("all");
    let keys: Vec<String> = (0..64).map(|n| n.to_string()).collect();
    let runs = keys.iter().map(|key| {
        let (tally, all) = (shop.tally.clone(), all.clone());
        async move { tally.run::<Tally>(&all, TallyCommand::Count, &Cause::keyed(key)).await }
    });
    let answers = block_on(futures_util::future::join_all(runs));
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(shop.counted(), 64);
}

#[test]
fn an_id_that_names_no_stream_is_refused_and_writes_nothing() {
    let shop = Shop::open();
    let refused = shop.run::<Order>(&shop.orders, &OrderId::from("a\nb"), create(1), "k");
    assert_eq!(refused.unwrap_err().code(), "command.invalid_name");
    assert!(shop.world.types("orders").is_empty());
}

#[test]
fn a_state_can_be_seen_as_it_was() {
    let mut shop = Shop::open();
    shop.world.pause("customers");
    let order = OrderId::from("o1");
    let created = shop.run::<Order>(&shop.orders, &order, create(1), "1").unwrap();
    let before = shop.world.now();
    shop.world.advance(Duration::from_secs(1));
    shop.run::<Order>(&shop.orders, &order, OrderCommand::Approve, "2").unwrap();
    let load = |at| block_on(shop.orders.load::<Order>(&order, at)).unwrap();
    let pending = Order::Pending("ann".into());
    assert_eq!(load(AsOf::Now).state, Order::Approved("ann".into()));
    assert_eq!(load(AsOf::Position(created.position.unwrap())).state, pending);
    assert_eq!(load(AsOf::Time(before)).state, pending);
    assert_eq!(load(AsOf::Time(before)).revision, Some(Revision(0)));
}
