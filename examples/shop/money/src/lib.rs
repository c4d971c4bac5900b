//! Money in the shop: whole pence inside, a decimal text outside, never a float.
//!
//! Why: the four services agree on nothing but the shape of an amount, `{"amount":"12.34"}`, and
//! that shape must mean the same to each. Everything else they tell each other is an event.
//!
//! Read first: [`money`] (the value), [`amount`] (how requests and answers write it).

pub mod amount;
pub mod money;
pub mod schema;

pub use amount::{Amount, Asked, AskedAmount};
pub use money::{InvalidMoney, Money};
