//! What orders promises to those who read it.

use headwater::testing::writes_golden;
use shop_orders::order::{OrderEvent, Reason};
use std::path::Path;

headwater::schema_lock!(OrderEvent);

#[test]
fn events_look_as_their_readers_know_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let (customer, reason) = ("ann".into(), Reason::CreditLimitExceeded);
    writes_golden(
        &folder,
        [
            OrderEvent::Created { customer: "ann".into(), total: "12.34".parse().unwrap() },
            OrderEvent::Approved,
            OrderEvent::Cancelled { customer, reason },
        ],
    );
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
