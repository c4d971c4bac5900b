//! A ledger: the shop's events, folded once more by somebody else.
//!
//! Why: the services show what their own code makes of the events. This fold shares nothing with
//! them but the events' published shapes, so the two can only agree if both are right.
//! Invariant: an event that the ledger does not know, or that does not fit, stops the audit.

use headwater::Source;
use headwater::model::{ContextName, EventStore, From, Query, ReadAll, ReadError, RecordedEvent};
use headwater::prelude::*;
use shop_money::Money;
use std::collections::BTreeMap;

/// Events read at a time.
const PAGE_EVENT_COUNT: usize = 5_000;

/// A customer, by what was published about them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Account {
    /// As they are called.
    pub name: String,
    /// What they may owe.
    pub credit_limit: Money,
    /// What they owe.
    pub outstanding: Money,
    /// What returns released.
    pub released: Money,
    /// How many returns there were.
    pub returns: u64,
    /// Their orders, in the order of their creation.
    pub orders: Vec<String>,
}

/// An order, by what was published about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Its total.
    pub total: Money,
    /// PENDING, APPROVED or CANCELLED.
    pub state: &'static str,
    /// Why it was cancelled.
    pub reason: Option<String>,
    /// What the customer's credit holds for it.
    pub reserved: Money,
}

/// All customers and orders of a shop.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ledger {
    /// By id.
    pub customers: BTreeMap<String, Account>,
    /// By id.
    pub orders: BTreeMap<String, Entry>,
}

/// What the ledger reads, in its own words.
#[derive(Input, Debug)]
enum Fact {
    #[input(from = "orders", id = "order")]
    OrderCreated { order: String, customer: String, total: Money },
    #[input(from = "orders", id = "order")]
    OrderApproved { order: String },
    #[input(from = "orders", id = "order")]
    OrderCancelled { order: String, reason: String },
    #[input(from = "customers", id = "customer")]
    CustomerCreated { customer: String, name: String, credit_limit: Money },
    #[input(from = "customers", id = "customer")]
    CreditReserved { customer: String, order: String, amount: Money },
    #[input(from = "customers")]
    CreditLimitExceeded { order: String },
    #[input(from = "customers")]
    CustomerNotFound { order: String },
    #[input(from = "customers", id = "customer")]
    CreditReleased { customer: String, order: String, amount: Money },
    #[input(from = "customers", id = "customer")]
    GoodsReturned { customer: String, released: Money },
}

/// Why there is no ledger.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The store did not answer.
    #[error("the events cannot be read: {0}")]
    Read(#[from] ReadError),
    /// An event that is not what was published so far.
    #[error("the event at {context}:{position} cannot be folded: {why}")]
    Strange {
        /// Where.
        context: ContextName,
        /// Where.
        position: Position,
        /// What does not fit.
        why: String,
    },
}

impl Ledger {
    /// Folds all events of the shop's two contexts.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn of(store: &Store) -> Result<Self, LedgerError> {
        let mut ledger = Self::default();
        // Orders first: a reservation names an order that was created before it.
        for name in ["orders", "customers"] {
            let name = ContextName::new(name).expect("a word is a context's name");
            let context = store.context(name).await?;
            ledger.fold_all(context.as_ref()).await?;
        }
        Ok(ledger)
    }

    async fn fold_all(&mut self, context: &dyn EventStore) -> Result<(), LedgerError> {
        let mut from = From::Edge;
        loop {
            let read =
                ReadAll { from, count_max: PAGE_EVENT_COUNT, ..ReadAll::forwards(Query::all()) };
            let page = context.read_all(read).await?;
            for event in &page.events {
                self.fold(context.context(), event).map_err(|why| LedgerError::Strange {
                    context: context.context().clone(),
                    position: event.position,
                    why,
                })?;
            }
            match page.next {
                Some(next) => from = From::At(next),
                None => return Ok(()),
            }
        }
    }

    fn fold(&mut self, context: &ContextName, event: &RecordedEvent) -> Result<(), String> {
        let source = Source { context: context.as_str(), own: false };
        let facts = Fact::decode(source, event).map_err(|error| error.to_string())?;
        facts.into_vec().into_iter().try_for_each(|fact| self.record(fact))
    }

    fn record(&mut self, fact: Fact) -> Result<(), String> {
        use Fact::*;
        match fact {
            OrderCreated { order, customer, total } => {
                // An order may be for a customer that nobody knows: the account has no name then.
                self.customers.entry(customer).or_default().orders.push(order.clone());
                let entry = Entry { total, state: "PENDING", reason: None, reserved: Money::ZERO };
                self.orders.insert(order, entry);
            }
            OrderApproved { order } => self.order(&order)?.state = "APPROVED",
            OrderCancelled { order, reason } => {
                let entry = self.order(&order)?;
                (entry.state, entry.reason) = ("CANCELLED", Some(reason));
            }
            CustomerCreated { customer, name, credit_limit } => {
                let account = self.customers.entry(customer).or_default();
                (account.name, account.credit_limit) = (name, credit_limit);
            }
            CreditReserved { customer, order, amount } => {
                self.order(&order)?.reserved = amount;
                let account = self.account(&customer)?;
                account.outstanding = [account.outstanding, amount].into_iter().sum();
                if account.outstanding > account.credit_limit {
                    return Err(format!("customer {customer} is over their limit"));
                }
            }
            CreditLimitExceeded { order } | CustomerNotFound { order } => {
                self.order(&order)?;
            }
            CreditReleased { customer, order, amount } => {
                self.order(&order)?.reserved = Money::ZERO;
                self.account(&customer)?.give_back(amount)?;
            }
            GoodsReturned { customer, released } => {
                let account = self.account(&customer)?;
                account.give_back(released)?;
                account.returns += 1;
                account.released = [account.released, released].into_iter().sum();
            }
        }
        Ok(())
    }

    fn order(&mut self, order: &str) -> Result<&mut Entry, String> {
        self.orders.get_mut(order).ok_or_else(|| format!("there is no order {order}"))
    }

    fn account(&mut self, customer: &str) -> Result<&mut Account, String> {
        self.customers.get_mut(customer).ok_or_else(|| format!("there is no customer {customer}"))
    }
}

impl Account {
    fn give_back(&mut self, amount: Money) -> Result<(), String> {
        let left = self.outstanding.checked_sub(amount);
        self.outstanding = left.ok_or_else(|| format!("{amount} are released, less is owed"))?;
        Ok(())
    }
}
