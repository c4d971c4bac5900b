//! Given, when, then: the customer as its page says it.

use headwater::testing::given;
use shop_customers::customer::*;
use shop_customers::{Money, OrderId};

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

fn order(n: u32) -> OrderId {
    n.to_string().into()
}

fn created() -> CustomerEvent {
    CustomerEvent::CustomerCreated { name: "Ann".into(), credit_limit: money("15.00") }
}

fn reserved(n: u32, amount: &str) -> CustomerEvent {
    CustomerEvent::CreditReserved { order: order(n), amount: money(amount) }
}

fn released(n: u32, amount: &str) -> CustomerEvent {
    CustomerEvent::CreditReleased { order: order(n), amount: money(amount) }
}

fn returned(reference: &str, amount: &str, released: &str) -> CustomerEvent {
    let (amount, released) = (money(amount), money(released));
    CustomerEvent::GoodsReturned { reference: reference.into(), amount, released }
}

fn reserve(n: u32, amount: &str) -> CustomerCommand {
    CustomerCommand::ReserveCredit { order: order(n), amount: money(amount) }
}

fn release(n: u32) -> CustomerCommand {
    CustomerCommand::ReleaseCredit { order: order(n) }
}

fn take_back(reference: &str, amount: &str) -> CustomerCommand {
    CustomerCommand::ReturnGoods { reference: reference.into(), amount: money(amount) }
}

#[test]
fn a_customer_is_created_once() {
    let create =
        || CustomerCommand::CreateCustomer { name: "Ann".into(), credit_limit: money("15.00") };
    given::<Customer>([]).when(create()).then([created()]);
    given::<Customer>([created()]).when(create()).then_refused(CustomerRefusal::Exists);
}

#[test]
fn exactly_what_is_available_can_be_reserved_and_not_a_penny_more() {
    let some = || [created(), reserved(1, "10.00")];
    given::<Customer>(some()).when(reserve(2, "5.00")).then([reserved(2, "5.00")]);
    given::<Customer>(some())
        .when(reserve(2, "5.01"))
        .then([CustomerEvent::CreditLimitExceeded { order: order(2) }]);
}

#[test]
fn a_stranger_is_not_found() {
    let not_found = || CustomerEvent::CustomerNotFound { order: order(1) };
    given::<Customer>([]).when(reserve(1, "1.00")).then([not_found()]);
    given::<Customer>([]).when(take_back("r", "1.00")).then_refused(CustomerRefusal::Unknown);
}

/// An order that is heard of again, also after it was answered with no or gave its credit back, must
/// not be given credit now.
#[test]
fn an_order_is_answered_once() {
    let exceeded = CustomerEvent::CreditLimitExceeded { order: order(1) };
    for answered in [
        vec![created(), reserved(1, "10.00")],
        vec![created(), exceeded],
        vec![created(), reserved(1, "10.00"), released(1, "10.00")],
        vec![CustomerEvent::CustomerNotFound { order: order(1) }],
    ] {
        given::<Customer>(answered).when(reserve(1, "10.00")).then_nothing();
    }
}

#[test]
fn released_credit_can_be_reserved_again() {
    given::<Customer>([created(), reserved(1, "15.00")])
        .when(release(1))
        .then([released(1, "15.00")])
        .when(release(1))
        .then_nothing()
        .when(reserve(2, "15.00"))
        .then([reserved(2, "15.00")]);
    given::<Customer>([created()]).when(release(1)).then_nothing();
}

#[test]
fn a_return_releases_at_most_what_is_outstanding_once_per_reference() {
    given::<Customer>([created(), reserved(1, "10.00")])
        .when(take_back("r1", "4.00"))
        .then([returned("r1", "4.00", "4.00")])
        .when(take_back("r1", "4.00"))
        .then_nothing()
        .when(take_back("r2", "40.00"))
        .then([returned("r2", "40.00", "6.00")])
        .when(take_back("r3", "1.00"))
        .then([returned("r3", "1.00", "0.00")]);
}

/// What came back before an order is cancelled is not given back a second time.
#[test]
fn a_cancelled_order_releases_at_most_what_is_outstanding() {
    given::<Customer>([created(), reserved(1, "10.00"), returned("r1", "4.00", "4.00")])
        .when(release(1))
        .then([released(1, "6.00")])
        .when(reserve(2, "15.00"))
        .then([reserved(2, "15.00")]);
}
