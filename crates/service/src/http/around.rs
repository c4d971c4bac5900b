//! What is around every handler: a trace, a time limit, a net for panics, and a count.
//!
//! Invariants: a request is answered within [`REQUEST_MAX`] or told that it was not; a panic in one
//! handler ends one request.

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use headwater_framework::http::{Problem, traceparent};
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};
use tracing::Instrument;

/// How long a request may take: longer than any bounded wait within it, shorter than the patience
/// of common proxies (60 s).
pub(crate) const REQUEST_MAX: Duration = Duration::from_secs(30);

/// Bytes of a body that are read.
pub(crate) const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Runs the rest of the stack for one request.
pub(crate) async fn around(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let route = match request.extensions().get::<MatchedPath>() {
        Some(path) => path.as_str().to_owned(),
        None => "none".to_owned(), // not the path itself: anybody can invent those
    };
    let trace = traceparent(request.headers());
    let span = tracing::info_span!("request", %method, %route, traceparent = trace);
    let begun = Instant::now();
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    let response = match tokio::time::timeout(REQUEST_MAX, answer.instrument(span.clone())).await {
        Ok(Ok(response)) => response,
        Ok(Err(_panic)) => Problem::internal("answer.panic", "a handler panicked").into_response(),
        Err(_elapsed) => {
            let detail = format!("no answer within {} s", REQUEST_MAX.as_secs());
            Problem::unavailable("answer.too_slow", detail).into_response()
        }
    };
    let labels = [
        ("method", method.to_string()),
        ("route", route),
        ("status", response.status().as_u16().to_string()),
    ];
    metrics::counter!("headwater_http_requests_total", &labels).increment(1);
    metrics::histogram!("headwater_http_request_seconds", &labels).record(begun.elapsed());
    span.in_scope(|| {
        tracing::debug!(status = response.status().as_u16(), elapsed = ?begun.elapsed());
    });
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn;
    use axum::routing::get;
    use tower::ServiceExt;

    async fn status(router: Router, path: &str) -> (u16, Option<String>) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router.layer(from_fn(around)).oneshot(request).await.unwrap();
        let again = response.headers().get("retry-after").map(|v| v.to_str().unwrap().to_owned());
        (response.status().as_u16(), again)
    }

    #[tokio::test(start_paused = true)]
    async fn a_handler_that_never_answers_is_answered_for() {
        let stuck = Router::new().route("/", get(std::future::pending::<()>));
        let begun = tokio::time::Instant::now();
        assert_eq!(status(stuck, "/").await, (503, Some("1".into())));
        assert_eq!(begun.elapsed().as_secs(), REQUEST_MAX.as_secs());
    }

    #[tokio::test]
    async fn a_panic_ends_one_request() {
        async fn boom() -> &'static str {
            panic!("boom")
        }
        let router = Router::new().route("/boom", get(boom)).route("/", get(async || "fine"));
        assert_eq!(status(router.clone(), "/boom").await, (500, None));
        assert_eq!(status(router, "/").await, (200, None));
    }
}
