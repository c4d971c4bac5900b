//! The replay: a real shop's year, driven through the gateway, and audited.
//!
//! Why: the shop's promise — no customer over their limit, whatever races, repeats or crashes — is
//! kept on real orders or not at all.
//!
//! Picture:
//! ```text
//!   file ─▶ invoices ─▶ drive ─▶ door ─▶ gateway ─▶ the shop ─▶ store
//!                         │                                      │
//!                       tally ─────────▶ audit ◀──── ledger ◀────┘
//! ```
//! Invariants: a replay is a function of its file and its limit. Run again over the same data, or
//! after being killed anywhere, it ends in the same figures; another file or limit over the same
//! data is another replay and disturbs neither.

pub mod audit;
pub mod decimal;
pub mod door;
pub mod drive;
pub mod figures;
pub mod invoices;
pub mod ledger;
pub mod progress;

pub use audit::AuditError;
pub use figures::{Figures, Tally};
pub use invoices::{Book, BookError, Deed, Invoice};

use door::{Door, DoorError};
use drive::{DriveError, Plan};
use headwater::prelude::*;
use progress::Progress;
use sha2::{Digest, Sha256};
use shop_money::Money;
use std::time::Instant;

/// Why a replay has no figures.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The shop cannot be reached at all.
    #[error(transparent)]
    Door(#[from] DoorError),
    /// It stopped on the way.
    #[error(transparent)]
    Drive(#[from] DriveError),
    /// It came to its end and does not pass.
    #[error("the audit failed: {0}")]
    Audit(#[from] AuditError),
}

/// How long an order of a replay may wait: for ever, as far as anybody can see.
///
/// A replay is a year in a few seconds and may be killed and go on next month; what becomes of an
/// order must not depend on when that is.
pub const TIME_LIMIT: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);

/// Drives `book` through the shop at `gateway`, whose events are in `store`, and audits it.
///
/// # Errors
/// [`ReplayError`] says where it stopped, or which accounts disagree.
pub async fn replay(
    book: &Book,
    credit_limit: Money,
    gateway: &str,
    store: &Store,
) -> Result<Figures, ReplayError> {
    let door = Door::at(gateway)?;
    let plan = Plan { name: name_of(book, credit_limit), credit_limit };
    let progress = Progress::of("invoices", book.invoices.len());
    let begun = Instant::now();
    let served = drive::drive(book, &plan, &door, &progress).await?;
    let took = begun.elapsed();
    progress.done();
    let progress = Progress::of("audit", served.len());
    let outstanding = audit::audit(&served, store, &door, &progress).await?;
    progress.done();
    let tally = served.iter().fold(Tally::default(), |sum, customer| sum.and(customer.tally));
    Ok(Figures::new(book, served.len(), &tally, outstanding, took))
}

/// What the keys of this replay begin with: the same for the same invoices and limit.
fn name_of(book: &Book, credit_limit: Money) -> String {
    let mut digest = Sha256::new();
    digest.update(format!("{credit_limit}\n"));
    for Invoice { number, customer, deed } in &book.invoices {
        digest.update(format!("{number}\t{customer}\t{deed:?}\n"));
    }
    let digest = digest.finalize();
    format!("replay-{}", hex::encode(digest.get(..8).unwrap_or_default()))
}
