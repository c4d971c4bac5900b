extern crate headwater_framework as headwater;
use headwater::prelude::*;

#[derive(Event)]
#[event(prefx = "Order")]
enum Misspelt {
    Created,
}

#[derive(Event)]
enum TwoFields {
    Created(String, u64),
}

#[derive(Event)]
enum NoOlderShape {
    #[event(version = 2)]
    Created { total: u64 },
}

#[derive(Event)]
enum Twice {
    Created,
    #[event(name = "Created")]
    Made,
}

#[derive(Event)]
enum BadTag {
    Created {
        #[tag("a:b")]
        customer: String,
    },
}

#[derive(Event)]
struct NotAnEnum {
    total: u64,
}

fn main() {}
