//! The customers service: what a customer is, what follows from orders, and what HTTP says of it.

mod credit;
mod customer;
mod http;
mod published;
mod table;
