//! The flow between services, in good order: what is decided, when, and only once.

use crate::domain::customers::CustomerId;
use crate::domain::orders::*;
use crate::domain::{LIMIT, Shop};
use headwater::prelude::*;
use headwater::testing::{given, projection, reaction};

fn created() -> OrderEvent {
    OrderEvent::Created { customer: "ann".into(), total: 1_000 }
}

#[test]
fn a_pending_order_is_approved_once() {
    given::<Order>([created()]).when(OrderCommand::Approve).then([OrderEvent::Approved]);
    given::<Order>([created(), OrderEvent::Approved]).when(OrderCommand::Approve).then_nothing();
    given::<Order>([]).when(OrderCommand::Approve).then_refused(OrderRefusal::Unknown);
    given::<Order>([created()]).when(OrderCommand::Cancel).then_refused(OrderRefusal::NotApproved);
}

#[test]
fn an_answer_settles_the_order() {
    let order = OrderId::from("o1");
    reaction(SettleOrder)
        .on(CreditAnswer::CreditReserved { order: order.clone() })
        .then(Actions::new().run::<Order>(&order, OrderCommand::Approve));
}

#[test]
fn a_table_shows_the_order() {
    let table = projection(OrdersTable, headwater::testing::MemoryDatabase::default());
    let table = table.given_in("order-o1", [created()]).given_in("order-o2", [created()]);
    assert_eq!(
        table.given_in("order-o1", [OrderEvent::Approved]).rows("o"),
        ["o1|approved", "o2|pending"]
    );
}

#[test]
fn orders_are_decided_by_the_credit_that_is_left() {
    let mut shop = Shop::open();
    shop.customer("ann", 1_500);
    let first = shop.order("a", "ann", 1_000);
    let second = shop.order("b", "ann", 501);
    let third = shop.order("c", "ann", 500);
    assert_eq!(shop.order("a", "ann", 1_000), first, "a retry lands on the same order");
    shop.world.settle();
    let ann = || "ann".into();
    assert_eq!(shop.state(&first), Order::Approved(ann()));
    assert_eq!(shop.state(&second), Order::Cancelled);
    assert_eq!(shop.state(&third), Order::Approved(ann()));

    assert!(shop.cancel("cancel a", &first));
    assert!(!shop.cancel("cancel b", &second), "it is cancelled already");
    shop.world.settle();
    let fourth = shop.order("d", "ann", 1_000);
    shop.world.settle();
    assert_eq!(
        shop.state(&fourth),
        Order::Approved(ann()),
        "the credit of the first is free again"
    );

    shop.world.advance(LIMIT);
    assert_eq!(shop.state(&third), Order::Approved(ann()), "time leaves settled orders alone");
    assert_eq!(shop.counted(), 4);
}

#[test]
fn an_order_without_an_answer_is_declined_at_its_time_and_a_late_reservation_is_released() {
    let mut shop = Shop::open();
    shop.customer("ann", 1_500);
    shop.world.pause("customers");
    let order = shop.order("a", "ann", 1_000);
    shop.world.settle();
    shop.world.advance(LIMIT - Duration::from_millis(1));
    assert_eq!(shop.state(&order), Order::Pending("ann".into()), "not before its time");
    shop.world.advance(Duration::from_millis(1));
    assert_eq!(shop.state(&order), Order::Cancelled);
    shop.world.resume("customers");
    shop.world.settle();
    assert_eq!(shop.state(&order), Order::Cancelled);
    assert_eq!(shop.count("customers", "CreditReserved"), 1);
    assert_eq!(shop.count("customers", "CreditReleased"), 1);
}

#[test]
fn every_event_tells_what_it_was_part_of_and_what_led_to_it() {
    let mut shop = Shop::open();
    shop.customer("ann", 1_500);
    let order = OrderId::from("o1");
    let create = OrderCommand::Create { customer: "ann".into(), total: 10 };
    let cause = Cause::request("POST /orders", Some("ann"), "k").traced("00-trace-01");
    shop.world.block_on(shop.orders.run::<Order>(&order, create, &cause)).unwrap();
    shop.world.settle();

    let orders = shop.world.events("orders");
    let [created, approved] = &orders[..] else { panic!("{orders:?}") };
    let customers = shop.world.events("customers");
    let reserved = customers.last().unwrap();
    for event in [created, reserved, approved] {
        assert_eq!(event.metadata.correlation, Some(cause.id().to_string().into()));
        assert_eq!(event.metadata.actor.as_deref(), Some("ann"));
        assert_eq!(event.metadata.traceparent.as_deref(), Some("00-trace-01"));
    }
    assert_eq!(reserved.metadata.causation, Some(created.id.to_string().into()));
    assert_eq!(approved.metadata.causation, Some(reserved.id.to_string().into()));
    assert_eq!(created.metadata.get("command"), Some("Create"));
    assert_eq!(CustomerId::CATEGORY, "customer");
}
