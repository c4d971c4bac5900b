//! The names of things: ours, and the foreign one that reservations mention.

use headwater::prelude::*;

/// A customer.
#[derive(StreamId)]
#[stream("customer")]
pub struct CustomerId(String);

/// An order, as the orders service names it. To us it is a text.
#[derive(StreamId)]
#[stream("order")]
pub struct OrderId(String);
