//! The table that shows customers, with the credit each has left.

use crate::customer::CustomerEvent;
use headwater::prelude::*;

/// Every customer, in the order of their creation. Amounts in pence: SQL adds them up.
pub struct CustomersTable;

impl Projection for CustomersTable {
    const NAME: &'static str = "customers";
    const SCHEMA: &'static str = include_str!("customers.sql");
    type Input = CustomerEvent;
    type Database = Sqlite;

    async fn apply(&self, db: &mut SqliteTx, e: &Recorded<CustomerEvent>) -> Result<(), Failed> {
        use CustomerEvent::*;
        let id = e.stream.id();
        match &e.event {
            CustomerCreated { name, credit_limit } => {
                let row = (id, name, credit_limit.pence());
                db.execute("insert into customers values (?, ?, ?, 0)", row)
            }
            CreditReserved { amount, .. } => reserve(db, id, amount.pence()),
            CreditReleased { amount: released, .. } | GoodsReturned { released, .. } => {
                reserve(db, id, -released.pence())
            }
            CreditLimitExceeded { .. } | CustomerNotFound { .. } => Ok(()),
        }
    }
}

fn reserve(db: &mut SqliteTx, customer: &str, pence: i64) -> Result<(), Failed> {
    db.execute("update customers set reserved = reserved + ? where id = ?", (pence, customer))
}
