//! The audit: three accounts of the same year must agree, for every customer.
//!
//! Why: a replay that ends in plausible figures may still have a view that missed an event, or a
//! composition that lost a page. The figures are printed only if nobody contradicts them.
//!
//! Picture:
//! ```text
//!   view       GET /customers/{id}/orderhistory ─┐
//!   composed   GET /customers/{id}/overview     ─┼─▶ equal, customer by customer
//!   events     the ledger's own fold            ─┤
//!   figures    what the replay was answered     ─┘
//! ```

use super::door::{Door, DoorError};
use super::drive::Served;
use super::figures::Tally;
use super::ledger::{Account, Ledger, LedgerError};
use super::progress::Progress;
use futures_util::{StreamExt, TryStreamExt, stream};
use headwater::model::{ContextName, ReadError};
use headwater::prelude::*;
use serde_json::{Value, json};
use shop_money::{Amount, Money};
use std::collections::BTreeMap;

/// Customers asked about at a time.
const SIDE_BY_SIDE: usize = 32;

/// Customers of one page of the list.
const PAGE_CUSTOMER_COUNT: usize = 500;

/// Why a replay does not pass.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// An account of a customer differs from the events.
    #[error("customer {name} ({id}): {first} says {one}, the events say {other}")]
    Contradiction {
        /// Which customer.
        id: String,
        /// As they are called.
        name: String,
        /// Whose account.
        first: &'static str,
        /// What it says.
        one: String,
        /// What the fold of the events says.
        other: String,
    },
    /// The door did not answer.
    #[error("the audit got no answer: {0}")]
    Door(#[from] DoorError),
    /// The events could not be folded.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The store did not answer.
    #[error("the audit cannot read the store: {0}")]
    Read(#[from] ReadError),
}

/// Compares all accounts of all customers, and returns what they owe together.
///
/// # Errors
/// [`AuditError::Contradiction`] names the first customer whose accounts differ.
pub async fn audit(
    served: &[Served],
    store: &Store,
    door: &Door,
    progress: &Progress,
) -> Result<Money, AuditError> {
    let after = heads(store).await?;
    let ledger = Ledger::of(store).await?;
    let left = available_credits(door, &after).await?;
    let (ledger, left, after) = (&ledger, &left, &after.to_string());
    let checks = served.iter().map(|customer| async move {
        let outstanding = check(customer, ledger, left, door, after).await?;
        progress.one_more();
        Ok::<_, AuditError>(outstanding)
    });
    let owed: Vec<Money> =
        stream::iter(checks).buffer_unordered(SIDE_BY_SIDE).try_collect().await?;
    Ok(owed.into_iter().sum())
}

/// A token for all that has happened.
async fn heads(store: &Store) -> Result<After, ReadError> {
    let mut after = After::nothing();
    for name in ["orders", "customers"] {
        let name = ContextName::new(name).expect("a word is a context's name");
        let (_, head) = store.context(name.clone()).await?.head().await?;
        if let Some(position) = head {
            after = after.and(name, position);
        }
    }
    Ok(after)
}

/// What the customers service says each customer has left.
async fn available_credits(
    door: &Door,
    after: &After,
) -> Result<BTreeMap<String, Value>, AuditError> {
    let mut all = BTreeMap::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/customers?limit={PAGE_CUSTOMER_COUNT}&after={after}{cursor}");
        let page = door.page(&path).await?;
        for customer in page["customers"].as_array().into_iter().flatten() {
            let id = customer["customerId"].as_str().unwrap_or_default();
            all.insert(id.to_owned(), customer["availableCredit"].clone());
        }
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(all),
        }
    }
}

async fn check(
    customer: &Served,
    ledger: &Ledger,
    left: &BTreeMap<String, Value>,
    door: &Door,
    after: &str,
) -> Result<Money, AuditError> {
    let Served { id, name, tally } = customer;
    let agree = |first, one: &Value, other: &Value| {
        if one == other {
            return Ok(());
        }
        let (id, name) = (id.clone(), name.clone());
        let (one, other) = (one.to_string(), other.to_string());
        Err(AuditError::Contradiction { id, name, first, one, other })
    };
    let view = format!("/customers/{id}/orderhistory?after={after}");
    let composed = format!("/customers/{id}/overview?after={after}");
    let (view, composed) = tokio::try_join!(door.page(&view), door.whole_page(&composed))?;
    let account = ledger.customers.get(id).cloned().unwrap_or_default();
    let folded = shown(id, &account, ledger);
    agree("the view", &view, &folded)?;
    agree("the composed overview", &composed, &folded)?;
    let available = account.credit_limit.less(account.outstanding);
    let left = left.get(id).unwrap_or(&Value::Null);
    agree("the customers service", left, &json!(Amount::from(available)))?;
    let folded = told(&account, ledger, tally.skipped_invoices);
    agree("the replay", &json!(tally), &json!(folded))?;
    agree("the replay", &json!(tally.outstanding()), &json!(account.outstanding))?;
    Ok(account.outstanding)
}

/// A customer as the view and the overview should show them.
fn shown(id: &str, account: &Account, ledger: &Ledger) -> Value {
    let order = |order: &String| {
        let entry = ledger.orders.get(order);
        entry.map(|entry| {
            json!({
                "orderId": order,
                "orderState": entry.state,
                "orderTotal": Amount::from(entry.total),
                "cancellationReason": entry.reason,
            })
        })
    };
    json!({
        "customerId": id,
        "name": account.name,
        "creditLimit": Amount::from(account.credit_limit),
        "orders": account.orders.iter().filter_map(order).collect::<Vec<_>>(),
    })
}

/// What the replay should have been told about a customer. An approved order must have its
/// reservation, and no other may have one; that is where the two contexts meet.
fn told(account: &Account, ledger: &Ledger, skipped_invoices: u64) -> Tally {
    let orders = account.orders.iter().filter_map(|order| ledger.orders.get(order));
    let tally = Tally {
        returns: account.returns,
        sum_released: account.released,
        skipped_invoices,
        ..Tally::default()
    };
    orders.fold(tally, |tally, entry| {
        tally.and(match entry.state {
            "APPROVED" if entry.reserved == entry.total => {
                Tally { approved: 1, sum_approved: entry.total, ..Tally::default() }
            }
            "CANCELLED" if entry.reserved == Money::ZERO => {
                Tally { cancelled: 1, sum_cancelled: entry.total, ..Tally::default() }
            }
            _ => Tally::default(),
        })
    })
}
