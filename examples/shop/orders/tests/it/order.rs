//! Given, when, then: the order as its page says it.

use headwater::testing::given;
use shop_orders::CustomerId;
use shop_orders::order::*;

fn ann() -> CustomerId {
    "ann".into()
}

fn created() -> OrderEvent {
    OrderEvent::Created { customer: ann(), total: "12.34".parse().unwrap() }
}

fn cancelled(reason: Reason) -> OrderEvent {
    OrderEvent::Cancelled { customer: ann(), reason }
}

fn create() -> OrderCommand {
    OrderCommand::Create { customer: ann(), total: "12.34".parse().unwrap() }
}

fn decline(reason: Reason) -> OrderCommand {
    OrderCommand::Decline { reason }
}

#[test]
fn an_order_is_created_once() {
    given::<Order>([]).when(create()).then([created()]);
    given::<Order>([created()]).when(create()).then_refused(OrderRefusal::Exists);
}

#[test]
fn nothing_can_be_asked_of_an_order_that_is_not_there() {
    for command in [OrderCommand::Approve, OrderCommand::Cancel, decline(Reason::TimedOut)] {
        given::<Order>([]).when(command).then_refused(OrderRefusal::Unknown);
    }
}

#[test]
fn the_first_answer_stands() {
    use Reason::*;
    let approved = || [created(), OrderEvent::Approved];
    let declined = || [created(), cancelled(CreditLimitExceeded)];
    given::<Order>([created()]).when(OrderCommand::Approve).then([OrderEvent::Approved]);
    given::<Order>([created()]).when(decline(TimedOut)).then([cancelled(TimedOut)]);
    for late in [OrderCommand::Approve, decline(TimedOut), decline(UnknownCustomer)] {
        given::<Order>(approved()).when(late.clone()).then_nothing();
        given::<Order>(declined()).when(late).then_nothing();
    }
}

#[test]
fn only_an_approved_order_can_be_cancelled() {
    let approved = || [created(), OrderEvent::Approved];
    given::<Order>(approved())
        .when(OrderCommand::Cancel)
        .then([cancelled(Reason::CustomerRequest)]);
    given::<Order>([created()]).when(OrderCommand::Cancel).then_refused(OrderRefusal::NotApproved);
    given::<Order>([created(), OrderEvent::Approved, cancelled(Reason::CustomerRequest)])
        .when(OrderCommand::Cancel)
        .then_refused(OrderRefusal::NotApproved);
}
