//! The gateway: the shop's one door. It owns nothing.
//!
//! Why: who buys at the shop should not know that it is four services, nor which of them is down.
//!
//! Picture:
//! ```text
//!   /customers…, /orders…, …/orderhistory ──▶ passed on, whole          (proxy)
//!   /customers/{id}/overview ──▶ two services asked side by side        (overview)
//!                      every call to a service goes through its breaker (breaker, upstream)
//! ```
//!
//! Read first: `overview.rs`, then [`breaker`].

pub mod breaker;
mod overview;
mod proxy;
pub mod service;
mod shapes;
pub mod upstream;

pub use service::{Settings, site};
