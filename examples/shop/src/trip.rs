//! A longer trip: an order that needs credit, goods, wrapping, a payment and a courier.
//!
//! Why: five services, each with its own context, and nobody may be left with goods that are not paid, or a
//! payment without goods. It goes by a [plan]: what can be undone comes first, the payment decides, and
//! behind it everything is tried until it is done.
//!
//! Picture:
//! ```text
//!   orders      placed ──▶ …                                                       ──▶ sent, with its number
//!   customers         credit ┐                                                     │
//!   stock                    ├▶ goods ┬▶ payment (pivot) ─▶ picked ─▶ courier, again and again
//!   payment                  │  wrap  ┘      │
//!   shipping                 └──◀── undone, in reverse ◀── refused
//! ```
//! Read first: [`plan`], then [`order`]; [`services`] wires them, [`tale`] tells how four orders go.

pub mod account;
pub mod courier;
pub mod credit;
pub mod order;
pub mod plan;
pub mod services;
pub mod shelf;
pub mod tale;

use headwater::prelude::*;

/// An order of this trip.
#[derive(StreamId)]
#[stream("order")]
pub struct OrderId(String);

/// A customer.
#[derive(StreamId)]
#[stream("customer")]
pub struct CustomerId(String);
