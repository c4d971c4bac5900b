//! What customers promises to those who read it.

use headwater::testing::{keeps_contracts, writes_golden};
use shop_customers::Money;
use shop_customers::customer::CustomerEvent;
use std::path::Path;

headwater::schema_lock!(CustomerEvent);

/// One of each.
fn examples() -> Vec<CustomerEvent> {
    use CustomerEvent::*;
    let amount: Money = "12.34".parse().unwrap();
    vec![
        CustomerCreated { name: "Ann".into(), credit_limit: amount },
        CreditReserved { order: "o1".into(), amount },
        CreditLimitExceeded { order: "o1".into() },
        CustomerNotFound { order: "o1".into() },
        CreditReleased { order: "o1".into(), amount },
        GoodsReturned { reference: "r1".into(), amount, released: amount },
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
