//! Promises about shapes: the lock of the small shop's events, and readers that fit their publishers.

use crate::domain::customers::CustomerEvent;
use crate::domain::customers::OrderNews;
use crate::domain::orders::{CreditAnswer, OrderEvent, Reason};
use crate::domain::tally::TallyEvent;
use headwater::testing::{reads_golden, writes_golden};
use std::path::Path;

headwater::schema_lock!(OrderEvent, CustomerEvent, TallyEvent);

fn golden() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/golden"))
}

#[test]
fn orders_writes_what_its_golden_files_say() {
    let customer = || "ann".into();
    writes_golden(
        golden(),
        [
            OrderEvent::Created { customer: customer(), total: 1_000 },
            OrderEvent::Approved,
            OrderEvent::Cancelled { customer: customer(), reason: Reason::Time },
        ],
    );
}

#[test]
fn customers_writes_what_its_golden_files_say() {
    writes_golden(
        golden(),
        [
            CustomerEvent::CustomerCreated { limit: 1_500 },
            CustomerEvent::CreditReserved { order: "o1".into(), amount: 1_000 },
            CustomerEvent::CreditRefused { order: "o1".into() },
            CustomerEvent::CreditReleased { order: "o1".into() },
        ],
    );
}

#[test]
fn each_reads_what_the_other_publishes() {
    reads_golden::<OrderNews>(golden(), "orders");
    reads_golden::<CreditAnswer>(golden(), "customers");
}
