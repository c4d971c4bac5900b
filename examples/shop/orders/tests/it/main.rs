//! The orders service: what an order is, what follows from what, and what HTTP says of it.

mod http;
mod order;
mod published;
mod settle;
mod table;
