//! The orders service: what an order is, what follows from what, and what HTTP says of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare has failed")]

mod checkout;
mod http;
mod order;
mod process;
mod published;
mod settle;
mod table;
mod traced;
