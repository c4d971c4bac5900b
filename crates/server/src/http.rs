//! HTTP/JSON and server-sent events, health and metrics: for `curl`, browsers, and languages
//! without gRPC.
//!
//! Why: the store must be usable from everywhere by what is there already.
//!
//! Picture:
//! ```text
//!   request ─▶ around: bounds, time, panic, count ─▶ ask: path, query, headers, body
//!                                                      │ append · read · tail · stream · group · context
//!   answer ◀─ JSON, CloudEvents, events ◀─ EventStore ◀┘
//!          ◀─ problem (RFC 9457) ◀─ whatever went wrong
//!   /openapi.json and the page at / ◀─ the routes themselves
//! ```
//! Invariants: D3 everything is bounded before it is read. A5 a refusal says what is. No default
//! expectation: who appends says what they believe, who tails says from where.
//!
//! Read first: `routes.rs` (all there is), `append.rs`, `tail.rs`.

mod accept;
mod access;
mod append;
mod appended;
mod around;
mod ask;
mod asked;
mod asked_append;
mod bounds;
mod cloud;
mod context;
mod expected;
mod face;
mod form;
mod front;
mod group;
mod group_routes;
mod health;
mod json;
mod link;
mod member;
mod members;
mod metadata;
mod openapi;
mod page;
mod param;
mod problem;
mod read;
mod refused;
mod route;
mod routes;
mod scavenge;
mod shown;
mod stream;
mod tail;
#[cfg(test)]
mod tests;

pub use refused::{Refused, Sought};
pub use routes::routes;

use axum::response::{IntoResponse, Response};
use problem::Problem;

/// The answer to who may not ask.
pub(crate) fn denied(denied: headwater_model::Denied) -> Response {
    Problem::from(headwater_model::ReadError::Denied(denied)).into_response()
}

/// The answer to who is not known, through no fault of theirs.
pub(crate) fn not_administered(error: crate::access::NotAdministered) -> Response {
    Problem::from(error).into_response()
}

/// The answer to who asks for what is not here.
pub(crate) fn nothing_here(uri: &http::Uri) -> Response {
    Problem::from(Refused::Page { path: uri.path().to_owned() }).into_response()
}
