//! The table that shows orders.

use headwater::prelude::*;
use headwater::testing::projection;
use shop_orders::order::{OrderEvent, Reason};
use shop_orders::table::OrdersTable;

type Row = (String, String, String, String, Option<String>);

fn created() -> OrderEvent {
    OrderEvent::Created { customer: "ann".into(), total: "12.30".parse().unwrap() }
}

fn row(id: &str, state: &str, reason: Option<&str>) -> Row {
    let text = str::to_owned;
    (text(id), text("ann"), text("12.30"), text(state), reason.map(text))
}

#[test]
fn the_table_shows_every_order_as_it_is() {
    let cancelled = OrderEvent::Cancelled { customer: "ann".into(), reason: Reason::TimedOut };
    let shown = projection(OrdersTable, Sqlite::memory())
        .given_in("order-1", [created()])
        .given_in("order-2", [created(), OrderEvent::Approved])
        .given_in("order-3", [created(), cancelled]);
    let rows: Vec<Row> = shown.reader().rows("select * from orders order by rowid", ()).unwrap();
    assert_eq!(
        rows,
        [
            row("1", "PENDING", None),
            row("2", "APPROVED", None),
            row("3", "CANCELLED", Some("TIMED_OUT")),
        ]
    );
}
