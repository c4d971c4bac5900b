//! The oracle: what a book of invoices must come to, by arithmetic alone.
//!
//! No service, no event, no store: a customer is a number that orders raise up to the limit and
//! returns lower down to nothing.

use shop::replay::{Book, Deed, Tally};
use shop_money::Money;
use std::collections::HashMap;

/// What all customers together must come to, and what they owe then.
pub(crate) fn expected(book: &Book, limit: Money) -> (Tally, Money) {
    let mut owed: HashMap<&str, i64> = HashMap::new();
    let (mut tally, mut approved, mut cancelled, mut released) = (Tally::default(), 0, 0, 0);
    for invoice in &book.invoices {
        let owed = owed.entry(&invoice.customer).or_default();
        match invoice.deed {
            Deed::Order(total) if *owed + total.pence() <= limit.pence() => {
                *owed += total.pence();
                approved += total.pence();
                tally.approved += 1;
            }
            Deed::Order(total) => {
                cancelled += total.pence();
                tally.cancelled += 1;
            }
            Deed::Return(amount) => {
                let back = amount.pence().min(*owed);
                *owed -= back;
                released += back;
                tally.returns += 1;
            }
            Deed::Nothing => tally.skipped_invoices += 1,
        }
    }
    let pence = |pence| Money::from_pence(pence).unwrap();
    tally.sum_approved = pence(approved);
    tally.sum_cancelled = pence(cancelled);
    tally.sum_released = pence(released);
    (tally, pence(owed.values().sum()))
}

/// The figures that were once worked out from the fixture with another program and another
/// arithmetic (decimals, not pence). They hold the reading of the file and the oracle in place.
#[test]
fn the_oracle_agrees_with_what_was_worked_out_elsewhere() {
    let book = Book::open(&crate::fixture()).unwrap();
    assert_eq!((book.rows_skipped, book.invoices.len(), book.by_customer().len()), (22, 204, 23));
    for (limit, approved, cancelled, sums) in [
        ("0.01", 1, 169, ["0.01", "22347.51", "0.00", "0.01"]),
        ("50", 56, 114, ["883.66", "21463.86", "232.98", "650.68"]),
        ("1000", 141, 29, ["10890.68", "11456.84", "644.52", "10246.16"]),
        ("1000000", 170, 0, ["22347.52", "0.00", "1448.77", "20898.75"]),
    ] {
        let (tally, owed) = expected(&book, limit.parse().unwrap());
        let seen = [tally.sum_approved, tally.sum_cancelled, tally.sum_released, owed];
        assert_eq!((tally.approved, tally.cancelled), (approved, cancelled), "{limit}");
        assert_eq!(seen.map(|sum| sum.to_string()), sums, "{limit}");
        assert_eq!((tally.returns, tally.skipped_invoices), (28, 6));
    }
}
