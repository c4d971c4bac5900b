//! What orders makes of what it hears.

use headwater::prelude::*;
use headwater::testing::{reaction, writes_contract};
use shop_orders::OrderId;
use shop_orders::order::{Order, OrderCommand, Reason};
use shop_orders::settle::{CreditAnswer, ExpireOrder, Opened, SettleOrder};
use std::path::Path;

fn order() -> OrderId {
    "o1".into()
}

fn runs(command: OrderCommand) -> Actions {
    Actions::new().run::<Order>(&order(), command)
}

#[test]
fn every_answer_of_the_customers_service_settles_the_order() {
    use CreditAnswer::*;
    let declined = |reason| runs(OrderCommand::Decline { reason });
    reaction(SettleOrder)
        .on(CreditReserved { order: order() })
        .then(runs(OrderCommand::Approve))
        .on(CreditLimitExceeded { order: order() })
        .then(declined(Reason::CreditLimitExceeded))
        .on(CustomerNotFound { order: order() })
        .then(declined(Reason::UnknownCustomer));
}

#[test]
fn an_order_is_declined_when_it_is_as_old_as_the_limit() {
    let limit = Duration::from_secs(30);
    assert_eq!(ExpireOrder { limit }.delay(), limit);
    reaction(ExpireOrder { limit })
        .on(Opened::OrderCreated { order: order() })
        .then(runs(OrderCommand::Decline { reason: Reason::TimedOut }));
}

/// A typo in a name or a field compiles, and waits for ever.
#[test]
fn customers_keeps_what_settling_needs_of_it() {
    let customers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../customers");
    writes_contract::<CreditAnswer>(&customers, "customers", "orders/settle-order");
}
