//! The orders service: takes orders, and settles each with what the customers service says.
//!
//! Why: a new order must not exceed its customer's credit, and no database is shared in which to
//! check that. So an order is taken first, PENDING, and settled when the answer comes.
//!
//! Picture:
//! ```text
//!   POST /orders ─▶ OrderCreated ─────────────▶ customers
//!   OrderApproved | OrderCancelled ◀─ SettleOrder ◀─ CreditReserved | CreditLimitExceeded | …
//!                   OrderCancelled ◀─ ExpireOrder    nobody answered in time
//! ```
//!
//! Or, with `--flow orchestrated`, [`checkout`] conducts the same agreement: it asks, and they answer.
//!
//! Read first: [`order`] (what an order is), [`settle`] (what follows from what).

pub mod checkout;
pub mod decided;
pub mod http;
pub mod ids;
#[expect(missing_docs, reason = "its names say it all: the page is the specification")]
pub mod order;
pub mod service;
pub mod settle;
pub mod table;

pub use ids::{CustomerId, OrderId};
pub use service::{Flow, Settings, service, site};
pub use shop_money::Money;
