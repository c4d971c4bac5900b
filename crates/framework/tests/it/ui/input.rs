extern crate headwater_framework as headwater;
use headwater::prelude::*;

#[derive(Input)]
#[input(from = "orders", id = "ordr")]
enum NoSuchField {
    OrderCreated { order: String },
}

#[derive(Input)]
#[input(form = "orders")]
enum Misspelt {
    OrderCreated { order: String },
}

#[derive(Input)]
enum Twice {
    OrderCreated { order: String },
    #[input(name = "OrderCreated")]
    Again { total: u64 },
}

fn main() {}
