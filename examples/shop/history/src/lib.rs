//! The history service: one view over customers and orders, kept by what both publish.
//!
//! Why: a customer with all their orders is a join over two services' data. It is made once, when
//! something happens, and not at every question; and it answers while both services are down.
//!
//! Picture:
//! ```text
//!   customers ─▶ CustomerCreated ──────────┐
//!   orders ────▶ OrderCreated | …Approved ─┴─▶ History ─▶ GET /customers/{id}/orderhistory
//! ```
//!
//! Read first: [`view`].

pub mod http;
pub mod service;
pub mod view;

pub use service::{Settings, service, site};
