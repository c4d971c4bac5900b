//! The customers service: who may buy, and for how much.
//!
//! Why: it owns the limit, so it alone decides whether an order is within it. It hears of orders
//! and answers with events; it neither calls the orders service nor knows where it runs.
//!
//! Picture:
//! ```text
//!   orders ─▶ OrderCreated   ─▶ KeepCredit ─▶ CreditReserved | CreditLimitExceeded | CustomerNotFound
//!          ─▶ OrderCancelled ─▶ KeepCredit ─▶ CreditReleased
//!   POST /customers/{id}/returns           ─▶ GoodsReturned
//! ```
//!
//! Or, with `--flow orchestrated`, orders asks for `ReserveCredit` and `ReleaseCredit`, which are public.
//!
//! Read first: [`customer`] (what a customer is), [`credit`] (what follows from orders).

pub mod credit;
#[expect(missing_docs, reason = "its names say it all: the page is the specification")]
pub mod customer;
pub mod http;
pub mod ids;
pub mod service;
pub mod table;

pub use ids::{CustomerId, OrderId};
pub use service::{Flow, Settings, service, site};
pub use shop_money::Money;
