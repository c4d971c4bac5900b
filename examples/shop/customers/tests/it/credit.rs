//! What customers makes of what it hears.

use headwater::prelude::*;
use headwater::testing::{reaction, writes_contract};
use shop_customers::credit::{KeepCredit, OrderNews};
use shop_customers::customer::{Customer, CustomerCommand};
use shop_customers::{CustomerId, Money, OrderId};
use std::path::Path;

#[test]
fn a_new_order_asks_for_credit_and_a_cancelled_one_gives_it_back() {
    let (order, customer) = (OrderId::from("o1"), CustomerId::from("ann"));
    let total: Money = "12.34".parse().unwrap();
    let reserve = CustomerCommand::ReserveCredit { order: order.clone(), amount: total };
    let release = CustomerCommand::ReleaseCredit { order: order.clone() };
    reaction(KeepCredit)
        .on(OrderNews::OrderCreated { order: order.clone(), customer: customer.clone(), total })
        .then(Actions::new().run::<Customer>(&customer, reserve))
        .on(OrderNews::OrderCancelled { order, customer: customer.clone() })
        .then(Actions::new().run::<Customer>(&customer, release));
}

/// A typo in a name or a field compiles, and waits for ever.
#[test]
fn orders_keeps_what_the_credit_needs_of_it() {
    let orders = Path::new(env!("CARGO_MANIFEST_DIR")).join("../orders");
    writes_contract::<OrderNews>(&orders, "orders", "customers/keep-credit");
}
