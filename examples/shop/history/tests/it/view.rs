//! The view, whichever of the two it hears of first.

use headwater::prelude::*;
use headwater::testing::{projection, writes_contract};
use shop_history::view::{Heard, History};
use std::path::Path;

fn heard() -> [Heard; 4] {
    let text = str::to_owned;
    [
        Heard::CustomerCreated {
            customer: text("ann"),
            name: text("Ann"),
            credit_limit: text("15.00"),
        },
        Heard::OrderCreated { order: text("1"), customer: text("ann"), total: text("12.34") },
        Heard::OrderApproved { order: text("1") },
        Heard::OrderCancelled { order: text("1"), reason: text("CUSTOMER_REQUEST") },
    ]
}

type Order = (String, String, String, String, Option<String>);

/// There is no order between contexts: the customer may be heard of before, between or after.
#[test]
fn the_view_is_the_same_wherever_the_customer_comes_in() {
    for place in 0..4 {
        let [customer, created, approved, cancelled] = heard();
        let mut all = vec![created, approved, cancelled];
        all.insert(place, customer);
        let shown = projection(History, Sqlite::memory()).given(all);
        let text = str::to_owned;
        let orders: Vec<Order> = shown.reader().rows("select * from orders", ()).unwrap();
        let reason = Some(text("CUSTOMER_REQUEST"));
        assert_eq!(orders, [(text("1"), text("ann"), text("12.34"), text("CANCELLED"), reason)]);
        let names: Vec<String> = shown.reader().rows("select name from customers", ()).unwrap();
        assert_eq!(names, ["Ann"]);
    }
}

/// A typo in a name or a field compiles, and waits for ever.
#[test]
fn both_keep_what_the_history_needs_of_them() {
    let folder = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    for publisher in ["customers", "orders"] {
        writes_contract::<Heard>(&folder(publisher), publisher, "history/history");
    }
}
