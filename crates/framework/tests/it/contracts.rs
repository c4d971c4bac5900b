//! Contracts: what a reader needs is held against what its publisher writes, where that one is built.
//!
//! The story: customers renamed a field; its tests were green, and the orders' reaction halted in production.

use crate::domain::customers::CustomerEvent;
use crate::domain::orders::CreditAnswer;
use headwater::prelude::*;
use headwater::testing::{keeps_contracts, writes_contract};
use std::panic::catch_unwind;
use std::path::Path;

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it"))
}

fn events() -> Vec<CustomerEvent> {
    vec![
        CustomerEvent::CreditReserved { order: "o1".into(), amount: 1_000 },
        CustomerEvent::CreditRefused { order: "o1".into() },
    ]
}

/// Later customers, as somebody might write them.
#[derive(Event, Debug)]
#[event(public)]
enum Renamed {
    CreditReserved { order_id: String, amount: u64 },
    CreditRefused { order: String },
}

#[derive(Event, Debug)]
#[event(public)]
enum Retyped {
    CreditReserved { order: u64 },
    CreditRefused { order: String },
}

#[derive(Event, Debug)]
enum Hidden {
    CreditReserved { order: String },
    CreditRefused { order: String },
}

fn is_broken<E: Event + std::fmt::Debug>(events: fn() -> Vec<E>) -> String {
    let panic = catch_unwind(|| keeps_contracts(folder(), events())).expect_err("it was kept");
    *panic.downcast::<String>().unwrap()
}

#[test]
fn what_a_reader_needs_stands_in_a_file_with_its_publisher() {
    writes_contract::<CreditAnswer>(folder(), "customers", "orders/settle-order");
    keeps_contracts(folder(), events());
}

#[test]
fn a_field_that_is_gone_breaks_the_contract_of_who_reads_it() {
    let why = is_broken(|| {
        let (order_id, order) = ("o1".into(), "o1".into());
        vec![Renamed::CreditReserved { order_id, amount: 1 }, Renamed::CreditRefused { order }]
    });
    assert!(
        why.contains("orders/settle-order reads CreditReserved: CreditReserved.order is needed"),
        "{why}"
    );
}

#[test]
fn a_field_of_another_type_breaks_the_contract() {
    let why = is_broken(|| {
        vec![Retyped::CreditReserved { order: 1 }, Retyped::CreditRefused { order: "o1".into() }]
    });
    assert!(why.contains("CreditReserved.order is integer"), "{why}");
}

#[test]
fn an_event_that_is_not_published_any_more_breaks_the_contract() {
    let why = is_broken(|| {
        let order = || "o1".to_owned();
        vec![Hidden::CreditReserved { order: order() }, Hidden::CreditRefused { order: order() }]
    });
    assert!(why.contains("reads CreditRefused, which is not published"), "{why}");
}

#[test]
fn an_event_without_an_example_is_not_believed() {
    let why = is_broken(|| events().split_off(1));
    assert!(why.contains("give the test an example"), "{why}");
}
