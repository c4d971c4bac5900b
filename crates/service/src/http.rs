//! HTTP: what a service's routes are made of.
//!
//! Why: a route parses, calls and answers. That its errors are problems (RFC 9457), its retries the
//! same request and its description true is the same for every route, so it is here.
//!
//! Picture:
//! ```text
//!   request ─▶ around: trace, time limit, panic, count ─▶ State, Cause, After, Json, Path, Query
//!                                                                  │ handler
//!   answer ◀─ Receipt, Json, Problem ◀─────────────────────────────┘
//!   /openapi.json ◀─ Routes: what handlers take is read off their types, not written down again
//! ```

pub(crate) mod around;
mod extract;
mod live;
pub(crate) mod openapi;
mod page;
mod part;
mod route;

pub use axum::extract::State;
pub use axum::http::{HeaderMap, StatusCode};
pub use axum::response::IntoResponse;
pub use extract::{Json, Path, Query};
pub use headwater_framework::http::{Actor, Problem};
pub use live::{Draining, Live};
pub use page::Paging;
pub use part::{Arguments, Part};
pub(crate) use route::Described;
pub use route::{Route, Routes, delete, get, post, put};
pub use schemars;
pub use schemars::JsonSchema;
