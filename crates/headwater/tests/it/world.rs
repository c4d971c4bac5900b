//! C1 with a real database: a crash at any append of any reader changes no row.

use crate::orders::{self, Order, OrderCommand, OrderId, OrdersTable};
use crate::stock::{self, Taken};
use headwater::prelude::*;
use headwater::testing::{QueryRows, World, projection};

/// Three orders, each asked for until it is answered.
fn three_orders(world: &mut World, orders: &Service) {
    for key in ["a", "b", "c"] {
        let cause = Cause::keyed(key);
        let order = OrderId::new(&cause);
        loop {
            let place = OrderCommand::Place { item: "tea".into(), count: 2 };
            match world.block_on(orders.run::<Order>(&order, place, &cause)) {
                Ok(_) => break,
                Err(error) => assert_eq!(error.retry(), headwater::model::Retry::Later),
            }
        }
        world.settle();
    }
}

#[test]
fn a_crash_at_any_append_changes_no_row() {
    for stored in [false, true] {
        for passing in 0.. {
            let mut world = World::new();
            let orders = orders::service(&world.store, Sqlite::memory());
            let stock = stock::service(&world.store, Sqlite::memory());
            let (orders, stock) = (world.start(orders), world.start(stock));
            world.crash(passing, stored);
            three_orders(&mut world, &orders);

            let nothing = After::nothing();
            let view = world.block_on(stock.read_model::<Taken>(&nothing)).unwrap();
            let taken = view.query_rows("select * from taken");
            assert_eq!(taken, Ok(vec!["tea|6".to_owned()]), "passing {passing}, stored {stored}");
            let view = world.block_on(orders.read_model::<OrdersTable>(&nothing)).unwrap();
            assert_eq!(view.row("select count(*) from orders", ()), Ok(Some(3)));
            if !world.crashed() {
                assert!(passing >= 6, "each order is two appends");
                break;
            }
        }
    }
}

#[test]
fn a_projection_is_tested_by_its_rows() {
    use orders::OrderEvent::{Cancelled, Placed};
    let tea = || Placed { item: "tea".into(), count: 2 };
    projection(OrdersTable, Sqlite::memory())
        .given_in("order-a", [tea()])
        .given_in("order-b", [tea(), Cancelled])
        .rows("select * from orders order by id")
        .iter()
        .zip(["a|tea|2|0", "b|tea|2|1"])
        .for_each(|(row, expected)| assert_eq!(row, expected));
}
