//! The customers service: what a customer is, what follows from orders, and what HTTP says of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare has failed")]

mod credit;
mod customer;
mod http;
mod process;
mod published;
mod table;
