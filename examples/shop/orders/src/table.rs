//! The table that shows orders, as they are now.

use crate::order::OrderEvent;
use headwater::prelude::*;

/// Every order, in the order of their creation.
pub struct OrdersTable;

impl Projection for OrdersTable {
    const NAME: &'static str = "orders";
    const SCHEMA: &'static str = include_str!("orders.sql");
    type Input = OrderEvent;
    type Database = Sqlite;

    async fn apply(&self, db: &mut SqliteTx, e: &Recorded<OrderEvent>) -> Result<(), Failed> {
        use OrderEvent::*;
        let id = e.stream.id();
        match &e.event {
            Created { customer, total } => {
                let row = (id, customer, total);
                db.execute("insert into orders values (?, ?, ?, 'PENDING', null)", row)
            }
            Approved => db.execute("update orders set state = 'APPROVED' where id = ?", (id,)),
            Cancelled { reason, .. } => {
                let cancel = "update orders set state = 'CANCELLED', reason = ? where id = ?";
                db.execute(cancel, (reason, id))
            }
        }
    }
}
