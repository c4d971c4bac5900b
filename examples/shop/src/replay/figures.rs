//! Figures: what a replay came to, in one line of JSON.
//!
//! Invariants: what was approved is what was released and what is outstanding, to the penny.

use serde::Serialize;
use shop_money::Money;
use std::fmt;
use std::time::Duration;

/// What happened to some customers' invoices.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Tally {
    /// Orders within the limit.
    pub approved: u64,
    /// Orders that were not.
    pub cancelled: u64,
    /// Invoices of goods brought back.
    pub returns: u64,
    /// Invoices that ask nothing.
    pub skipped_invoices: u64,
    /// The approved orders' totals.
    pub sum_approved: Money,
    /// The cancelled orders' totals.
    pub sum_cancelled: Money,
    /// What returns released.
    pub sum_released: Money,
}

impl Tally {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let sum = |a, b| [a, b].into_iter().sum();
        Self {
            approved: self.approved + other.approved,
            cancelled: self.cancelled + other.cancelled,
            returns: self.returns + other.returns,
            skipped_invoices: self.skipped_invoices + other.skipped_invoices,
            sum_approved: sum(self.sum_approved, other.sum_approved),
            sum_cancelled: sum(self.sum_cancelled, other.sum_cancelled),
            sum_released: sum(self.sum_released, other.sum_released),
        }
    }

    /// Invoices that were dealt with.
    pub fn invoices(&self) -> u64 {
        self.orders() + self.returns + self.skipped_invoices
    }

    /// Orders that were decided.
    pub fn orders(&self) -> u64 {
        self.approved + self.cancelled
    }

    /// What customers still owe; `None` if more was released than was ever approved.
    pub fn outstanding(&self) -> Option<Money> {
        self.sum_approved.checked_sub(self.sum_released)
    }
}

/// What a whole replay came to.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Figures {
    /// Rows without a customer.
    pub rows_skipped: u64,
    /// Invoices with a customer.
    pub invoices: u64,
    /// Customers.
    pub customers: u64,
    /// Orders within the limit.
    pub approved: u64,
    /// Orders that were not.
    pub cancelled: u64,
    /// Invoices of goods brought back.
    pub returns: u64,
    /// Invoices that ask nothing.
    pub skipped_invoices: u64,
    /// The approved orders' totals.
    pub sum_approved: Money,
    /// The cancelled orders' totals.
    pub sum_cancelled: Money,
    /// What returns released.
    pub sum_released: Money,
    /// What customers owe at the end.
    pub outstanding: Money,
    /// From the first request to the last decision.
    pub seconds: f64,
    /// Orders decided in each of them.
    pub orders_per_second: f64,
}

impl Figures {
    /// From what was read, what was done, what is owed, and how long it took.
    pub fn new(
        book: &super::Book,
        customers: usize,
        tally: &Tally,
        outstanding: Money,
        took: Duration,
    ) -> Self {
        let seconds = took.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate, not an account")]
        let orders = tally.orders() as f64;
        Self {
            rows_skipped: book.rows_skipped,
            invoices: book.invoices.len() as u64,
            customers: customers as u64,
            approved: tally.approved,
            cancelled: tally.cancelled,
            returns: tally.returns,
            skipped_invoices: tally.skipped_invoices,
            sum_approved: tally.sum_approved,
            sum_cancelled: tally.sum_cancelled,
            sum_released: tally.sum_released,
            outstanding,
            seconds: to_places(seconds, 3),
            orders_per_second: to_places(orders / seconds.max(f64::EPSILON), 1),
        }
    }
}

fn to_places(value: f64, places: i32) -> f64 {
    let scale = 10_f64.powi(places);
    (value * scale).round() / scale
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>10} rows without a customer, skipped", self.rows_skipped)?;
        writeln!(f, "{:>10} invoices of {} customers", self.invoices, self.customers)?;
        writeln!(f, "{:>10} orders approved   £{:>15}", self.approved, self.sum_approved)?;
        writeln!(f, "{:>10} orders cancelled  £{:>15}", self.cancelled, self.sum_cancelled)?;
        writeln!(f, "{:>10} returns, released £{:>15}", self.returns, self.sum_released)?;
        writeln!(f, "{:>10} outstanding       £{:>15}", "", self.outstanding)?;
        writeln!(f, "{:>10} invoices without anything to do", self.skipped_invoices)?;
        write!(f, "{:>10} seconds, {} orders/s", self.seconds, self.orders_per_second)
    }
}
