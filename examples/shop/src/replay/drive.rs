//! Driving a book of invoices through the shop's door.
//!
//! Why: what really happened to a shop in a year is the best test of whether it keeps its promise:
//! customers side by side, each one's invoices in order.
//!
//! Picture:
//! ```text
//!   customers ─▶ next ─┬─▶ worker: customer, order, wait, return, order, wait, …  ─┐
//!                      ├─▶ worker: …                                               ├─▶ tally
//!                      └─▶ worker: …                                              ─┘
//! ```
//! Invariants: a customer's next invoice begins when the one before is decided. Every key is made
//! of the replay's own name and the invoice's number: driven again, everything is found done.

use super::door::{Door, DoorError, OrderState};
use super::figures::Tally;
use super::invoices::{Book, Deed, Invoice};
use super::progress::Progress;
use shop_money::Money;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Customers served at a time.
///
/// An order waits for three durable appends one after the other; this many waiting orders share
/// them, and more only make every one of them wait longer.
const SIDE_BY_SIDE: usize = 128;

/// An order that is not decided by then never will be.
const DECISION_LIMIT: Duration = Duration::from_secs(120);

/// What a replay needs to know of itself.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What its keys begin with: another file or limit is another replay.
    pub name: String,
    /// What every customer may owe.
    pub credit_limit: Money,
}

/// Why a replay stopped.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// The shop said no, or nothing.
    #[error("invoice {invoice} of customer {customer}: {why}")]
    Door {
        /// Whose.
        customer: String,
        /// Which, or `-` for the customer themselves.
        invoice: String,
        /// What.
        why: DoorError,
    },
    /// An order that nobody decides.
    #[error("invoice {invoice}: order {order} is still pending after {} s", DECISION_LIMIT.as_secs())]
    Undecided {
        /// Which.
        invoice: String,
        /// As the shop calls it.
        order: String,
    },
    /// A bug in the replay itself.
    #[error("a worker of the replay broke down: {0}")]
    Worker(#[from] tokio::task::JoinError),
}

/// A customer of the book, as the shop knows them, and what came of their invoices.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Served {
    /// Their id in the shop.
    pub id: String,
    /// Their name in the shop.
    pub name: String,
    /// What came of their invoices.
    pub tally: Tally,
}

/// Drives all of `book`, and returns the customers in the order in which the book meets them.
///
/// # Errors
/// [`DriveError`] names the invoice at which it stopped.
pub async fn drive(
    book: &Book,
    plan: &Plan,
    door: &Door,
    progress: &Progress,
) -> Result<Vec<Served>, DriveError> {
    let queue: Arc<Vec<Errand>> = Arc::new(Errand::all(book));
    let next = Arc::new(AtomicUsize::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..SIDE_BY_SIDE.min(queue.len()) {
        let (queue, next) = (Arc::clone(&queue), Arc::clone(&next));
        let worker = Worker { plan: plan.clone(), door: door.clone(), progress: progress.clone() };
        workers.spawn(async move {
            let mut served = Vec::new();
            while let Some((place, errand)) = take(&queue, &next) {
                served.push((place, worker.serve(errand).await?));
            }
            Ok::<_, DriveError>(served)
        });
    }
    let mut all = Vec::with_capacity(queue.len());
    while let Some(served) = workers.join_next().await {
        all.extend(served??);
    }
    all.sort_unstable_by_key(|(place, _)| *place);
    Ok(all.into_iter().map(|(_, served)| served).collect())
}

fn take<'a>(queue: &'a [Errand], next: &AtomicUsize) -> Option<(usize, &'a Errand)> {
    let place = next.fetch_add(1, Ordering::Relaxed);
    queue.get(place).map(|errand| (place, errand))
}

/// All that one customer wants, in order.
#[derive(Debug)]
struct Errand {
    customer: String,
    invoices: Vec<Invoice>,
}

impl Errand {
    fn all(book: &Book) -> Vec<Self> {
        let customers = book.by_customer().into_iter();
        customers
            .map(|(customer, invoices)| Self {
                customer: customer.to_owned(),
                invoices: invoices.into_iter().cloned().collect(),
            })
            .collect()
    }
}

struct Worker {
    plan: Plan,
    door: Door,
    progress: Progress,
}

impl Worker {
    async fn serve(&self, errand: &Errand) -> Result<Served, DriveError> {
        let customer = &errand.customer;
        let at = |invoice: &str| {
            let (customer, invoice) = (customer.clone(), invoice.to_owned());
            move |why| DriveError::Door { customer, invoice, why }
        };
        let name = format!("Customer {customer}");
        let key = format!("{}/customer/{customer}", self.plan.name);
        let id = self.door.new_customer(Some(&key), &name, self.plan.credit_limit).await;
        let id = id.map_err(at("-"))?;
        let mut tally = Tally::default();
        for invoice in &errand.invoices {
            let number = &invoice.number;
            let key = format!("{}/invoice/{number}", self.plan.name);
            tally = tally.and(match invoice.deed {
                Deed::Order(total) => {
                    let asked = self.door.new_order(Some(&key), &id, total).await;
                    let (order, position) = asked.map_err(at(number))?;
                    self.decided(number, &order, &position, total, at(number)).await?
                }
                Deed::Return(amount) => {
                    let released = self.door.give_back(Some(&key), &id, amount, number).await;
                    let sum_released = released.map_err(at(number))?;
                    Tally { returns: 1, sum_released, ..Tally::default() }
                }
                Deed::Nothing => Tally { skipped_invoices: 1, ..Tally::default() },
            });
            self.progress.one_more();
        }
        Ok(Served { id, name, tally })
    }

    async fn decided(
        &self,
        invoice: &str,
        order: &str,
        position: &str,
        total: Money,
        failed: impl FnOnce(DoorError) -> DriveError,
    ) -> Result<Tally, DriveError> {
        let begun = Instant::now();
        while begun.elapsed() < DECISION_LIMIT {
            match self.door.order(order, position).await {
                Ok(OrderState::Pending) => {}
                Ok(OrderState::Approved) => {
                    return Ok(Tally { approved: 1, sum_approved: total, ..Tally::default() });
                }
                Ok(OrderState::Cancelled) => {
                    return Ok(Tally { cancelled: 1, sum_cancelled: total, ..Tally::default() });
                }
                Err(why) => return Err(failed(why)),
            }
        }
        Err(DriveError::Undecided { invoice: invoice.to_owned(), order: order.to_owned() })
    }
}
