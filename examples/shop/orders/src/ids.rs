//! The names of things: ours, and the foreign one that orders mention.

use headwater::prelude::*;

/// An order.
#[derive(StreamId)]
#[stream("order")]
pub struct OrderId(String);

/// A customer, as the customers service names it. To us it is a text.
#[derive(StreamId)]
#[stream("customer")]
pub struct CustomerId(String);
