//! The shop as a whole: its promise on a virtual clock, its flow over HTTP, and its year.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare has failed")]

mod demo;
mod described;
mod killed;
mod oracle;
mod promise;
mod replayed;
mod town;
mod trip;
mod whole;
mod world;

use std::path::{Path, PathBuf};

/// A small year: 204 invoices of 23 customers, with all that makes the real one hard to read.
fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/orders.csv")
}
