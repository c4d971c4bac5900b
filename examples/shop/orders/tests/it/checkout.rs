//! How a checkout goes, step by step.

use headwater::prelude::*;
use headwater::testing::{Conducting, saga, writes_contract};
use shop_orders::checkout::*;
use shop_orders::order::{Order, OrderCommand, Reason};
use shop_orders::{CustomerId, Money, OrderId};
use std::path::Path;

const LIMIT: Duration = Duration::from_secs(30);

fn order() -> OrderId {
    "o1".into()
}

fn ann() -> CustomerId {
    "ann".into()
}

fn amount() -> Money {
    "10.00".parse().unwrap()
}

fn asked() -> Conducting<Checkout> {
    let reserve =
        CreditRequest::ReserveCredit { customer: ann(), order: order(), amount: amount() };
    saga(Checkout { limit: LIMIT }, order())
        .on(CheckoutInput::OrderCreated { order: order(), customer: ann(), total: amount() })
        .then(Actions::new().send(reserve).wake(LIMIT, CheckoutTimer::Unanswered))
}

fn declined(reason: Reason) -> Actions<CheckoutTimer> {
    Actions::new().run::<Order>(&order(), OrderCommand::Decline { reason })
}

#[test]
fn every_answer_of_the_customers_service_ends_the_checkout() {
    asked()
        .on(CheckoutInput::CreditReserved { order: order() })
        .then(Actions::new().run::<Order>(&order(), OrderCommand::Approve).complete())
        .then_no_timer();
    asked()
        .on(CheckoutInput::CreditLimitExceeded { order: order() })
        .then(declined(Reason::CreditLimitExceeded).complete());
    asked()
        .on(CheckoutInput::CustomerNotFound { order: order() })
        .then(declined(Reason::UnknownCustomer).complete());
}

#[test]
fn an_unanswered_checkout_declines_and_undoes() {
    let release = CreditRequest::ReleaseCredit { customer: ann(), order: order() };
    asked().after(LIMIT).then(declined(Reason::TimedOut).send(release).compensated());
}

#[test]
fn a_refusal_that_nobody_expects_waits_for_a_person() {
    let why = "ReserveCredit was refused: customer.gone";
    asked().refused("ReserveCredit", "customer.gone").then(Actions::new().park(why));
}

#[test]
fn an_order_that_its_customer_cancels_gives_its_credit_back() {
    let release = CreditRequest::ReleaseCredit { customer: ann(), order: order() };
    let reason = Reason::CustomerRequest;
    saga(Checkout { limit: LIMIT }, returned(&order()))
        .on(CheckoutInput::OrderCancelled { order: order(), customer: ann(), reason })
        .then(Actions::new().send(release).compensated());
}

/// A typo in a name or a field compiles, and waits for ever.
#[test]
fn customers_keeps_what_the_checkout_needs_of_it() {
    let customers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../customers");
    writes_contract::<CheckoutInput>(&customers, "customers", "orders/checkout");
}
