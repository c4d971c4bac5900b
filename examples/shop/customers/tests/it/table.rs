//! The table that shows customers.

use headwater::prelude::*;
use headwater::testing::projection;
use shop_customers::Money;
use shop_customers::customer::CustomerEvent;
use shop_customers::table::CustomersTable;

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

#[test]
fn the_table_adds_up_what_is_reserved() {
    use CustomerEvent::*;
    let shown = projection(CustomersTable, Sqlite::memory())
        .given_in(
            "customer-ann",
            [
                CustomerCreated { name: "Ann".into(), credit_limit: money("15.00") },
                CreditReserved { order: "1".into(), amount: money("10.00") },
                CreditReserved { order: "2".into(), amount: money("4.99") },
                CreditLimitExceeded { order: "3".into() },
                CreditReleased { order: "1".into(), amount: money("10.00") },
                GoodsReturned {
                    reference: "r".into(),
                    amount: money("2.00"),
                    released: money("1.00"),
                },
            ],
        )
        .given_in("customer-stranger", [CustomerNotFound { order: "4".into() }]);
    type Row = (String, String, i64, i64);
    let rows: Vec<Row> = shown.reader().rows("select * from customers", ()).unwrap();
    assert_eq!(rows, [("ann".into(), "Ann".into(), 1_500, 399)]);
}
