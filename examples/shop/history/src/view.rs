//! The view: what two services publish, in rows.
//!
//! Why: there is no order between contexts: an order may be heard of before its customer. So the
//! two tables do not refer to each other, and the join is made when asked.

use headwater::prelude::*;

/// What history hears from the two.
#[derive(Input, Debug)]
pub enum Heard {
    /// A customer came.
    #[input(from = "customers", id = "customer")]
    CustomerCreated {
        /// Who.
        customer: String,
        /// As they are called.
        name: String,
        /// How much they may owe.
        credit_limit: String,
    },
    /// An order was taken.
    #[input(from = "orders", id = "order")]
    OrderCreated {
        /// Which.
        order: String,
        /// Whose.
        customer: String,
        /// For how much.
        total: String,
    },
    /// An order was approved.
    #[input(from = "orders", id = "order")]
    OrderApproved {
        /// Which.
        order: String,
    },
    /// An order was cancelled.
    #[input(from = "orders", id = "order")]
    OrderCancelled {
        /// Which.
        order: String,
        /// Why.
        reason: String,
    },
}

/// Customers, and their orders.
pub struct History;

impl Projection for History {
    const NAME: &'static str = "history";
    const SCHEMA: &'static str = include_str!("history.sql");
    type Input = Heard;
    type Database = Sqlite;

    async fn apply(&self, db: &mut SqliteTx, heard: &Recorded<Heard>) -> Result<(), Failed> {
        use Heard::*;
        match &heard.event {
            CustomerCreated { customer, name, credit_limit } => {
                db.execute("insert into customers values (?,?,?)", (customer, name, credit_limit))
            }
            OrderCreated { order, customer, total } => db.execute(
                "insert into orders values (?,?,?,'PENDING',null)",
                (order, customer, total),
            ),
            OrderApproved { order } => {
                db.execute("update orders set state='APPROVED' where id=?", (order,))
            }
            OrderCancelled { order, reason } => db.execute(
                "update orders set state='CANCELLED', reason=? where id=?",
                (reason, order),
            ),
        }
    }
}
