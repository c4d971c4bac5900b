//! What orders promises to those who read it.

use headwater::testing::{keeps_contracts, writes_golden};
use shop_orders::order::{OrderEvent, Reason};
use std::path::Path;

headwater::schema_lock!(OrderEvent);

/// One of each.
fn examples() -> Vec<OrderEvent> {
    let (customer, reason) = ("ann".into(), Reason::CreditLimitExceeded);
    vec![
        OrderEvent::Created { customer: "ann".into(), total: "12.34".parse().unwrap() },
        OrderEvent::Approved,
        OrderEvent::Cancelled { customer, reason },
    ]
}

#[test]
fn events_look_as_their_readers_know_them() {
    writes_golden(&Path::new(env!("CARGO_MANIFEST_DIR")).join("golden"), examples());
}

/// A field that a reader elsewhere needs is not dropped here by mistake.
#[test]
fn every_reader_finds_what_it_needs() {
    keeps_contracts(Path::new(env!("CARGO_MANIFEST_DIR")), examples());
}

/// These words are in the API's documentation, and in rows and events that are kept.
#[test]
fn reasons_are_written_as_documented() {
    use Reason::*;
    let written = [CreditLimitExceeded, UnknownCustomer, CustomerRequest, TimedOut]
        .map(|reason| serde_json::to_value(reason).unwrap());
    assert_eq!(
        written,
        ["CREDIT_LIMIT_EXCEEDED", "UNKNOWN_CUSTOMER", "CUSTOMER_REQUEST", "TIMED_OUT"]
    );
}
