//! What is around every handler: a bound on its address, a time limit, a net for panics, a count.
//!
//! Invariants: a request is answered within its time or told that it was not; a panic in one handler
//! ends one request. A tail is answered when it begins: how long it lasts is its own affair.

use super::bounds::{ADDRESS_BYTES_MAX, REQUEST_WITHIN};
use super::face::Face;
use super::problem::Problem;
use super::refused::Refused;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;

/// Runs the rest of the stack for one request.
pub(super) async fn around(State(face): State<Face>, request: Request, next: Next) -> Response {
    let bytes = request.uri().path().len() + request.uri().query().map_or(0, str::len);
    if bytes > ADDRESS_BYTES_MAX {
        let bytes_max = ADDRESS_BYTES_MAX;
        return Problem::from(Refused::AddressTooLong { bytes, bytes_max }).into_response();
    }
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let timed = face.host().metrics().request();
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    let response = match tokio::time::timeout(REQUEST_WITHIN, answer).await {
        Ok(Ok(response)) => response,
        Ok(Err(_panic)) => Problem::from(Refused::Panicked).into_response(),
        Err(_elapsed) => {
            let seconds = REQUEST_WITHIN.as_secs();
            Problem::from(Refused::TooSlow { seconds }).into_response()
        }
    };
    // Not the path itself: anybody can invent those.
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    timed.ended(&method, route, response.status());
    response
}
