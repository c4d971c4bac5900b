//! The shop: the worked example. Four services that must agree without sharing a database.
//!
//! Why: a new order must not exceed its customer's credit limit. The customers service knows the
//! limit, the orders service has the order, and neither may read the other's tables or hold a lock
//! over both. So they tell each other what happened, and each does its part.
//!
//! Picture:
//! ```text
//!              ┌──────────┐     ┌─▶ customers  who may buy, for how much ─┐
//!   HTTP ─────▶│ gateway  │─────┼─▶ orders     PENDING, then settled     ─┼─▶ the store:
//!              └──────────┘     └─▶ history    a view over both          ─┘   a context each
//! ```
//!
//! Read first: `orders/src/order.rs` and `orders/src/settle.rs` (what a service's author writes),
//! then [`replay`] (how the shop is held to its promise).

pub mod demo;
pub mod replay;
pub mod services;
pub mod trip;

pub use demo::{Demo, DemoSettings};
pub use services::{Flow, Ports, Shop, ShopError, ShopSettings};
pub use shop_money::Money;
