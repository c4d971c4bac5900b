//! The five services of a trip, each wired to a context of its own.

use super::account::Account;
use super::courier::Courier;
use super::credit::Credit;
use super::order::Order;
use super::plan::Trip;
use super::shelf::Shelf;
use headwater::plan::ByPlan;
use headwater::prelude::*;

/// Takes orders, and takes them through.
pub fn orders(store: &Store, trip: Trip) -> Service {
    Service::new("orders", store).decider::<Order>().saga(ByPlan::of(trip), Start::Beginning)
}

/// Knows who may owe how much.
pub fn customers(store: &Store) -> Service {
    Service::new("customers", store).decider::<Credit>().accept_commands_from("orders")
}

/// Keeps goods, and paper to wrap them in.
pub fn stock(store: &Store) -> Service {
    Service::new("stock", store).decider::<Shelf>().accept_commands_from("orders")
}

/// Keeps money.
pub fn payment(store: &Store) -> Service {
    Service::new("payment", store).decider::<Account>().accept_commands_from("orders")
}

/// Knows the couriers.
pub fn shipping(store: &Store) -> Service {
    Service::new("shipping", store).decider::<Courier>().accept_commands_from("orders")
}
